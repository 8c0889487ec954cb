"""Which exported version of the data a run's predictions are for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError
from catalog.querying import querying
from catalog.wording import counted
from evaluation.answers.contract import RunCard
from workspace.atomic import read_json
from workspace.runs.gold import TRAIN

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_SHORT = 12


@dataclass(frozen=True)
class ExportVersion:
    """An export as it lies on disk."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def dataset_sha(self) -> str:
        """The hash of all that it holds."""
        return str(self.manifest["dataset_sha"])

    def examples(self, split: str) -> pl.DataFrame:
        """``example_id, example_hash`` of the records of a split; empty where it has none."""
        path = self.folder / "records" / f"{split}.jsonl"
        schema = {"example_id": pl.String, "example_hash": pl.String}
        if not path.exists() or path.stat().st_size == 0:
            return pl.DataFrame(schema=schema)
        with querying() as database:
            columns = "{'example_id': 'VARCHAR', 'example_hash': 'VARCHAR'}"
            source = str(path).replace("'", "''")
            found: pl.DataFrame = database.sql(
                f"select * from read_json('{source}', format='newline_delimited', "
                f"columns={columns})"
            ).pl()
        return found


def known_exports(workspace: Workspace) -> list[ExportVersion]:
    """The exports of the workspace whose manifest tells a ``dataset_sha``."""
    found = sorted(workspace.layout.exports.glob("[!.]*/manifest.json"))
    bodies = [(path.parent, read_json(path)) for path in found]
    return [
        ExportVersion(folder, body)
        for folder, body in bodies
        if isinstance(body, dict) and body.get("dataset_sha")
    ]


def check_version(
    workspace: Workspace, card: RunCard, predictions: pl.DataFrame, where: str
) -> tuple[ExportVersion | None, list[str]]:
    """Hold a run against the exports: its ``dataset_sha``, its hashes, its train rows.

    Returns
    -------
    The export that the run is for, None where nothing tells it, and lines to be said aloud.

    Raises
    ------
    InputError
        If no export has the ``dataset_sha``, an ``example_hash`` is another than was exported, or
        a prediction is for a row that the export trained on.
    """
    exports = known_exports(workspace)
    if card.dataset_sha is not None:
        exports = [e for e in exports if e.dataset_sha == card.dataset_sha]
        if not exports:
            known = ", ".join(e.dataset_sha[:_SHORT] + "…" for e in known_exports(workspace))
            raise InputError(
                f"{where}: dataset_sha {card.dataset_sha[:_SHORT]}… is of no export here (known: "
                f"{known or 'none'}). The model saw other data: export here and predict again."
            )
    chosen = exports[0] if card.dataset_sha is not None else None
    notes = [] if chosen is not None else [f"{where}: no dataset_sha, so no export vouches for it."]
    hashed = predictions.select("example_id", "example_hash").drop_nulls()
    if hashed.height:
        chosen = _matching(exports, card.split, hashed, where) or chosen
    if chosen is not None:
        _refuse_train(chosen, predictions["example_id"], where)
    return chosen, notes


def _matching(
    exports: list[ExportVersion], split: str, hashed: pl.DataFrame, where: str
) -> ExportVersion | None:
    """The export in which every example has the hash that the prediction names."""
    worst: pl.DataFrame | None = None
    for export in exports:
        both = hashed.join(export.examples(split), on="example_id", suffix="_exported")
        changed = both.filter(pl.col("example_hash") != pl.col("example_hash_exported"))
        if both.height and not changed.height:
            return export
        if changed.height:
            worst = changed
    if worst is not None:
        raise InputError(
            f"{where}: example_hash of {worst['example_id'][0]!r} is not the exported one, in "
            f"{counted(worst.height, 'row')}: the example has changed. Export and predict again."
        )
    return None


def _refuse_train(export: ExportVersion, ids: pl.Series, where: str) -> None:
    trained = ids.filter(ids.is_in(export.examples(TRAIN)["example_id"].implode()))
    if len(trained):
        raise InputError(
            f"{where}: {counted(len(trained), 'row')} of the train split of export "
            f"{export.folder.name} (first: {trained[0]!r}). What a model learned from says nothing "
            "of it: predict the test split alone."
        )
