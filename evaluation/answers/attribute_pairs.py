"""Attributes as one long frame, whatever they were written as: a row for each value."""

from __future__ import annotations

import polars as pl

from catalog.errors import InputError
from catalog.text import casefolded, folded
from evaluation.answers.evidence import bare_values, objects_of
from evaluation.answers.json_text import is_strict_json, pairs_of

PAIR_SCHEMA = pl.Schema({"row": pl.Int64(), "key": pl.String(), "value": pl.String()})
NULL_VALUES = ("", "n/a", "none", "null")
"""Values that say "there is none", whatever their case."""
_ARTICLES = ("a", "an", "the")


def attribute_values(
    attributes: pl.Series, null_values: tuple[str, ...] = NULL_VALUES
) -> pl.DataFrame:
    """The attributes of each row, a line for each value; null where a key has none.

    Parameters
    ----------
    attributes
        JSON objects as text (``{key: value, list of values or null}``), structs, or lists of
        ``key, evidences`` as records keep them. A null row has no lines. A value may stand with its
        place (`evaluation.answers.evidence`).
    null_values
        Texts that count as null, compared without case and outer white space.

    Returns
    -------
    `PAIR_SCHEMA`, each ``row, key, value`` once; a key with a value has no null line.

    Examples
    --------
    >>> attribute_values(pl.Series(['{"Colour": ["red", "N/A"], "Size": null}'])).rows()
    [(0, 'Colour', 'red'), (0, 'Size', None)]
    """
    long = _long(attributes)
    value = pl.col("value").str.strip_chars()
    is_null = value.str.to_lowercase().is_in([v.casefold() for v in null_values])
    return (
        long.with_columns(pl.when(~is_null).then(value).alias("value"))
        .unique(maintain_order=True)
        .filter(pl.col("value").is_not_null() | pl.col("value").is_null().all().over("row", "key"))
    )


def _long(attributes: pl.Series) -> pl.DataFrame:
    dtype = attributes.dtype
    if isinstance(dtype, pl.Struct):
        attributes = attributes.struct.json_encode()
    elif isinstance(dtype, pl.List):
        return _of_records(attributes)
    texts = objects_of(attributes.cast(pl.String).str.strip_chars())
    there = texts.is_not_null()
    rows = there.arg_true()
    wrong = (~is_json_object(texts.filter(there))).arg_true()
    if len(wrong):
        raise InputError(
            f"attributes of row {rows[wrong[0]] + 1} are not a JSON object: "
            f"{texts[int(rows[wrong[0]])][:80]!r}."
        )
    found = pairs_of(texts.filter(there)).with_columns(pl.col("value").map_batches(bare_values))
    return found.select(
        rows.cast(pl.Int64).gather(found["index"]).alias("row"), "key", "value"
    ).cast(PAIR_SCHEMA)


def is_json_object(texts: pl.Series) -> pl.Series:
    """Whether each text is one strict JSON object; null stays null."""
    return is_strict_json(texts) & texts.str.strip_chars().str.starts_with("{")


def _of_records(attributes: pl.Series) -> pl.DataFrame:
    held = (
        attributes.rename("pair")
        .to_frame()
        .with_row_index("row")
        .explode("pair")
        .drop_nulls("pair")
    )
    values = held.unnest("pair").explode("evidences", empty_as_null=True)
    return values.select(
        pl.col("row").cast(pl.Int64), "key", pl.col("evidences").struct.field("value")
    ).cast(PAIR_SCHEMA)


def normalised(values: pl.Series) -> pl.Series:
    """Values without case and with single spaces; null stays null.

    Examples
    --------
    >>> normalised(pl.Series(["Dark   RED "])).to_list()
    ['dark red']
    """
    return casefolded(values).str.replace_all(r"\s+", " ").str.strip_chars()


def token_f1(gold: pl.Series, answer: pl.Series) -> pl.Series:
    """The overlap of the words of two texts, as F1 (SQuAD; Rajpurkar et al. 2016).

    Case, punctuation and the words a, an, the do not count; repeats do. Where either text has
    no words it is 1 if both have none and the texts are equal, else 0.

    Examples
    --------
    >>> token_f1(pl.Series(["the dark red"]), pl.Series(["Red, bright"])).to_list()
    [0.5]
    """
    pairs = pl.DataFrame({"gold": gold, "answer": answer}).with_row_index("pair")
    bags = [_bags(pairs["gold"]), _bags(pairs["answer"])]
    sizes = [bag.group_by("pair").agg(pl.col("count").sum().alias("size")) for bag in bags]
    shared = (
        bags[0]
        .join(bags[1], on=["pair", "word"], suffix="_other")
        .group_by("pair")
        .agg(pl.min_horizontal("count", "count_other").sum().alias("shared"))
    )
    joined = pairs
    for frame, suffix in ((sizes[0], ""), (sizes[1], "_other"), (shared, "")):
        joined = joined.join(frame, on="pair", how="left", maintain_order="left", suffix=suffix)
    both = pl.col("size") + pl.col("size_other")
    wordless = pl.col("size").is_null() & pl.col("size_other").is_null()
    return joined.select(
        pl.when(both.is_not_null())
        .then(2 * pl.col("shared").fill_null(0) / both)
        .otherwise((wordless & (pl.col("gold") == pl.col("answer"))).cast(pl.Float64))
        .alias("token_f1")
    ).to_series()


def _bags(texts: pl.Series) -> pl.DataFrame:
    words = folded(texts).alias("word").to_frame().with_row_index("pair")
    return (
        words.with_columns(pl.col("word").str.split(" "))
        .explode("word")
        .filter(~pl.col("word").is_in([*_ARTICLES, ""]))
        .group_by("pair", "word")
        .agg(pl.len().cast(pl.Int64).alias("count"))
    )
