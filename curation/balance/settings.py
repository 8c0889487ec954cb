"""What a person declares about balancing."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Method = Literal["none", "uniform", "sqrt", "temperature", "effective", "cap", "floor"]
Level = Literal["leaf"] | Annotated[int, Field(ge=1)]
By = Literal["over", "under", "both", "weights"]


class BalanceSettings(BaseModel):
    """The ``[balance]`` section: how the categories of train are evened out.

    ``method`` shapes the counts ``n`` of the categories: ``uniform`` gives each as many rows;
    ``sqrt`` rows in proportion to the square root of ``n``; ``temperature`` to
    ``n ** (1 / temperature)`` (Arivazhagan et al. 2019, section 4.2); ``effective`` to
    ``n / E(n)``, where ``E(n) = (1 - beta ** n) / (1 - beta)`` is the effective number of
    examples (Cui et al. 2019, eq. 2), so that a row counts as their eq. 4 weighs it; ``none``
    what it has; ``cap`` and ``floor`` are ``none`` with that bound. ``cap`` and ``floor`` bound
    every method. ``level`` is ``leaf`` (the whole path) or a depth from 1.

    ``by`` says whether records are copied (``over``), dropped (``under``), both, or stay as
    they are and get a weight each (``weights``). ``max_repeats`` is how many copies a record
    may have beside itself; a weight is at most one more. ``total`` is the number of rows
    wanted; without it the method sets it: as many rows as there are where rows are both added
    and dropped, else the fewest (or most) that only adding (or dropping) needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "none"
    level: Level = "leaf"
    temperature: float = Field(default=5.0, ge=1, allow_inf_nan=False)
    beta: float = Field(default=0.999, ge=0, lt=1)
    total: int | None = Field(default=None, ge=1)
    cap: int | None = Field(default=None, ge=1)
    floor: int | None = Field(default=None, ge=1)
    by: By = "both"
    max_repeats: int = Field(default=5, ge=0)
    seed: int = Field(default=7, ge=0)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.method == "cap" and self.cap is None:
            raise ValueError("method cap needs a number: set cap (--cap N)")
        if self.method == "floor" and self.floor is None:
            raise ValueError("method floor needs a number: set floor (--floor N)")
        if self.cap is not None and self.by == "over":
            raise ValueError("a cap drops rows and by = over only adds them: use both or under")
        if self.method == "floor" and self.by == "under":
            raise ValueError(
                "method floor adds rows and by = under only drops them: use both or over"
            )
        if self.total is not None and not self.changes_rows:
            raise ValueError(
                f"a total ({self.total}) counts rows and by = weights changes none: take one away"
            )
        if self.cap is not None and self.floor is not None and self.cap < self.floor:
            raise ValueError(f"the cap ({self.cap}) is below the floor ({self.floor})")
        return self

    @property
    def adds(self) -> bool:
        """Whether records may be copied."""
        return self.by in ("over", "both")

    @property
    def drops(self) -> bool:
        """Whether records may be left out."""
        return self.by in ("under", "both")

    @property
    def changes_rows(self) -> bool:
        """Whether rows are copied or dropped at all; else they get weights."""
        return self.by != "weights"
