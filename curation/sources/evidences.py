"""Published values of attributes, each with its place in the text where it has one."""

from __future__ import annotations

import polars as pl

from catalog.records import ATTRIBUTE, EVIDENCE


def attributes_of(values: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """The ``attributes`` of each row.

    A value stands first where it is a word of its own ("Red" not in "Covered"), else where
    it is part of one; in the first paragraph that has it. A value that stands nowhere has no
    place (``pid``, ``begin`` and ``end`` null).

    Parameters
    ----------
    values
        ``nr, key, value, source``, in order. A null value is "asked, and there is none"; a
        ``source`` names the paragraph to look in, null any.
    texts
        ``nr, paragraphs``.

    Returns
    -------
    ``nr, attributes``; rows without values are absent.

    Examples
    --------
    >>> texts = pl.DataFrame({"nr": [0], "paragraphs": [[{"text": "Covered Red", "source": "t"}]]})
    >>> values = pl.DataFrame({"nr": [0], "key": ["Color"], "value": ["Red"], "source": [None]})
    >>> attributes_of(values, texts)["attributes"][0].to_list()[0]["evidences"]
    [{'value': 'Red', 'pid': 0, 'begin': 8, 'end': 11}]
    """
    values = values.select("nr", pl.col("key", "value", "source").cast(pl.String)).with_row_index(
        "n"
    )
    return (
        values.join(_places(values, texts), on="n", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("value").is_not_null()).then(
                pl.struct("value", "pid", "begin", "end").cast(EVIDENCE)
            )
            .alias("evidence")
        )
        .group_by("nr", "key", maintain_order=True)
        .agg(pl.col("evidence").drop_nulls().alias("evidences"))
        .group_by("nr", maintain_order=True)
        .agg(pl.struct("key", "evidences").cast(ATTRIBUTE).alias("attributes"))
    )  # fmt: skip


def _places(values: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """``n, pid, begin, end`` of each value that stands in a paragraph."""
    paragraphs = (
        texts.explode("paragraphs")
        .drop_nulls("paragraphs")
        .with_columns(pl.int_range(pl.len()).over("nr").cast(pl.Int32).alias("pid"))
        .unnest("paragraphs")
        .rename({"source": "where"})
    )
    looked = (
        values.filter(pl.col("value").str.len_chars() > 0)
        .join(paragraphs, on="nr", how="inner", maintain_order="left_right")
        .filter(pl.col("source").is_null() | (pl.col("source") == pl.col("where")))
    )
    word = pl.concat_str(
        pl.lit(r"\b{start-half}"), pl.col("value").str.escape_regex(), pl.lit(r"\b{end-half}")
    )
    at = pl.coalesce(
        pl.col("text").str.find(word), pl.col("text").str.find(pl.col("value"), literal=True)
    )
    before = pl.col("text").cast(pl.Binary).bin.slice(0, pl.col("at")).cast(pl.String)
    begin = before.str.len_chars().cast(pl.Int32)
    return (
        looked.with_columns(at.alias("at"))
        .drop_nulls("at")
        .sort("n", "pid")
        .unique("n", keep="first", maintain_order=True)
        .select(
            "n", "pid", begin.alias("begin"),
            (begin + pl.col("value").str.len_chars()).cast(pl.Int32).alias("end"),
        )
    )  # fmt: skip
