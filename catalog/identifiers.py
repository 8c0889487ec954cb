"""Identifiers made comparable: one spelling of each value, and values that stand for none."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from catalog.brands import GENERIC
from catalog.text import folded


def compact(values: pl.Series) -> pl.Series:
    """Values without case, accents, spaces and punctuation.

    Examples
    --------
    >>> compact(pl.Series(["WH-1000 XM4", "n/a", None])).to_list()
    ['wh1000xm4', 'na', None]
    """
    return folded(values).str.replace_all(" ", "", literal=True)


def is_placeholder(kinds: pl.Series, values: pl.Series, more: Iterable[str] = ()) -> pl.Series:
    """Whether a value stands where there is no identifier: a word for nothing, or all zeros.

    Parameters
    ----------
    kinds, values
        Of identifiers, the values as `compact` gives them.
    more
        Other such values, in any spelling; behind ``KIND:`` of one kind alone.

    Examples
    --------
    >>> kinds, values = pl.Series(["gtin", "mpn", "mpn"]), pl.Series(["0000", "colpriceval", "x1"])
    >>> is_placeholder(kinds, values, ["mpn:COL: price, VAL", "mpn:X:2"]).to_list()
    [True, True, False]
    """
    given = pl.Series([*GENERIC, *more], dtype=pl.String)
    parted = given.str.splitn(":", 2).struct
    of_kind = parted.field("field_0") + ":" + compact(parted.field("field_1"))
    is_named = values.is_in(compact(given).implode()) | (kinds + ":" + values).is_in(
        of_kind.drop_nulls().implode()
    )
    return (is_named | (values.str.strip_chars("0") == "")).fill_null(True)
