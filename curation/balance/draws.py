"""Random numbers that belong to a text: the same on every machine, in any order of rows."""

from __future__ import annotations

import polars as pl

from catalog.querying import querying


def draws(texts: pl.Series, seed: int, purpose: str) -> pl.Series:
    """A number for each text, uniform over 64 bits: half of the MD5 of seed, purpose and text.

    Parameters
    ----------
    texts
        Without nulls; equal texts draw equal numbers.
    purpose
        Two purposes draw independent numbers for one text.

    Returns
    -------
    ``UInt64`` in the order of ``texts``.

    Examples
    --------
    >>> one = draws(pl.Series(["a", "b"]), 7, "mask")
    >>> one.reverse().to_list() == draws(pl.Series(["b", "a"]), 7, "mask").to_list()
    True
    """
    rows = pl.DataFrame({"text": texts.cast(pl.String)}).to_arrow()
    salt = f"{seed}/{purpose}/".replace("'", "''")
    with querying() as database:
        database.register("rows", rows)
        drawn = database.sql(f"select md5_number_lower('{salt}' || text) as draw from rows")
        return pl.Series("draw", drawn.to_arrow_table().column(0), dtype=pl.UInt64)
