"""Immutable Parquet results, named by their content, and which of them count now."""

from __future__ import annotations

import datetime
import importlib.metadata
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import WorkspaceError
from workspace.atomic import digest_of, full_disk_told, read_json, sha256_of, write_json
from workspace.layout import Layout

Frame = pl.DataFrame | pl.LazyFrame | Path
"""A table to keep; a path is a Parquet file of the step's own, which is moved."""
ROW_GROUP = 100_000


OF_RUNS = frozenset(
    [
        *("scores", "leaderboards", "published", "slices", "slice_rows", "judgements"),
        *("regressions", "experiments", "run_pairs"),
    ]
)
"""Steps that are made of runs, gold and what was paid for before, whenever somebody asks."""


@dataclass(frozen=True)
class Output:
    """What a step gives: tables to keep, figures to show, lines to say aloud."""

    tables: Mapping[str, Frame] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    notes: Iterable[str] = ()


@dataclass(frozen=True)
class Snapshot:
    """One immutable result of one step.

    Attributes
    ----------
    manifest
        ``step, id, fingerprint, inputs, settings, code_version, tables, figures, notes,
        created_at, duration_s``.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def id(self) -> str:
        """The hash of content that names it."""
        return str(self.manifest["id"])

    @property
    def step(self) -> str:
        """The step that made it."""
        return str(self.manifest["step"])

    @property
    def figures(self) -> dict[str, Any]:
        """What the step counted and measured."""
        return dict(self.manifest["figures"])

    @property
    def notes(self) -> list[str]:
        """What the step said aloud."""
        return list(self.manifest["notes"])

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: int(table["n_rows"]) for name, table in self.manifest["tables"].items()}

    def path(self, table: str) -> Path:
        """The Parquet file of a table."""
        if table not in self.manifest["tables"]:
            raise WorkspaceError(f"snapshot {self.step}/{self.id} has no table {table!r}.")
        return self.folder / f"{table}.parquet"

    def scan(self, table: str) -> pl.LazyFrame:
        """A table, lazily."""
        return pl.scan_parquet(self.path(table))

    def read(self, table: str, columns: list[str] | None = None) -> pl.DataFrame:
        """A table, or some of its columns, in memory."""
        return pl.read_parquet(self.path(table), columns=columns)


class SnapshotStore:
    """Reads and writes the snapshots of one workspace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def current(self, step: str) -> Snapshot | None:
        """The snapshot of a step that counts now; None if there is none.

        What is made of runs, such as their scores, is made again where it is asked for: None too where
        its files are gone.

        Raises
        ------
        WorkspaceError
            If its files are gone or damaged.
        """
        pointer = read_json(self._layout.current / f"{step}.json")
        if pointer is None:
            return None
        folder = self._layout.snapshots / step / pointer["id"]
        manifest = read_json(folder / "manifest.json")
        if manifest is None or any(
            not (folder / f"{t}.parquet").exists() for t in manifest["tables"]
        ):
            kind, _, name = step.partition("/")
            if kind in OF_RUNS:
                return None
            again = f"Run `goldshelf run --force {step}` to make it again."
            if kind == "predictions":
                again = (
                    f"Bring the run in again: `goldshelf import-run FILE --name {name} --replace`."
                )
            raise WorkspaceError(f"{folder} is missing or damaged. {again}")
        return Snapshot(folder, manifest)

    def kept(self, step: str, fingerprint: str) -> Snapshot | None:
        """A snapshot of a step with this fingerprint, whether it counts now or did once."""
        for path in sorted((self._layout.snapshots / step).glob("[!.]*/manifest.json")):
            manifest = read_json(path)
            if (
                manifest is not None
                and manifest["fingerprint"] == fingerprint
                and all((path.parent / f"{t}.parquet").exists() for t in manifest["tables"])
            ):
                return Snapshot(path.parent, manifest)
        return None

    def forget(self, step: str) -> None:
        """Let no snapshot of a step count; the files stay."""
        (self._layout.current / f"{step}.json").unlink(missing_ok=True)

    def write(
        self,
        step: str,
        output: Output,
        *,
        fingerprint: str,
        inputs: dict[str, str],
        settings: Any,
        started_at: float,
    ) -> Snapshot:
        """Write a snapshot beside, rename it into place, then let it count.

        A crash at any moment leaves what counted before.
        """
        home = self._layout.snapshots / step
        beside = home / f".{uuid.uuid4().hex}"
        with full_disk_told(self._layout.root):
            beside.mkdir(parents=True)
            try:
                tables = {n: _write_table(beside, n, f) for n, f in output.tables.items()}
                body = {
                    "step": step,
                    "fingerprint": fingerprint,
                    "inputs": inputs,
                    "settings": settings,
                    "tables": tables,
                    "figures": dict(output.figures),
                    "notes": list(output.notes),
                }
                manifest = {
                    "id": digest_of(body)[:16],
                    **body,
                    "code_version": importlib.metadata.version("goldshelf"),
                    "created_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                    "duration_s": round(time.time() - started_at, 3),
                }
                write_json(beside / "manifest.json", manifest)
                folder = home / manifest["id"]
                if not _is_whole(folder, tables):
                    shutil.rmtree(folder, ignore_errors=True)
                    beside.replace(folder)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
            write_json(self._layout.current / f"{step}.json", {"id": manifest["id"]})
        return Snapshot(folder, manifest)

    def sweep(self) -> None:
        """Remove what a killed process left half written."""
        for left in self._layout.snapshots.rglob(".*"):
            shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(self._layout.scratch, ignore_errors=True)


def _is_whole(folder: Path, tables: dict[str, dict[str, Any]]) -> bool:
    files = [(folder / f"{name}.parquet", table["bytes"]) for name, table in tables.items()]
    return (folder / "manifest.json").exists() and all(
        file.exists() and file.stat().st_size == size for file, size in files
    )


def _write_table(folder: Path, name: str, frame: Frame) -> dict[str, Any]:
    path = folder / f"{name}.parquet"
    if isinstance(frame, Path):
        shutil.move(frame, path)
    elif isinstance(frame, pl.LazyFrame):
        frame.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
    else:
        frame.write_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
    n_rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    return {"n_rows": n_rows, "sha256": sha256_of(path), "bytes": path.stat().st_size}
