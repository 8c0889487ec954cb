"""Which categories to label next: where the most is wrong that more examples could put right."""

from __future__ import annotations

import math

import polars as pl

from catalog.text import with_quote

BENEFIT = "benefit = gap x share x error"
BENEFIT_WORDS = (
    "gap: the part of the target that train lacks; share: of the catalog's products; error: of the "
    "model in the category, (wrong + 2 x error of all) / (test rows + 2), or 1 where no run is scored"
)
SHOPPING_SCHEMA = pl.Schema(
    {
        "category": pl.String(),
        "n_train": pl.Int64(),
        "target": pl.Int64(),
        "n_missing": pl.Int64(),
        "gap": pl.Float64(),
        "share": pl.Float64(),
        "n_test": pl.Int64(),
        "error": pl.Float64(),
        "benefit": pl.Float64(),
    }
)
_PRIOR_ROWS = 2.0


def mean_target(counts: pl.DataFrame) -> int:
    """What each category would have if train were spread evenly, rounded up; 1 over nothing."""
    if counts.is_empty():
        return 1
    return max(1, math.ceil(int(counts["n_train"].sum()) / counts.height))


def shopping_list(
    counts: pl.DataFrame, target: int, answers: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The categories below the target, the one where examples help most first.

    ``gap = (target - n_train) / target``, ``share = n_catalog / sum(n_catalog)``, and ``error``
    the share of wrong answers, drawn to that of all test rows as if two more had been seen (a
    category without a test row has that of all). Their product is the share of the catalog that
    is answered wrongly there, times how much of the target is missing.

    Parameters
    ----------
    counts
        ``category, n_train, n_catalog``: records of train and of the whole catalog.
    target
        How many records each category is to have, 1 or more.
    answers
        ``category, n_test, n_wrong`` of a scored run; None where none is scored: then ``error``
        is 1, and ``n_test`` null.

    Returns
    -------
    `SHOPPING_SCHEMA`; ties in the order of names.

    Examples
    --------
    >>> counts = pl.DataFrame(
    ...     {"category": ["A", "B", "C"], "n_train": [1, 9, 4], "n_catalog": [10, 10, 20]}
    ... )
    >>> shopping_list(counts, 5).select("category", "n_missing", "benefit").rows()
    [('A', 4, 0.2), ('C', 1, 0.1)]
    """
    told = answers if answers is not None else counts.select("category").clear()
    if answers is None:
        told = told.with_columns(n_test=pl.lit(None, pl.Int64), n_wrong=pl.lit(None, pl.Int64))
    n_test, n_wrong = (int(told[name].sum() or 0) for name in ("n_test", "n_wrong"))
    overall = n_wrong / n_test if n_test else 1.0
    seen = pl.col("n_test").fill_null(0)
    error = (pl.col("n_wrong").fill_null(0) + _PRIOR_ROWS * overall) / (seen + _PRIOR_ROWS)
    total = max(1, int(counts["n_catalog"].sum()))
    return (
        counts.filter(pl.col("n_train") < target)
        .join(told, on="category", how="left")
        .with_columns(
            target=pl.lit(target, pl.Int64),
            n_missing=target - pl.col("n_train"),
            gap=(target - pl.col("n_train")) / target,
            share=pl.col("n_catalog") / total,
            n_test=pl.col("n_test") if answers is None else seen,
            error=error,
        )
        .with_columns(benefit=pl.col("gap") * pl.col("share") * pl.col("error"))
        .sort("benefit", "category", descending=[True, False])
        .select(SHOPPING_SCHEMA.names())
        .cast(SHOPPING_SCHEMA)
    )


def as_sheet(table: pl.DataFrame) -> pl.DataFrame:
    """The same for a spreadsheet: a text that one would take for a formula gets a quote in front.

    Examples
    --------
    >>> as_sheet(pl.DataFrame({"category": ["=1+1", "Tea"]}))["category"].to_list()
    ["'=1+1", 'Tea']
    """
    return table.with_columns(with_quote(pl.col(pl.String)).name.keep())


__all__ = [
    "BENEFIT",
    "BENEFIT_WORDS",
    "SHOPPING_SCHEMA",
    "as_sheet",
    "mean_target",
    "shopping_list",
]
