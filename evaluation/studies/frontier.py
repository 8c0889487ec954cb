"""Accuracy against cost: which runs a cheaper one beats, and which it may equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import polars as pl

from evaluation.comparing.pairing import Side, side_difference
from evaluation.loading import Answers
from evaluation.metrics.metric import Metric

FRONTIER_SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "cost": pl.Float64(),
        "value": pl.Float64(),
        "is_dominated": pl.Boolean(),
        "dominated_by": pl.String(),
        "tied_with": pl.String(),
    }
)
PAIRS_SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "other": pl.String(),
        "difference": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)


def paired_differences(metric: Metric[Any], sides: Mapping[str, Sequence[Answers]]) -> pl.DataFrame:
    """The paired difference ``other - run`` of every two runs with its interval: `PAIRS_SCHEMA`.

    Each pair stands in both orders.

    Parameters
    ----------
    sides
        The repeats of each run, on the same rows.
    """
    rows = []
    measured = {name: Side.of(metric, runs) for name, runs in sides.items()}
    for one, other in combinations(sides, 2):
        found, _ = side_difference(measured[one], measured[other])
        rows.append((one, other, found.value, found.low, found.high))
        rows.append((other, one, -found.value, -found.high, -found.low))
    return pl.DataFrame(rows, schema=PAIRS_SCHEMA, orient="row")


def frontier(
    runs: pl.DataFrame, differences: pl.DataFrame, *, higher_is_better: bool = True
) -> pl.DataFrame:
    """Runs by cost, and what a run that costs no more says of each.

    A run is dominated where another costs no more and is better beyond chance: the interval of
    their paired difference excludes 0. It is tied where another costs no more and the interval
    does not: nothing shows that the dearer run is worth its price, and nothing that it is not. Of
    several the one with the best value is named.

    Parameters
    ----------
    runs
        ``run, cost, value``; what is said is null where a cost or value is unknown.
    differences
        `paired_differences`; a pair without an interval is tied.

    Examples
    --------
    >>> runs = pl.DataFrame({"run": ["a", "b", "c"], "cost": [1.0, 2, 3], "value": [0.8, 0.7, 0.9]})
    >>> pairs = pl.DataFrame(
    ...     {"run": ["b", "c", "c"], "other": ["a", "a", "b"], "difference": [0.1, -0.1, -0.2],
    ...      "low": [0.02, -0.22, -0.3], "high": [0.18, 0.02, -0.1]})
    >>> frontier(runs, pairs).select("run", "dominated_by", "tied_with").rows()
    [('a', None, None), ('b', 'a', None), ('c', None, 'a')]
    """
    sign = 1 if higher_is_better else -1
    told = runs.select("run", "cost", "value").fill_nan(None)
    cheaper = (
        told.drop_nulls()
        .join(told.drop_nulls(), how="cross", suffix="_other")
        .rename({"run_other": "other"})
        .filter(pl.col("run") != pl.col("other"), pl.col("cost_other") <= pl.col("cost"))
        .join(differences, on=["run", "other"], how="left")
        .fill_nan(None)
        .sort(sign * pl.col("value_other"), -pl.col("cost_other"), "other", descending=True)
    )
    gain = pl.col("low") if higher_is_better else -pl.col("high")
    loss = pl.col("high") if higher_is_better else -pl.col("low")
    better, worse = (gain > 0).fill_null(False), (loss < 0).fill_null(False)
    named = {"dominated_by": better, "tied_with": ~better & ~worse}
    found = told
    for column, chosen in named.items():
        best = cheaper.filter(chosen).group_by("run", maintain_order=True).agg(
            pl.col("other").first().alias(column)
        )  # fmt: skip
        found = found.join(best, on="run", how="left", maintain_order="left")
    is_told = pl.col("cost").is_not_null() & pl.col("value").is_not_null()
    dominated = pl.col("dominated_by").is_not_null()
    return (
        found.with_columns(
            pl.when(is_told).then(dominated).alias("is_dominated"),
            pl.when(~dominated).then("tied_with").alias("tied_with"),
        )
        .sort("cost", "run", nulls_last=True)
        .select(FRONTIER_SCHEMA.names())
        .cast(FRONTIER_SCHEMA)
    )
