"""An export out of the workspace: as a Hugging Face dataset on disk, or on the Hub."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import GoldshelfError, InputError, WorkspaceError
from curation.exports.card import CARD, card_of
from curation.exports.columns import features_of, line_columns
from curation.exports.settings import ExportSettings
from workspace.atomic import full_disk_told, write_json, write_text
from workspace.exports import Export
from workspace.steps.export import MANIFEST

if TYPE_CHECKING:
    from datasets import DatasetDict

TOKEN = "HF_TOKEN"
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_SAVED = "dataset_dict.json"
_DATA = "data"


@dataclass(frozen=True)
class Pushed:
    """A dataset on the Hub.

    Attributes
    ----------
    url
        Of the repository.
    commit
        What was added by this push.
    """

    repo: str
    url: str
    commit: str
    is_private: bool

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return vars(self)


def dataset_of(export: Export, cache: Path) -> DatasetDict:
    """The lines of an export by split, with the types of their columns.

    Parameters
    ----------
    cache
        A folder where the rows lie while the dataset is used.
    """
    import datasets

    datasets.disable_progress_bars()
    features = features_of(line_columns(ExportSettings(**export.manifest["export"])))
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_json(
                str(export.folder / f"{split}.jsonl"), features=features, cache_dir=str(cache)
            )
            for split in export.manifest["rows"]
        }
    )


def save_to_disk(export: Export, folder: Path | str) -> Path:
    """Save an export as a ``DatasetDict`` that ``datasets.load_from_disk`` opens.

    Parameters
    ----------
    folder
        A new or empty folder, or one that was saved before and is replaced whole.

    Raises
    ------
    InputError
        If something else lies there.
    """
    target = free_folder(folder)
    with full_disk_told(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".goldshelf-") as cache:
                dataset_of(export, Path(cache)).save_to_disk(str(beside))
            write_text(beside / CARD, card_of(export.manifest, {}, {}))
            write_json(beside / MANIFEST, export.manifest)
            shutil.rmtree(target, ignore_errors=True)
            beside.replace(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return target


def free_folder(folder: Path | str) -> Path:
    """The folder to save to, whole.

    Raises
    ------
    InputError
        If something lies there that was not saved there before.
    """
    target = Path(folder).expanduser().resolve()
    if target.exists() and not _may_be_replaced(target):
        raise InputError(
            f"--to-disk {folder}: there is something else. Name a new folder, or one that was "
            "saved with --to-disk before."
        )
    return target


def _may_be_replaced(target: Path) -> bool:
    return target.is_dir() and (
        not any(target.iterdir()) or ((target / _SAVED).exists() and (target / MANIFEST).exists())
    )


def push_to_hub(export: Export, repo: str, *, is_private: bool = False) -> Pushed:
    """Put an export on the Hub as one commit: Parquet by split, the card, the manifest.

    The token comes from the environment (``HF_TOKEN``), the Hub's address too (``HF_ENDPOINT``).

    Raises
    ------
    InputError
        If the name is not OWNER/NAME.
    WorkspaceError
        If the export leaks, there is no token, the repository is public where a private one is
        wanted, or the Hub refuses.
    """
    token = hub_token(repo)
    if export.leaks:
        raise WorkspaceError(
            f"{export.folder} leaks between its splits, so nothing was uploaded. See certificate "
            f"in its {MANIFEST}."
        )
    try:
        return _pushed(export, repo, is_private, token)
    except GoldshelfError:
        raise
    except Exception as error:
        raise WorkspaceError(f"{repo}: {_refusal(error, token)} Nothing was uploaded.") from error


def hub_token(repo: str) -> str:
    """The token of the environment, to push to a repository.

    Raises
    ------
    InputError
        If the name is not OWNER/NAME.
    WorkspaceError
        If there is no token.
    """
    if not _REPO.fullmatch(repo):
        raise InputError(f"--to-hub {repo}: expected OWNER/NAME, such as acme/kettles.")
    token = os.environ.get(TOKEN)
    if not token:
        raise WorkspaceError(
            f"--to-hub needs a token that may write, in the environment as {TOKEN}. Make one in "
            "the settings of your account on the Hub."
        )
    return token


def _pushed(export: Export, repo: str, is_private: bool, token: str) -> Pushed:
    from huggingface_hub import HfApi

    api = HfApi(token=token, endpoint=os.environ.get("HF_ENDPOINT"))
    url = api.create_repo(repo, repo_type="dataset", private=is_private, exist_ok=True)
    has_privacy = bool(api.repo_info(repo, repo_type="dataset").private)
    if is_private and not has_privacy:
        raise WorkspaceError(
            f"{repo} is public already, so nothing was uploaded. Make it private on the Hub, or "
            "leave --private out."
        )
    home = export.folder.parent
    with full_disk_told(home), tempfile.TemporaryDirectory(dir=home, prefix=".hub-") as scratch:
        folder = Path(scratch) / "repo"
        write_repo(export, folder, Path(scratch) / "cache")
        commit = api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"{export.manifest['name']} {export.manifest['dataset_sha'][:16]}",
            delete_patterns=f"{_DATA}/*",
        )
    return Pushed(repo, str(url), str(commit.oid), has_privacy)


def write_repo(export: Export, folder: Path, cache: Path) -> None:
    """Write the files of a repository: ``data/SPLIT.parquet``, the card, the manifest."""
    (folder / _DATA).mkdir(parents=True)
    files = {split: f"{_DATA}/{split}.parquet" for split in export.manifest["rows"]}
    for split, rows in dataset_of(export, cache).items():
        rows.to_parquet(str(folder / files[str(split)]))
    write_text(folder / CARD, card_of(export.manifest, files, {}))
    write_json(folder / MANIFEST, export.manifest)


def _refusal(error: Exception, token: str) -> str:
    """The first line of what went wrong, without the token."""
    response = getattr(error, "response", None)
    code = getattr(response, "status_code", None)
    if code in (401, 403):
        return f"the Hub refuses the token of {TOKEN} ({code}): it may not write there."
    lines = str(error).replace(token, "***").strip().splitlines() or [type(error).__name__]
    return f"the Hub could not be used: {lines[0][:200].rstrip('.')}."
