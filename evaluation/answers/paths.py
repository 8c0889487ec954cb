"""The category path that each prediction gives, or why it gives none."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.paths import joined, parted
from evaluation.answers.candidates import first_candidates
from evaluation.answers.json_text import is_strict_json, path_parts
from evaluation.answers.outcomes import without_answer

MAX_LEVELS = 32
"""A path deeper than this is no path: the deepest published taxonomy has 8 levels."""

_READ_SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "path": pl.List(pl.String),
        "outcome": pl.String(),
        "is_json": pl.Boolean(),
    }
)


def read_paths(texts: pl.Series, *, is_raw: bool, names: pl.Series | None = None) -> pl.DataFrame:
    """Read texts as category paths, strictly.

    A text is a JSON object with ``category_path`` or ``category``, a JSON list of names, a JSON
    string, or the bare path, names parted by ``>``. Anything else, such as JSON inside a sentence
    or a half-written object, is invalid.

    Parameters
    ----------
    is_raw
        Whether a model wrote the texts. A raw text without a ``>`` is a path only if it is one
        of the ``names``: "I do not know" is not a category.
    names
        Whole paths, joined, that need no ``>`` to be known as paths.

    Returns
    -------
    ``path`` (``list[str]``, null without an answer), ``outcome`` (`OUTCOMES`; null for a null
    text), ``is_json``, in the order of the texts.

    Examples
    --------
    >>> texts = pl.Series(['{"category": "Garden > Pots"}', "Garden > Pots", '{"category": ', "[]"])
    >>> read_paths(texts, is_raw=True)["outcome"].to_list()
    ['answered', 'answered', 'invalid', 'empty']
    """
    given = texts.rename("text").cast(pl.String)
    read = _read_distinct(given.drop_nulls().unique(), is_raw, names)
    return (
        given.to_frame()
        .join(read, on="text", how="left", maintain_order="left")
        .select("path", "outcome", "is_json")
    )


def _read_distinct(texts: pl.Series, is_raw: bool, names: pl.Series | None) -> pl.DataFrame:
    if texts.is_empty():
        return pl.DataFrame(schema=_READ_SCHEMA)
    bare = texts.str.strip_chars()
    frame = pl.DataFrame({"text": texts, "bare": bare, "is_json": is_strict_json(bare)})
    coded = frame.filter("is_json")
    parts = path_parts(coded["bare"])
    coded = pl.concat([coded.select("text"), parts.rename({"text": "spelled"})], how="horizontal")
    frame = frame.join(coded, on="text", how="left", maintain_order="left")
    looks_coded = pl.col("bare").str.contains(r"^[\[{]") | pl.col("bare").str.contains("\n")
    bare_text = ~pl.col("is_json") & ~looks_coded
    if is_raw:
        known = pl.lit(False) if names is None else pl.col("bare").is_in(names.implode())
        bare_text &= known | pl.col("bare").str.replace_all(r"\\>", "").str.contains(">")
    spelled = pl.when(bare_text).then("bare").otherwise("spelled")
    path = (
        frame.with_columns(spelled.alias("spelled"))
        .with_columns(
            pl.when(pl.col("names").is_not_null())
            .then(_tidy("names"))
            .when(pl.col("spelled").is_not_null())
            .then(parted("spelled"))
            .alias("path"),
            is_path=bare_text | pl.col("kind").is_in(["list", "text"]),
        )
        .with_columns(n_levels=pl.col("path").list.len())
    )
    outcome = (
        pl.when(pl.col("bare") == "")
        .then(pl.lit("empty"))
        .when(pl.col("kind") == "null")
        .then(pl.lit("null"))
        .when(~pl.col("is_path").fill_null(False) | (pl.col("n_levels") > MAX_LEVELS))
        .then(pl.lit("invalid"))
        .when(pl.col("n_levels").fill_null(0) == 0)
        .then(pl.lit("empty"))
        .otherwise(pl.lit("answered"))
    )
    return path.with_columns(outcome.alias("outcome")).select(
        "text", pl.when(pl.col("outcome") == "answered").then("path"), "outcome", "is_json"
    )


def _tidy(column: str) -> pl.Expr:
    """Names without the white space around them, empty ones dropped."""
    names = pl.col(column).list.eval(pl.element().str.strip_chars())
    return names.list.eval(pl.element().filter(pl.element() != ""))


@dataclass(frozen=True)
class ReadAnswers:
    """What was read from predictions.

    Attributes
    ----------
    rows
        ``answer`` (joined path, null without one), ``outcome``, ``is_json`` (null without a raw
        output), in the order of the predictions.
    paths
        Each distinct answer once: ``path_text``, ``path``.
    """

    rows: pl.DataFrame
    paths: pl.DataFrame


def answered_paths(predictions: pl.DataFrame, names: pl.Series | None = None) -> ReadAnswers:
    """Each prediction's path and outcome.

    The path is its ``category_path``, else its ``parsed``, else what its raw output says; the best
    of its ``candidates`` where there is none of the three.

    Parameters
    ----------
    predictions
        Columns of the contract and ``is_there``, one row a gold row.
    names
        Joined paths of the taxonomy.
    """
    given = read_paths(predictions["category_path"], is_raw=False)
    parsed = read_paths(predictions["parsed"], is_raw=False)
    raw = read_paths(predictions["raw_output"], is_raw=True, names=names)
    silent = predictions.select(
        pl.all_horizontal(pl.col("category_path", "parsed", "raw_output").is_null())
    ).to_series()
    first = first_candidates(
        predictions["candidates"].zip_with(silent, pl.Series([None], dtype=pl.String))
    )
    frame = pl.DataFrame(
        {
            "given": given["path"],
            "parsed": parsed["path"],
            "raw": raw["path"],
            "first": first,
            "candidates": predictions["candidates"],
            "given_outcome": given["outcome"],
            "parsed_outcome": parsed["outcome"],
            "raw_outcome": raw["outcome"],
            "is_json": raw["is_json"],
            "known": predictions.select(without_answer()).to_series(),
        }
    )
    shallow = pl.when(pl.col("first").list.len() <= MAX_LEVELS).then("first")
    ranked = (
        pl.when(pl.col("candidates").str.strip_chars() == "[]")
        .then(pl.lit("empty"))
        .when(pl.col("candidates").is_not_null())
        .then(pl.lit("invalid"))
    )
    said = pl.coalesce("raw_outcome", "parsed_outcome", "given_outcome", ranked, pl.lit("null"))
    read = (
        frame.with_columns(pl.coalesce("given", "parsed", "raw", shallow).alias("path"))
        .with_columns(
            pl.coalesce(
                "known",
                pl.when(pl.col("path").is_not_null()).then(pl.lit("answered")).otherwise(said),
            ).alias("outcome")
        )
        .with_columns(pl.when(pl.col("outcome") == "answered").then("path"))
        .with_columns(joined("path").alias("answer"))
    )
    paths = read.select(pl.col("answer").alias("path_text"), "path").drop_nulls("path_text")
    return ReadAnswers(
        read.select("answer", "outcome", "is_json"), paths.unique("path_text", maintain_order=True)
    )
