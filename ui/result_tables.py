"""Scores and comparisons as tables for people: shares in per cent, differences in points."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from ui import tables

INTERVAL = "95 % interval"


def board(frame: pl.DataFrame) -> None:
    """The leaderboard, best first."""
    of_difference = "95 % interval of the difference"
    tables.show(
        frame.select(
            "rank",
            "run",
            "value",
            between("low", "high").alias(INTERVAL),
            pl.col("n").alias("n_rows"),
            points("difference").alias("to the best"),
            between("difference_low", "difference_high", signed=True).alias(of_difference),
            "p_holm",
            pl.col("is_tied_with_best").alias("tied with the best"),
        ),
        column_config={"value": _PERCENT, "to the best": _POINTS, "p_holm": _p("Holm")},
    )


def metrics(frame: pl.DataFrame) -> None:
    """Every metric of one run with what it means."""
    tables.show(
        frame.select(
            pl.col("metric").map_elements(tables.words, return_dtype=pl.String),
            _measured("value"),
            pl.when(is_share()).then(between("low", "high")).otherwise(_plain()).alias(INTERVAL),
            pl.col("n").alias("n_rows"),
            "what it is",
        ),
        column_config={"what it is": st.column_config.TextColumn(width="large")},
    )


def differences(frame: pl.DataFrame) -> None:
    """Every metric of two runs side by side."""
    signed = between("low", "high", signed=True)
    tables.show(
        frame.select(
            pl.col("metric").map_elements(tables.words, return_dtype=pl.String),
            _measured("baseline"),
            _measured("candidate"),
            pl.when(is_share()).then(100 * pl.col("difference")).otherwise("difference")
            .alias("difference"),
            pl.when(is_share()).then(signed).otherwise(_plain()).alias(INTERVAL),
            pl.col("n").alias("n_rows"),
            pl.when("higher_is_better").then(pl.lit("higher")).otherwise(pl.lit("lower"))
            .alias("better is"),
        ),
        column_config={"difference": _POINTS},
    )  # fmt: skip


def categories(frame: pl.DataFrame) -> None:
    """Precision, recall and F1 of every category."""
    shares = {name: _share(name) for name in ("precision", "recall")}
    tables.show(
        frame.select(
            "category",
            pl.col("support").alias("gold rows"),
            *(name for name in ("answers", "right") if name in frame.columns),
            *shares,
            "f1",
            between("f1_low", "f1_high").alias("95 % interval of F1"),
        ),
        column_config={**shares, "f1": _share("F1")},
    )


def moved(frame: pl.DataFrame) -> None:
    """What changed in every category, the most first."""
    shares = {name: _share(name) for name in ("baseline", "candidate")}
    tables.show(
        frame.sort(pl.col("difference").abs().fill_nan(None) * pl.col("n"), descending=True,
                   nulls_last=True, maintain_order=True)
        .select(
            "category",
            pl.col("n").alias("n_rows"),
            pl.col("n_clusters").alias("groups"),
            *shares,
            points("difference"),
            between("low", "high", signed=True).alias(INTERVAL),
            "p_holm",
            "p_bh",
            "mark",
        ),
        column_config={
            **shares, "difference": _POINTS, "p_holm": _p("Holm"),
            "p_bh": _p("Benjamini-Hochberg"), "mark": st.column_config.Column("shown"),
        },
    )  # fmt: skip


def points(column: str) -> pl.Expr:
    """A difference of shares in percentage points."""
    return (100 * pl.col(column)).alias(column)


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


def _plain() -> pl.Expr:
    return _told(pl.col("low"), pl.col("high"), "", digits=2)


def _told(
    low: pl.Expr, high: pl.Expr, unit: str, *, signed: bool = False, digits: int = 1
) -> pl.Expr:
    ends = [_text(end, digits, signed) for end in (low, high)]
    return pl.format(f"{{}}{unit} to {{}}{unit}", *ends)


def _text(value: pl.Expr, digits: int, signed: bool) -> pl.Expr:
    rounded = value.fill_nan(None).round(digits)
    plain = rounded.abs().cast(pl.Decimal(18, digits)).cast(pl.String)
    below = pl.when(rounded < 0).then(pl.lit("−"))
    return below.otherwise(pl.lit("+" if signed else "")) + plain


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
    return st.column_config.NumberColumn(heading, format="percent")


def _p(correction: str) -> Any:
    return st.column_config.NumberColumn(
        f"p ({correction})", format="%.2g", help=f"corrected for many tests after {correction}"
    )


_PERCENT = st.column_config.NumberColumn(format="percent")
_POINTS = st.column_config.NumberColumn(format="%+.1f", help="percentage points")
