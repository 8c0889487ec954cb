"""A dataset of the Hugging Face hub, or a local folder in one of its layouts.

``hub:OWNER/NAME`` is streamed; ``hub:FOLDER``, or a folder alone, is read where it lies, be
it files in a layout that `datasets` knows or what ``save_to_disk`` wrote. The rows become
Parquet files, and those are then read as a catalog or as the kind that their columns are of.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import InputError
from catalog.wording import counted
from curation.sources.looks import split_of
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

HUB = "hub:"
KNOWN = {"ninglab/ecinstruct": "ecinstruct"}
"""Datasets whose kind is known by name; of the others the columns tell."""

_BATCH = 10_000
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_FOLDER_SUFFIXES = {".parquet", ".jsonl", ".json", ".csv", ".arrow"}
_LIKELY = 0.55


class HubOptions(BaseModel):
    """Which part of the dataset; options of the kind that is found in it may stand here too."""

    model_config = ConfigDict(extra="allow", frozen=True)

    config: str | None = None
    split: str | None = None
    revision: str | None = None
    limit: int | None = Field(default=None, ge=1)
    kind: str | None = None

    @property
    def of_kind(self) -> dict[str, Any]:
        """The options that are not the hub's own."""
        return dict(self.model_extra or {})


def sniff(path: Path) -> float:
    """Sure of ``hub:`` names; a folder whose files are named as `datasets` does is likely one."""
    if str(path).startswith(HUB):
        return 1.0
    if not path.is_dir():
        return 0.0
    if _is_saved(path):
        return 0.9
    files = (p for p in path.rglob("*") if p.suffix in _FOLDER_SUFFIXES)
    is_named = (p.suffix == ".parquet" or p.parent.name == "data" or split_of(p) for p in files)
    return _LIKELY if any(is_named) else 0.0


def load(
    settings: SourceSettings,
    scratch: Path,
    kind_of: Callable[[str | None, list[str]], Any],
    told: Callable[[int, int, str], None] | None = None,
) -> LoadResult:
    """Stream the rows to Parquet and load these.

    Parameters
    ----------
    kind_of
        Gives the `curation.sources.kinds.Kind` of a name, or guesses it of paths.

    Raises
    ------
    InputError
        If the dataset cannot be had, in one line.
    """
    options = HubOptions(**settings.options)
    files, notes = fetch(settings, scratch, told=told)
    kind = kind_of(options.kind or known_kind(settings), [str(file) for file in files])
    kind.checked_options(options.of_kind)
    inner = scratch / "rows"
    inner.mkdir()
    loaded: LoadResult = kind.load(
        settings.model_copy(
            update={
                "paths": [str(file) for file in files],
                "kind": kind.name,
                "format": None,
                "options": options.of_kind,
            }
        ),
        inner,
        told,
    )
    named = f"{settings.paths[0]}/"
    here = f"{scratch}/"
    figures = {**loaded.figures, "dataset": settings.paths, "kind": kind.name}
    figures["files"] = [
        {**fact, "path": str(fact["path"]).replace(here, named)} for fact in figures["files"]
    ]
    quarantine = loaded.quarantine.with_columns(
        pl.col("file").str.replace(here, named, literal=True)
    )
    told_of = [note.replace(here, named) for note in loaded.notes]
    return replace(loaded, quarantine=quarantine, figures=figures, notes=[*notes, *told_of])


def known_kind(settings: SourceSettings) -> str | None:
    """The kind of a dataset that is known by name."""
    return KNOWN.get(settings.paths[0].removeprefix(HUB).lower())


def fetch(
    settings: SourceSettings,
    scratch: Path,
    limit: int | None = None,
    told: Callable[[int, int, str], None] | None = None,
) -> tuple[list[Path], list[str]]:
    """The rows as Parquet files, one a split, named after it where there are several.

    Each row then has its split in ``split``, unless the data has such a column. Labels that
    are stored as numbers get their names; images and sounds are left out.

    Returns
    -------
    The files, and notes.
    """
    options = HubOptions(**settings.options)
    most = min((n for n in (limit, options.limit) if n is not None), default=None)
    files: list[Path] = []
    notes: list[str] = []
    for number, text in enumerate(settings.paths):
        name = text.removeprefix(HUB)
        splits = _opened(text, name, options)
        n_rows = 0
        for split, dataset in splits.items():
            file = scratch / f"{split if len(splits) > 1 else 'rows'}-{number}.parquet"
            hint = split if len(splits) > 1 else None
            left = None if most is None else most - n_rows
            try:
                n_own = _write(dataset, file, hint, left, notes, told)
            except (OSError, ValueError, RuntimeError, pa.ArrowException) as error:
                raise InputError(f"{text}, split {split}: {_first_line(error)}.") from error
            n_rows += n_own
            if n_own:
                files.append(file)
        if not n_rows:
            raise InputError(f"{text}: the dataset has no rows.")
        where = f", config {options.config}" if options.config else ""
        notes.insert(0, f"{counted(n_rows, 'row')} of {text}{where}: {', '.join(map(str, splits))}")
    return files, list(dict.fromkeys(notes))


def _opened(text: str, name: str, options: HubOptions) -> dict[str, Any]:
    """The splits that are asked for, by name."""
    import datasets  # slow to import, and only here needed

    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what fails is raised, and told once
    folder = Path(name).expanduser()
    try:
        if _is_saved(folder):
            found: Any = datasets.load_from_disk(str(folder))
        else:
            if not folder.exists():
                _refuse_without_network(text)
            found = datasets.load_dataset(
                str(folder) if folder.exists() else name,
                options.config,
                revision=options.revision,
                streaming=True,
            )
    except InputError:
        raise
    except ConnectionError as error:
        raise InputError(f"{text}: {_first_line(error)}. {_NO_NETWORK}") from error
    except Exception as error:  # the library's own errors share no base class
        raise InputError(f"{text}: not to be had. {_first_line(error)}.") from error
    splits = dict(found) if isinstance(found, dict) else {"rows": found}
    if options.split is None:
        return splits
    if options.split not in splits:
        raise InputError(
            f"{text}: there is no split {options.split!r}. Splits: {', '.join(map(str, splits))}."
        )
    return {options.split: splits[options.split]}


_NO_NETWORK = "Check the network, or give a local copy: --source hub:FOLDER."


def _refuse_without_network(text: str) -> None:
    """Say at once that the hub is out of reach, instead of after many attempts."""
    if any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES):
        return
    host = urlparse(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        raise InputError(f"{text}: {host} cannot be reached. {_NO_NETWORK}") from error


def _is_saved(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def _write(
    dataset: Any,
    file: Path,
    split: str | None,
    limit: int | None,
    notes: list[str],
    told: Callable[[int, int, str], None] | None,
) -> int:
    writer: pq.ParquetWriter | None = None
    n_rows = 0
    try:
        for table in _batches(dataset):
            if limit is not None and n_rows >= limit:
                break
            if limit is not None:
                table = table.slice(0, limit - n_rows)
            plain = _plain(table, dataset.features, notes)
            if split is not None and "split" not in plain.column_names:
                plain = plain.append_column("split", pa.repeat(split, plain.num_rows))
            if writer is None:
                writer = pq.ParquetWriter(file, plain.schema, compression="zstd")
            writer.write_table(plain.cast(writer.schema))
            n_rows += table.num_rows
            if told is not None:
                told(n_rows, limit or n_rows, "streaming rows")
    finally:
        if writer is not None:
            writer.close()
    return n_rows


def _batches(dataset: Any) -> Iterator[pa.Table]:
    yield from dataset.with_format("arrow").iter(batch_size=_BATCH)


def _plain(table: pa.Table, features: Any, notes: list[str]) -> pa.Table:
    """Labels by name, without images and sounds, and without the library's own metadata."""
    import datasets

    columns: dict[str, Any] = {}
    for name in table.column_names:
        feature = (features or {}).get(name)
        column = table.column(name)
        if isinstance(feature, (datasets.Image, datasets.Audio, datasets.Video)):
            notes.append(f"column {name!r} left out: it holds images or sounds")
        elif isinstance(feature, datasets.ClassLabel):
            labels = pa.array(feature.names)
            valid = pc.if_else(pc.greater_equal(column, 0), column, None)
            columns[name] = labels.take(pa.chunked_array(valid).combine_chunks())
        else:
            columns[name] = column
    return pa.table(columns)


def _first_line(error: BaseException) -> str:
    told = str(error).strip().splitlines()
    return (told[0][:300] if told else type(error).__name__).rstrip(".")
