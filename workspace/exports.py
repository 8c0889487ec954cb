"""What pages and verbs do with exports: make one, look at examples first, list, download."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import polars as pl
from pydantic import ValidationError

from catalog.errors import InputError, WorkspaceError
from catalog.records import TASKS
from curation.duplicates.join import Told
from curation.exports.bundle import example_lines, typed
from curation.exports.plan import TRAIN, asked_task, is_askable, plan_export
from curation.exports.settings import ExportSettings, Target, TextField
from curation.exports.templates import TEMPLATES, known_placeholders
from curation.splits.certificate import Certificate, certify_files
from workspace import way
from workspace.atomic import read_json, sha256_of
from workspace.progress import Progress
from workspace.review.brands import with_aliases
from workspace.snapshots import Snapshot
from workspace.steps.export import MANIFEST, certify_settings, prompts_for
from workspace.workspace import Workspace

FIELDS, TARGETS = get_args(TextField), get_args(Target)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Export:
    """A bundle on disk.

    Attributes
    ----------
    made
        The snapshots that this call made; empty where all was up to date.
    """

    folder: Path
    manifest: dict[str, Any]
    made: list[Snapshot]

    @property
    def leaks(self) -> bool:
        """Whether the certificate found something that crosses."""
        return bool(self.manifest["certificate"]["leaks"])

    @property
    def has_queries(self) -> bool:
        """Whether any row is of a query."""
        return any("query_product" in rows["by_task"] for rows in self.manifest["rows"].values())

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        ran = [snapshot.step for snapshot in self.made]
        return {"folder": str(self.folder), "ran": ran, **self.manifest}


@dataclass(frozen=True)
class ExampleLine:
    """One line as it would be written."""

    record_id: str
    split: str
    text: str


def make_export(
    workspace: Workspace, *, progress: Progress | None = None, force: bool = False
) -> Export:
    """Bring the export of the settings up to date; write it again if its files were touched."""
    made = way.run(workspace, "export", progress=progress, force=force)
    folder = workspace.layout.exports / workspace.settings.export.folder
    return Export(folder, read_json(folder / MANIFEST), made)


def exports(workspace: Workspace) -> list[Export]:
    """The bundles in the workspace, by name."""
    found = sorted(workspace.layout.exports.glob(f"[!.]*/{MANIFEST}"))
    manifests = [(path.parent, read_json(path)) for path in found]
    return [Export(folder, body, []) for folder, body in manifests if body is not None]


def preview(
    workspace: Workspace,
    settings: ExportSettings | None = None,
    n: int = 3,
    *,
    task: str | None = None,
) -> list[ExampleLine]:
    """The first lines of some records of train, without writing or balancing anything.

    Parameters
    ----------
    settings
        As they might be; those of the workspace where None.
    task
        Of records that are asked this task; of any where None.

    Raises
    ------
    WorkspaceError
        If there is no gold or no split yet.
    """
    settings = settings or workspace.settings.export
    gold = workspace.snapshot("curate").scan("gold")
    split = workspace.snapshot("split").scan("split").filter(pl.col("split") == TRAIN)
    askable = gold.filter(is_askable(settings, task)).select("record_id")
    ids = askable.join(split, on="record_id", how="semi", maintain_order="left").head(n).collect()
    if ids.is_empty():
        return []
    chosen_ids = ids["record_id"].implode()
    rows = gold.filter(pl.col("record_id").is_in(chosen_ids)).collect()
    chosen = split.filter(pl.col("record_id").is_in(chosen_ids)).collect()
    train = chosen.select("record_id", copy=pl.lit(0, pl.Int32), weight=pl.lit(1.0))
    plan = plan_export(rows.lazy(), chosen, train, settings)
    described = plan.rows.drop("category", "label_source").join(
        rows.drop("task"), on="record_id", maintain_order="left"
    )
    systems = prompts_for(workspace.snapshot("load"), gold, settings, plan.tasks)
    lines = example_lines(typed(described), settings, systems)
    return [
        ExampleLine(record_id, name, text)
        for record_id, name, text in lines.select("example_id", "split", "text").iter_rows()
    ]


def asked_tasks(workspace: Workspace) -> list[str]:
    """The tasks that gold can be asked, in the order of the catalog's.

    Raises
    ------
    WorkspaceError
        If there is no gold yet.
    """
    gold = workspace.snapshot("curate").scan("gold")
    asked = gold.select(asked_task(workspace.settings.export).unique()).collect()
    present = set(asked.to_series())
    return [task for task in TASKS if task in present]


def with_template(settings: ExportSettings, task: str, text: str) -> ExportSettings:
    """The settings with another template for a task; that of Goldshelf where the text is empty.

    Raises
    ------
    InputError
        If the template cannot be filled.
    """
    templates = {name: kept for name, kept in settings.templates.items() if name != task}
    if text.strip() and text != TEMPLATES.get(task):
        templates[task] = text
    try:
        return ExportSettings(**{**settings.model_dump(), "templates": templates})
    except ValidationError as error:
        told = "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())
        raise InputError(f"{told}.") from error


def zip_export(workspace: Workspace, name: str) -> Path:
    """All files of an export in one ZIP for a download; the same export gives the same bytes.

    Raises
    ------
    WorkspaceError
        If there is no such export.
    """
    folder = workspace.layout.exports / name
    if name not in {export.folder.name for export in exports(workspace)}:
        known = ", ".join(export.folder.name for export in exports(workspace)) or "none"
        raise WorkspaceError(f"no export {name!r}. Exports here: {known}. Run `goldshelf export`.")
    target = workspace.layout.exports / f"{name}.zip"
    beside = target.with_name(f".{target.name}.new")
    try:
        with zipfile.ZipFile(beside, "w") as archive:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                entry = zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}", _ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as out:
                    while block := source.read(1 << 20):
                        out.write(block)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


@dataclass(frozen=True)
class Recertified:
    """An export read back from disk.

    Attributes
    ----------
    certificate
        Made now, from the files as they lie there.
    touched
        Files that are missing or differ from their hash in the manifest.
    has_queries
        Whether any row is of a query.
    """

    name: str
    certificate: Certificate
    touched: list[str]
    has_queries: bool

    @property
    def is_sound(self) -> bool:
        """Whether nothing leaks and nothing was touched."""
        return not self.certificate.leaks and not self.touched

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "name": self.name,
            "sound": self.is_sound,
            "touched": self.touched,
            **self.certificate.as_json(),
        }


def certify_export(
    workspace: Workspace, name: str | None = None, *, progress: Told | None = None
) -> Recertified:
    """Certify an export again, from its files, whoever had them in hand since.

    Raises
    ------
    WorkspaceError
        If there is no such export, or its records are gone.
    """
    found = {export.folder.name: export for export in exports(workspace)}
    name = name or workspace.settings.export.folder
    if name not in found:
        known = ", ".join(found) or "none"
        raise WorkspaceError(f"no export {name!r}. Exports here: {known}. Run `goldshelf export`.")
    folder, files = found[name].folder, found[name].manifest["files"]
    records = {Path(file).stem: folder / file for file in files if file.startswith("records/")}
    gone = [file for file in files if not (folder / file).is_file()]
    if any(file.startswith("records/") for file in gone):
        raise WorkspaceError(
            f"{folder}: {', '.join(gone)} is gone. Run `goldshelf export --force`."
        )
    touched = [f for f in files if f in gone or sha256_of(folder / f) != files[f]["sha256"]]
    settings = certify_settings(with_aliases(workspace, workspace.settings.split))
    certificate = certify_files(records, settings, progress=progress)
    return Recertified(name, certificate, touched, found[name].has_queries)


__all__ = [
    "FIELDS",
    "TARGETS",
    "ExampleLine",
    "Export",
    "ExportSettings",
    "Recertified",
    "asked_tasks",
    "certify_export",
    "exports",
    "known_placeholders",
    "make_export",
    "preview",
    "with_template",
    "zip_export",
]
