"""What a source says beyond the record: the JSON text in ``extra``."""

from __future__ import annotations

import polars as pl

SURFACE_FORMS = "surface_forms"
"""The member that holds the forms of an attribute of which one is "there is none"."""


def with_members(told: pl.Expr) -> pl.Expr:
    """``extra`` with the members of one more JSON object behind its own.

    Parameters
    ----------
    told
        JSON text of an object that has members.

    Examples
    --------
    >>> rows = pl.DataFrame({"extra": [None, '{"a":1}'], "told": ['{"b":2}', '{"b":2}']})
    >>> rows.select(with_members(pl.col("told")))["extra"].to_list()
    ['{"b":2}', '{"a":1,"b":2}']
    """
    extra = pl.col("extra")
    return (
        pl.when(extra.is_null() | (extra == "{}"))
        .then(told)
        .otherwise(pl.concat_str(extra.str.head(-1), pl.lit(","), told.str.slice(1)))
        .alias("extra")
    )
