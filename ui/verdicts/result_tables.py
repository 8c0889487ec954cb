"""Scores and comparisons as tables for people: shares in per cent, differences in points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from catalog.paths import parted
from ui import safe, tables
from workspace.runs.untold import UNTOLD, untold

INTERVAL = "95 % interval"
MOST_STILL = 25


def board(frame: pl.DataFrame) -> None:
    """The leaderboard, best first."""
    tables.still(
        frame.select(
            "rank",
            "run",
            percent("value"),
            between("low", "high").alias(INTERVAL),
            pl.col("n").alias("n_rows"),
            pl.when(pl.col("run") != frame["run"][0]).then(_moved("difference", "difference_low", "difference_high")).alias("to the best, points"),
            _p_told("p_holm"),
            pl.when(pl.col("run") == frame["run"][0]).then(pl.lit("leads"))
            .when("is_tied_with_best").then(pl.lit("cannot be told apart"))
            .otherwise(pl.lit("worse")).alias("against the best"),
        ),
        alt="Leaderboard",
        column_config={"value": PERCENT, "p_holm": _p("Holm", "Holm")},
    )  # fmt: skip


def metrics(frame: pl.DataFrame) -> None:
    """Every metric of one run with what it means."""
    is_known = frame["value"].is_not_nan() & frame["value"].is_not_null()
    tables.still(
        frame.filter(is_known).select(
            _worded("metric"),
            _measured("value"),
            pl.when(is_share()).then(between("low", "high")).otherwise(_plain()).alias(INTERVAL),
            pl.col("n").alias("n_rows"),
            "what it is",
        ),
        alt="Metrics with their intervals",
    )
    _untold(frame.filter(~is_known))


def differences(frame: pl.DataFrame) -> None:
    """Every metric of two runs side by side."""
    is_known = frame.select(
        pl.any_horizontal(pl.col("baseline", "candidate").is_not_nan()).fill_null(False)
    ).to_series()
    plain = _text(pl.col("difference"), 2, signed=True) + pl.format(" ({})", _plain(signed=True))
    tables.still(
        frame.filter(is_known).select(
            _worded("metric"),
            _measured("baseline"),
            _measured("candidate"),
            pl.when(is_share()).then(_moved("difference", "low", "high")).otherwise(plain)
            .alias("difference, points"),
            pl.col("n").alias("n_rows"),
            pl.when("higher_is_better").then(pl.lit("higher")).otherwise(pl.lit("lower"))
            .alias("better is"),
        ),
        alt="Metrics of both runs",
        column_config={
            "difference, points": st.column_config.TextColumn(
                help="candidate minus baseline, with its 95 % interval; errors in steps of the tree"
            ),
        },
    )  # fmt: skip
    _untold(frame.filter(is_known & pl.col("difference").is_nan()), "No difference")
    _untold(frame.filter(~is_known))


def _untold(frame: pl.DataFrame, start: str = UNTOLD) -> None:
    told = untold(frame, start)
    if told:
        st.caption(safe.markdown(told))


def categories(frame: pl.DataFrame, noun: str = "category") -> None:
    """Precision, recall and F1 of every category (or label)."""
    tables.show(
        frame.sort("support", descending=True, maintain_order=True).select(
            _leaf("category").alias(noun),
            pl.col("support").alias("gold rows"),
            *(name for name in ("answers", "right") if name in frame.columns),
            *(percent(name) for name in ("precision", "recall", "f1")),
            between("f1_low", "f1_high").alias("95 % interval of F1"),
            *_whole(frame, "category"),
        ),
        column_config=dict.fromkeys(("precision", "recall"), PERCENT) | {"f1": _share("F1")},
    )


def attributes(frame: pl.DataFrame, kinds: Mapping[str, str]) -> None:
    """What became of every attribute, and precision, recall and F1.

    Parameters
    ----------
    kinds
        What each kind of answer means.
    """
    tables.show(
        frame.select(
            pl.col("category").alias("attribute"),
            "VC", "VW", "VN", "NN", "NV", "NX",
            *(percent(name) for name in ("precision", "recall", "f1", "hallucination_rate")),
            between("f1_low", "f1_high").alias("95 % interval of F1"),
        ),
        column_config=dict.fromkeys(("precision", "recall"), PERCENT)
        | {kind: st.column_config.Column(kind, help=told) for kind, told in kinds.items()}
        | {
            "f1": _share("F1"),
            "hallucination_rate": st.column_config.NumberColumn(
                "invented", format=_FORMAT, help="share of null gold answered with a value"
            ),
        },
    )  # fmt: skip


def costs(frame: pl.DataFrame) -> None:
    """What every run costs."""
    tables.show(
        frame.select(
            "run", percent("value"), "cost_usd_per_1000", "latency_ms_median", "latency_ms_p95",
            pl.col("n_tokens_in").alias("tokens in"), pl.col("n_tokens_out").alias("tokens out"),
            pl.col("dominated_by").alias("beaten by"), pl.col("tied_with").alias("tied with"),
        ),
        column_config={
            "value": PERCENT,
            "beaten by": st.column_config.Column(help="costs no more, and is better beyond chance"),
            "tied with": st.column_config.Column(help="costs no more, and cannot be told from it"),
            "cost_usd_per_1000": tables.dollars("dollars per 1,000", frame["cost_usd_per_1000"]),
            "latency_ms_median": st.column_config.NumberColumn("median ms", format="%.3g"),
            "latency_ms_p95": st.column_config.NumberColumn("95th percentile ms", format="%.3g"),
            **dict.fromkeys(
                ("tokens in", "tokens out"), st.column_config.NumberColumn(format="compact")
            ),
        },
    )  # fmt: skip


def parts(frame: pl.DataFrame) -> None:
    """The parts of a slice of one run; with their difference from another where it is there."""
    told = []
    if "mark" in frame.columns:
        moved = _moved("difference", "difference_low", "difference_high")
        told = [moved.alias("to the other, points"), _p_told("p_holm"), _mark()]
    if frame["reason"].null_count() < frame.height:
        told.append(pl.col("reason").alias("why no value or interval"))
    tables.show(
        frame.select(
            "part", pl.col("n").alias("n_rows"), pl.col("n_clusters").alias("groups"),
            percent("value"), between("low", "high").alias(INTERVAL), *told,
        ),
        column_config={
            "value": PERCENT, "p_holm": _p("Holm", "Holm"),
            "mark": st.column_config.Column("shown", help="after the correction"),
        },
    )  # fmt: skip


def forgotten(frame: pl.DataFrame) -> None:
    """One checkpoint over its tasks."""
    tables.show(
        frame.select(
            pl.col("name").alias("task"), "against", _worded("metric"),
            pl.col("n").alias("n_rows"), *(percent(c) for c in ("reference", "candidate")),
            _moved("difference", "low", "high").alias("difference, points"),
            _p_told("p_holm"), "mark",
        ),
        column_config={
            **dict.fromkeys(("reference", "candidate"), PERCENT),
            "p_holm": _p("Holm", "Holm"),
            "mark": st.column_config.Column("shown", help="after the correction"),
        },
    )  # fmt: skip


def experiments(frame: pl.DataFrame) -> None:
    """Groups of runs, each against the first."""
    apart = [name for name in ("also_differs", "mixes") if name in frame.columns]
    tables.show(
        frame.select(
            "group", "n_runs", percent("value"), between("low", "high").alias(INTERVAL),
            _moved("difference", "difference_low", "difference_high")
            .alias("to the first, points"),
            _p_told("p_holm"), "mark", *(pl.col(name).cast(pl.List(pl.String)).list.join(", ")
            if frame.schema[name] == pl.List(pl.String) else pl.col(name) for name in apart),
        ),
        column_config={
            "value": PERCENT, "p_holm": _p("Holm", "Holm"),
            "mark": st.column_config.Column("shown", help="after the correction"),
        },
    )  # fmt: skip


def gold_versions(frame: pl.DataFrame) -> None:
    """The same predictions on the gold of before and of now."""
    tables.show(
        frame.select(
            "run", percent("before"), percent("now"),
            _text(100 * pl.col("change"), 1, signed=True).alias("change, points"),
            pl.col("gold_before").alias("gold before"), pl.col("gold_now").alias("gold now"),
        ),
        column_config=dict.fromkeys(("before", "now"), PERCENT),
    )  # fmt: skip


def moved(frame: pl.DataFrame, name: str = "category", heading: str | None = None) -> None:
    """What changed in every category (or part): the most at once, all of them when asked for."""
    told = frame.sort(
        pl.col("difference").abs().fill_nan(None) * pl.col("n"),
        descending=True, nulls_last=True, maintain_order=True,
    ).select(
        _leaf(name).alias(heading or name),
        pl.col("n").alias("n_rows"),
        pl.col("n_clusters").alias("groups"),
        *(percent(name) for name in ("baseline", "candidate")),
        _moved("difference", "low", "high").alias("difference, points"),
        _p_told("p_holm"),
        _p_told("p_bh"),
        _mark(),
        *_whole(frame, name),
    )  # fmt: skip
    forms = {
        **dict.fromkeys(("baseline", "candidate"), PERCENT),
        "p_holm": _p("Holm", "Holm"), "p_bh": _p("B-H", "Benjamini-Hochberg"),
        "mark": st.column_config.Column("shown", help="after the correction"),
    }  # fmt: skip
    most = told.head(MOST_STILL)
    tables.still(most, alt=f"What moved most by {heading or name}", column_config=forms)
    if told.height > most.height:
        every = st.expander(
            f"All {told.height:,}, to sort and to search", on_change="rerun", key=f"moved.{name}"
        )
        if every.open:
            with every:
                tables.show(told, column_config=forms)


def _leaf(column: str) -> pl.Expr:
    """The last name of a path: the one that is seen where there is little room."""
    return parted(column).list.last()


def _whole(frame: pl.DataFrame, column: str) -> list[pl.Expr]:
    """The path whole, where any has more than one name."""
    has_paths = frame.select((parted(column).list.len() > 1).any()).item()
    return [pl.col(column).alias("whole path")] if has_paths else []


def percent(column: str) -> pl.Expr:
    """A share as per cent, one decimal, still a number to sort by."""
    return (100 * pl.col(column).fill_nan(None)).alias(column)


def _p_told(column: str) -> pl.Expr:
    """A p-value as the sentences tell it: ``.32``, ``< .0001``."""
    p = pl.col(column).fill_nan(None)
    digits = (
        pl.when(p < 0.0995).then(_text(p, 3, signed=False)).otherwise(_text(p, 2, signed=False))
    )
    fine = pl.when(p < 0.001).then(_text(p, 4, signed=False)).otherwise(digits)
    told = pl.when(p < 0.0001).then(pl.lit("< .0001")).otherwise(fine.str.replace("^0", ""))
    return told.alias(column)


def _mark() -> pl.Expr:
    """What is shown after the correction; a dash where nothing is."""
    return pl.when(pl.col("mark") != "").then(pl.col("mark")).alias("mark")


def _worded(column: str) -> pl.Expr:
    return pl.col(column).map_elements(tables.words, return_dtype=pl.String)


def _moved(value: str, low: str, high: str) -> pl.Expr:
    """A difference with its interval in points: ``+3.9 (−2.4 to +10.2)``; alone without one."""
    alone = _text(100 * pl.col(value), 1, signed=True)
    whole = alone + pl.format(" ({})", between(low, high, signed=True))
    return pl.coalesce(whole, alone)


def between(low: str, high: str, *, signed: bool = False) -> pl.Expr:
    """An interval of shares as text: ``71.0 % to 85.6 %``, or ``−2.4 to +10.2`` in points.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": [0.71, float("nan")], "b": [0.856, 1.0]})
    >>> frame.select(between("a", "b")).to_series().to_list()
    ['71.0 % to 85.6 %', None]
    >>> frame.select(between("a", "b", signed=True)).to_series().to_list()
    ['+71.0 to +85.6', None]
    """
    return _told(100 * pl.col(low), 100 * pl.col(high), "" if signed else " %", signed=signed)


def _plain(*, signed: bool = False) -> pl.Expr:
    return _told(pl.col("low"), pl.col("high"), "", signed=signed, digits=2)


def _told(
    low: pl.Expr, high: pl.Expr, unit: str, *, signed: bool = False, digits: int = 1
) -> pl.Expr:
    ends = [_text(end, digits, signed) for end in (low, high)]
    return pl.format(f"{{}}{unit} to {{}}{unit}", *ends)


def _text(value: pl.Expr, digits: int, signed: bool) -> pl.Expr:
    rounded = value.fill_nan(None).round(digits)
    plain = rounded.abs().cast(pl.Decimal(18, digits)).cast(pl.String)
    below = pl.when(rounded < 0).then(pl.lit("−"))
    above = pl.when(rounded > 0).then(pl.lit("+")).otherwise(pl.lit(""))
    return below.otherwise(above if signed else pl.lit("")) + plain


def is_share() -> pl.Expr:
    """Whether a metric is a share; the others count steps in the taxonomy."""
    return ~pl.col("metric").str.starts_with("error_")


def _measured(column: str) -> pl.Expr:
    share = _text(100 * pl.col(column), 1, signed=False) + " %"
    return (
        pl.when(is_share())
        .then(share)
        .otherwise(_text(pl.col(column), 2, signed=False))
        .alias(column)
    )


def _share(heading: str) -> Any:
    return st.column_config.NumberColumn(heading, format=_FORMAT)


def _p(short: str, correction: str) -> Any:
    return st.column_config.TextColumn(
        f"p ({short})", help=f"corrected for many tests after {correction}"
    )


_FORMAT = "%.1f %%"
PERCENT = st.column_config.NumberColumn(format=_FORMAT)
