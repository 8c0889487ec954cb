"""split: whole groups of gold into train, validation and test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.wording import counted
from curation.splits.prompt_leaks import prompt_leaks
from curation.splits.split import SplitResult, split_records
from workspace.atomic import sha256_of
from workspace.frozen_test import FROZEN, frozen_ids
from workspace.review.brands import aliases_hash, with_aliases
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step
from workspace.taxonomies import taxonomy_of

if TYPE_CHECKING:
    from workspace.workspace import Workspace


_ASKED = 50_000


def _decides(settings: Settings) -> Any:
    return settings.split.model_dump(mode="json")


def _run(context: Context) -> Output:
    gold = context.inputs["curate"].scan("gold")
    _refuse_empty(context)
    taxonomy = taxonomy_of(context.workspace.snapshot("load"))
    ids = gold.select("record_id").collect()
    made = split_records(
        gold,
        with_aliases(context.workspace, context.settings.split),
        taxonomy=taxonomy,
        before=_before(context, ids),
        is_frozen=_is_frozen(context, ids["record_id"]),
        progress=context.progress,
    )
    tables = {**_tables(made, ids), "prompt_leaks": prompt_leaks(_sample(gold, ids, context))}
    return Output(tables, made.figures, [*made.notes, *_gone(context, ids)])


def _sample(gold: pl.LazyFrame, ids: pl.DataFrame, context: Context) -> pl.LazyFrame:
    """As many records as tell how often answers stand in their questions."""
    if ids.height <= _ASKED:
        return gold
    generator = np.random.default_rng(context.settings.split.seed)
    rows = np.sort(generator.choice(ids.height, _ASKED, replace=False))
    chosen = ids["record_id"].gather(rows)
    return gold.filter(pl.col("record_id").is_in(chosen.implode()))


def _before(context: Context, ids: pl.DataFrame) -> pl.Series | None:
    """Where each record was by the last split of these settings; None where there is none.

    Runs are judged on the test rows that they were made for: who corrects the gold of one record
    moves no other.
    """
    last = context.workspace.snapshots.current("split")
    if last is None or last.manifest["settings"] != _decides(context.settings):
        return None
    was = last.read("split", ["record_id", "split"])
    return ids.join(was, on="record_id", how="left", maintain_order="left")["split"]


def _is_frozen(context: Context, ids: pl.Series) -> np.ndarray | None:
    """Which records are of the test set that was frozen; None where none was.

    Raises
    ------
    InputError
        If gold has none of them any more: another test would be drawn in its place.
    """
    held = frozen_ids(context.workspace)
    if held is None:
        return None
    found = ids.is_in(held.implode())
    if not found.any():
        raise InputError(
            f"{FROZEN}: gold has none of the {counted(len(held), 'row')} of the frozen test set any "
            "more. Bring them back, or let it go with `goldshelf split --no-freeze`."
        )
    return found.to_numpy()


def _gone(context: Context, ids: pl.DataFrame) -> list[str]:
    held = frozen_ids(context.workspace)
    n = 0 if held is None else int((~held.is_in(ids["record_id"].implode())).sum())
    told = (
        f"{counted(n, 'row')} of the frozen test set {'is' if n == 1 else 'are'} no longer in gold"
    )
    return [f"{told}: what ties to {'it' if n == 1 else 'them'} is not known"] if n else []


def _outside(workspace: Workspace) -> dict[str, str]:
    path = workspace.layout.root / FROZEN
    frozen = {FROZEN: sha256_of(path)} if path.is_file() else {}
    return {**frozen, **aliases_hash(workspace)}


def _refuse_empty(context: Context) -> None:
    curated = context.inputs["curate"]
    if curated.counts["gold"]:
        return
    dropped = curated.scan("dropped").group_by("reason").len("n").sort("n", descending=True)
    why = ", ".join(f"{reason} {n:,}" for reason, n in dropped.collect().rows())
    raise InputError(
        f"gold is empty: every record was left out ({why or 'the catalog has none'}). Map what is "
        "missing with `goldshelf init --map FIELD=COLUMN`, or change [curate] in goldshelf.toml."
    )


def _tables(made: SplitResult, ids: pl.DataFrame) -> dict[str, pl.DataFrame]:
    of_row = ids.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    left = of_row.rename({"row": "left", "record_id": "left_id"})
    right = of_row.rename({"row": "right", "record_id": "right_id"})
    edges = made.edges.join(left, on="left", how="left", maintain_order="left").join(
        right, on="right", how="left", maintain_order="left"
    )
    return {
        "split": pl.concat(
            [ids, made.assignments.select("split", "group_id", "fold")], how="horizontal"
        ),
        "edges": edges.select("kind", "left_id", "right_id", "key", "similarity", "is_broken"),
        "groups": made.groups,
        "balance": made.balance,
        "missing": made.missing,
    }


STEP = Step("split", ("load", "curate"), _decides, _run, version=4, outside=_outside)
