"""Production over time: the distribution of labels, and agreement with audits, week by week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from evaluation.metrics.clusters import cluster_codes
from evaluation.metrics.metric import Sums
from evaluation.metrics.slices import sliced_ratios
from stats.corrections import holm
from stats.drift import label_drift
from stats.intervals import LEVEL

NO_ANSWER = "no answer"

DRIFT_SCHEMA = pl.Schema(
    {
        "week": pl.Date(),
        "n": pl.Int64(),
        "total_variation": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "chance": pl.Float64(),
        "stability_index": pl.Float64(),
        "stability_low": pl.Float64(),
        "stability_high": pl.Float64(),
        "p_value": pl.Float64(),
        "p_holm": pl.Float64(),
        "mark": pl.String(),
    }
)
AGREEMENT_SCHEMA = pl.Schema(
    {
        "week": pl.Date(),
        "n": pl.Int64(),
        "n_clusters": pl.Int64(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "difference": pl.Float64(),
        "difference_low": pl.Float64(),
        "difference_high": pl.Float64(),
        "mark": pl.String(),
    }
)
MOVED_SCHEMA = pl.Schema(
    {"week": pl.Date(), "label": pl.String(), "n": pl.Int64(), "share": pl.Float64(),
     "reference": pl.Float64(), "difference": pl.Float64()}
)  # fmt: skip
_MOST_MOVED = 10


@dataclass(frozen=True)
class DriftReport:
    """What changed from the first weeks on.

    Attributes
    ----------
    labels
        A line for each week after the reference: `DRIFT_SCHEMA`. ``mark`` is ``drifted`` where
        Holm's p over the weeks is below .05.
    agreement
        A line for each week with audits: `AGREEMENT_SCHEMA`; ``mark`` is ``fell`` or ``rose``
        where the interval of the difference from the reference weeks, uncorrected, excludes 0.
    moved
        The labels that moved most in each week: `MOVED_SCHEMA`.
    """

    reference: tuple[str, str]
    n_reference: int
    labels: pl.DataFrame
    agreement: pl.DataFrame
    moved: pl.DataFrame
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON, weeks by their Monday."""
        told = {
            name: frame.with_columns(pl.col("week").cast(pl.String)).to_dicts()
            for name, frame in (
                ("labels", self.labels),
                ("agreement", self.agreement),
                ("moved", self.moved),
            )
        }
        first, last = self.reference
        return {
            "reference": {"first_week": first, "last_week": last, "n": self.n_reference},
            **told,
            "notes": self.notes,
        }


def weeks_of(times: pl.Series, where: str) -> pl.Series:
    """The Monday of each time, as a date.

    Raises
    ------
    InputError
        If one is empty or cannot be read as a time (ISO 8601).

    Examples
    --------
    >>> weeks_of(pl.Series("at", ["2026-03-05T10:00:00Z", "2026-03-02"]), "rows").to_list()
    [datetime.date(2026, 3, 2), datetime.date(2026, 3, 2)]
    """
    if isinstance(times.dtype, (pl.Datetime, pl.Date)):
        days = times.cast(pl.Date)
    else:
        days = times.cast(pl.String).str.head(10).str.to_date("%Y-%m-%d", strict=False)
    wrong = days.is_null().arg_true()
    if len(wrong):
        at = int(wrong[0])
        raise InputError(
            f"{where}, row {at + 1}: {times.name!r} is {times[at]!r} in {len(wrong):,} rows no time. "
            "Expected ISO 8601, such as 2026-03-05 or 2026-03-05T10:00:00Z."
        )
    return days.dt.truncate("1w").alias("week")


def drift_report(
    rows: pl.DataFrame,
    audits: pl.DataFrame | None = None,
    *,
    reference_weeks: int = 1,
    seed: int = 0,
) -> DriftReport:
    """Hold every week against the first ones.

    Parameters
    ----------
    rows
        Production predictions: ``example_id, week, label`` (null without an answer), and ``cluster``
        where rows of a group are dependent.
    audits
        ``example_id, label``: what people say. Each example once.
    reference_weeks
        How many of the first weeks are the reference.

    Raises
    ------
    InputError
        If there is no week beyond the reference, or no audit is of a row.
    """
    rows = rows.with_columns(pl.col("label").fill_null(NO_ANSWER))
    weeks = rows["week"].unique().sort()
    if len(weeks) <= reference_weeks:
        raise InputError(
            f"the predictions are of {len(weeks)} weeks, and the first {reference_weeks} are the "
            "reference: nothing is left to hold against it."
        )
    is_reference = rows["week"] <= weeks[reference_weeks - 1]
    names = rows["label"].unique().sort()
    codes = rows["label"].cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
    clusters = cluster_codes(rows, "cluster") if "cluster" in rows.columns else None
    reference = is_reference.to_numpy()
    lines, moved = [], []
    for week in weeks[reference_weeks:]:
        inside = (rows["week"] == week).to_numpy()
        both = None if clusters is None else (clusters[reference], clusters[inside])
        found = label_drift(codes[reference], codes[inside], len(names), clusters=both, seed=seed)
        variation, stability = found.total_variation, found.stability_index
        lines.append(
            {
                "week": week,
                "n": int(inside.sum()),
                "total_variation": variation.value,
                "low": variation.low,
                "high": variation.high,
                "chance": found.chance,
                "stability_index": stability.value,
                "stability_low": stability.low,
                "stability_high": stability.high,
                "p_value": found.p_value,
            }
        )
        moved.append(_moved(week, names, codes[reference], codes[inside]))
    corrected = holm(np.array([line["p_value"] for line in lines]))
    labels = pl.DataFrame(lines).with_columns(
        pl.Series("p_holm", corrected),
        pl.Series("mark", ["drifted" if p < 1 - LEVEL else "" for p in corrected]),
    )
    agreement, notes = _agreement(rows.with_columns(is_reference.alias("is_reference")), audits)
    return DriftReport(
        (str(weeks[0]), str(weeks[reference_weeks - 1])),
        int(reference.sum()),
        labels.match_to_schema(DRIFT_SCHEMA),
        agreement,
        pl.concat(moved),
        notes,
    )


def _moved(week: Any, names: pl.Series, before: np.ndarray, after: np.ndarray) -> pl.DataFrame:
    counts = [np.bincount(codes, minlength=len(names)) for codes in (before, after)]
    shares = [c / c.sum() for c in counts]
    frame = pl.DataFrame(
        {
            "week": [week] * len(names),
            "label": names,
            "n": counts[1],
            "share": shares[1],
            "reference": shares[0],
            "difference": shares[1] - shares[0],
        },
        schema=MOVED_SCHEMA,
    )
    return frame.sort(pl.col("difference").abs(), descending=True, maintain_order=True).head(
        _MOST_MOVED
    )


def _agreement(rows: pl.DataFrame, audits: pl.DataFrame | None) -> tuple[pl.DataFrame, list[str]]:
    if audits is None:
        return pl.DataFrame(schema=AGREEMENT_SCHEMA), []
    if audits["example_id"].is_duplicated().any():
        raise InputError(
            "audits: an example_id stands twice. Every audited example may stand once."
        )
    both = rows.join(audits.rename({"label": "audited"}), on="example_id", maintain_order="left")
    if both.is_empty():
        raise InputError("audits: none has an example_id of the predictions. Are these the files?")
    n_unused = audits.height - both["example_id"].n_unique()
    notes = [f"audits: {n_unused:,} are of no prediction and left out."] if n_unused else []
    is_same = (both["label"] == both["audited"]).to_numpy().astype(float)
    clusters = cluster_codes(both, "cluster") if "cluster" in both.columns else None
    weeks = both["week"].unique().sort()
    codes = both["week"].rank("dense").cast(pl.Int64).to_numpy() - 1
    sums = Sums(is_same, np.ones(len(is_same)))
    by_week = sliced_ratios(sums, codes, len(weeks), clusters)
    of_reference = (~both["is_reference"]).cast(pl.Int64).to_numpy()
    halves = sliced_ratios(sums, of_reference, 2, clusters)
    frame = by_week.select(weeks.alias("week"), "n", "n_clusters", "value", "low", "high")
    if not halves["n"][0]:
        notes.append("audits: none is of the reference weeks, so no week is held against them.")
        return pl.concat([frame, pl.DataFrame(schema=AGREEMENT_SCHEMA)], how="diagonal"), notes
    base = halves.row(0, named=True)
    last = rows.filter(pl.col("is_reference"))["week"].max()
    difference = pl.col("value") - base["value"]
    # Newcombe's (1998) hybrid of two score intervals.
    low = (
        difference
        - ((pl.col("value") - pl.col("low")) ** 2 + (base["high"] - base["value"]) ** 2).sqrt()
    )
    high = (
        difference
        + ((pl.col("high") - pl.col("value")) ** 2 + (base["value"] - base["low"]) ** 2).sqrt()
    )
    is_later = pl.col("week") > last
    frame = frame.with_columns(
        pl.when(is_later).then(difference).alias("difference"),
        pl.when(is_later).then(low).alias("difference_low"),
        pl.when(is_later).then(high).alias("difference_high"),
    ).with_columns(
        pl.when(pl.col("difference_high") < 0)
        .then(pl.lit("fell"))
        .when(pl.col("difference_low") > 0)
        .then(pl.lit("rose"))
        .otherwise(pl.lit(""))
        .alias("mark")
    )
    return frame.match_to_schema(AGREEMENT_SCHEMA), notes
