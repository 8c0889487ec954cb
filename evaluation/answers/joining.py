"""Predictions put beside their gold rows by key, and everything that does not fit said aloud."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.errors import InputError
from catalog.wording import counted

_NAMED = 3
_SCORED = (
    "example_id",
    "example_hash",
    "raw_output",
    "parsed",
    "category_path",
    "attributes",
    "candidates",
    "score",
    "logprobs",
    "finish_reason",
    "error",
)


@dataclass(frozen=True)
class Joined:
    """One row for each gold row, in the order of the gold.

    Attributes
    ----------
    rows
        The gold columns (``example_id`` first), the prediction columns, and ``is_there``:
        whether there is a prediction row.
    n_unknown
        Prediction rows whose key is in no gold row.
    n_repeats
        Prediction rows that are not the first of their example; they are not scored.
    notes
        Lines to be said aloud.
    """

    rows: pl.DataFrame
    n_unknown: int
    n_repeats: int
    notes: list[str]


def join_predictions(
    gold: pl.DataFrame,
    predictions: pl.DataFrame,
    *,
    gold_name: str = "gold",
    name: str = "predictions",
    train_ids: pl.Series | None = None,
) -> Joined:
    """Join predictions to gold by ``example_id``.

    Parameters
    ----------
    gold
        ``example_id`` and whatever else; an ``example_hash`` is held against the predictions'.
    predictions
        Columns of the contract (`conform_predictions`).
    train_ids
        Keys that a model may have learned from; a prediction for one of them is refused.

    Raises
    ------
    InputError
        If a key is twice in the gold, or twice in the predictions (with the same ``repeat``);
        if no key is in the gold; if a hash says that the example has changed; if a prediction is
        for a row of the train split.
    """
    _refuse_twice(gold, ["example_id"], gold_name)
    _refuse_twice(predictions, ["example_id", "repeat"], name)
    if train_ids is not None:
        _refuse_trained(predictions, train_ids, name)
    is_known = predictions["example_id"].is_in(gold["example_id"].implode())
    unknown = predictions.filter(~is_known)["example_id"]
    if len(unknown) == predictions.height:
        theirs, ours = predictions["example_id"][0], gold["example_id"][0]
        raise InputError(
            f"{name}: none of {counted(predictions.height, 'row')} has an example_id of "
            f"{gold_name} (found {theirs!r}, expected such as {ours!r}). Are these predictions for "
            "another split?"
        )
    notes = []
    if len(unknown):
        told = ", ".join(unknown.head(_NAMED))
        notes.append(
            f"{name}: {counted(len(unknown), 'row')} left out, their example_id is not in "
            f"{gold_name} ({told}{', …' if len(unknown) > _NAMED else ''})."
        )
    first = predictions.filter(is_known)
    if not first["repeat"].is_null().all():
        first = first.sort("repeat", maintain_order=True).unique(
            "example_id", keep="first", maintain_order=True
        )
    n_repeats = int(is_known.sum()) - first.height
    if n_repeats:
        notes.append(
            f"{name}: {counted(n_repeats, 'repeat')} left out, the first of each example is scored."
        )
    given = first.select(*_SCORED, is_there=pl.lit(True))
    silent = [column.name for column in given if column.null_count() == given.height]
    rows = _beside(gold, given.drop(silent)).with_columns(
        pl.col("is_there").fill_null(False),
        *(
            pl.lit(None, given.schema[name]).alias(name)
            for name in silent
            if name != "example_hash"
        ),
    )
    if "example_hash_predicted" in rows.columns:
        _refuse_changed(rows, name, gold_name)
    n_missing = int((~rows["is_there"]).sum())
    if n_missing:
        notes.append(
            f"{name}: {counted(n_missing, 'gold row')} of {rows.height:,} without a prediction; "
            "they count as wrong."
        )
    return Joined(rows, len(unknown), n_repeats, notes)


def _beside(gold: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Gold and the predictions that have its key; only keys go through the join."""
    found = gold.select("example_id").join(told, on="example_id", how="left", maintain_order="left")
    both = [name for name in found.columns if name in gold.columns and name != "example_id"]
    found = found.rename({name: f"{name}_predicted" for name in both}).drop("example_id")
    return gold.hstack(found)


def repeats_of(predictions: pl.DataFrame) -> list[pl.DataFrame]:
    """Predictions split by ``repeat``, lowest first; as they are where there are no repeats.

    A row without a repeat belongs to the first. A key that stands twice is left to
    `join_predictions` to refuse.

    Examples
    --------
    >>> rows = pl.DataFrame({"example_id": ["a", "a", "b"], "repeat": [0, 1, 0]})
    >>> [part["example_id"].to_list() for part in repeats_of(rows)]
    [['a', 'b'], ['a']]
    """
    named = predictions["repeat"].drop_nulls().unique().sort()
    if len(named) < 2:
        return [predictions]
    of_first = pl.col("repeat").fill_null(named[0])
    return [predictions.filter(of_first == repeat) for repeat in named]


def stacked_repeats(files: list[pl.DataFrame]) -> pl.DataFrame:
    """Prediction rows of several runs as repeats of one; repeats within a run stay apart."""
    wide = 1 + max(int(rows["repeat"].max() or 0) for rows in files)  # type: ignore[arg-type]
    return pl.concat(
        rows.with_columns(pl.col("repeat").fill_null(0) + at * wide)
        for at, rows in enumerate(files)
    )


def _refuse_twice(frame: pl.DataFrame, keys: list[str], name: str) -> None:
    keys = [key for key in keys if key in frame.columns]
    if "repeat" in keys and frame["repeat"].is_null().all():
        keys.remove("repeat")
    key = pl.col(keys[0]) if len(keys) == 1 else pl.struct(keys)
    if frame.select(key.n_unique()).item() == frame.height:
        return
    twice = frame.select(key.is_duplicated()).to_series()
    repeated = frame.filter(twice)
    first = repeated["example_id"][0]
    n_rows = repeated.filter(pl.col("example_id") == first).height
    raise InputError(
        f"{name}: example_id {first!r} stands in {n_rows} rows; {repeated.height:,} rows share a "
        "key. Every key may stand once" + (" for each repeat." if "repeat" in keys else ".")
    )


def _refuse_trained(predictions: pl.DataFrame, train_ids: pl.Series, name: str) -> None:
    trained = predictions["example_id"].filter(predictions["example_id"].is_in(train_ids.implode()))
    if len(trained):
        raise InputError(
            f"{name}: {counted(len(trained), 'row')} of the train split (first: {trained[0]!r}). "
            "What a model learned from says nothing of it: predict the test split alone."
        )


def _refuse_changed(rows: pl.DataFrame, name: str, gold_name: str) -> None:
    changed = rows.filter(pl.col("example_hash") != pl.col("example_hash_predicted"))
    if changed.height:
        raise InputError(
            f"{name}: example_hash of {changed['example_id'][0]!r} differs from {gold_name}, in "
            f"{counted(changed.height, 'row')}: the predictions are for another version of the "
            "data. Export again and predict again."
        )
