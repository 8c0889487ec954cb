"""Which metrics have no value, and why, in one line."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from catalog.wording import words

UNTOLD = "Not told by these predictions"


def untold(metrics: pl.DataFrame, start: str = UNTOLD, named: Callable[[str], str] = words) -> str:
    """Metrics that have no value and why, in one line; empty where there are none.

    Parameters
    ----------
    metrics
        ``metric``, and ``reason`` where it is known.
    named
        How a metric is called.
    """
    known = metrics if "reason" in metrics.columns else metrics.with_columns(reason=None)
    by_reason = known.group_by("reason", maintain_order=True).agg("metric")
    told = [
        ", ".join(map(named, some)) + ("" if reason is None else f" ({reason})")
        for reason, some in by_reason.iter_rows()
    ]
    return f"{start}: {'; '.join(told)}." if told else ""
