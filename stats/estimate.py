"""A number that is never alone: its interval, its count, and why it is undefined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

N_RESAMPLES = 10_000
"""Of every bootstrap, unless somebody says otherwise."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and the number of rows it rests on.

    Attributes
    ----------
    value, low, high
        NaN where undefined; an interval may be undefined where the value is not.
    n
        Rows the value rests on.
    n_clusters
        Independent groups of rows; None where rows were taken as independent.
    reason
        Why the value or its interval is undefined; None where both are defined.
    """

    value: float
    low: float
    high: float
    n: int
    n_clusters: int | None = None
    reason: str | None = None

    @classmethod
    def undefined(cls, reason: str, n: int = 0) -> Estimate:
        """An estimate that cannot be made, and why."""
        return cls(math.nan, math.nan, math.nan, n, reason=reason)

    @property
    def is_defined(self) -> bool:
        """Whether the value is a number."""
        return not math.isnan(self.value)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Estimate:
        """An estimate from what `as_json` told."""
        value, low, high = (
            math.nan if body[name] is None else body[name] for name in ("value", "low", "high")
        )
        return cls(value, low, high, body["n"], body.get("n_clusters"), body.get("reason"))

    def as_json(self) -> dict[str, Any]:
        """``value, low, high, n``, undefined as null, with ``reason`` where there is one."""
        body: dict[str, Any] = {
            "value": number_or_none(self.value),
            "low": number_or_none(self.low),
            "high": number_or_none(self.high),
            "n": self.n,
        }
        if self.n_clusters is not None:
            body["n_clusters"] = self.n_clusters
        if self.reason is not None:
            body["reason"] = self.reason
        return body


def number_or_none(value: float) -> float | None:
    """The number, or None for NaN and infinities, which JSON cannot say."""
    return float(value) if math.isfinite(value) else None
