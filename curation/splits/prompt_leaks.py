"""Answers that stand in the question: a brand in the title where the brand is asked.

Not a leak between splits but inside one example. For an extraction that is how it must be; for a
category whose path stands in the description, a score measures reading and not knowing.
"""

from __future__ import annotations

import polars as pl

from catalog.text import folded

PROMPT_LEAKS = pl.Schema(
    {
        "question": pl.String(),
        "field": pl.String(),
        "n_asked": pl.Int64(),
        "n_standing": pl.Int64(),
        "share": pl.Float64(),
    }
)
_FIELDS = ("title", "description", "query", "question", "brand")
_MOST_KEYS = 50
_FEWEST_LETTERS = 3


def prompt_leaks(records: pl.LazyFrame) -> pl.DataFrame:
    """How often the answer to each question stands, word for word, in each field of the input.

    Case, accents and punctuation do not count; whole words do. The questions: the leaf of the
    category, its whole path, the brand, the values of the fifty most common attributes, and the
    target of the other tasks. Answers under three letters tell nothing and are not asked.

    Returns
    -------
    ``question, field, n_asked, n_standing, share``, the highest shares first; a question and a
    field that no record has are left out.

    Examples
    --------
    >>> prompt_leaks(pl.LazyFrame({"title": ["Acme mug", "Pot"], "brand": ["ACME", "Bolt"]})).rows()
    [('brand', 'title', 2, 1, 0.5)]
    """
    present = records.collect_schema()
    fields = [name for name in _FIELDS if present.get(name) == pl.String]
    if not fields:
        return pl.DataFrame(schema=PROMPT_LEAKS)
    texts = records.select(fields).collect()
    texts = texts.select(_padded(texts[name]).alias(name) for name in fields)
    found = [pl.DataFrame(schema=PROMPT_LEAKS)]
    for question, rows in _answers(records, set(present.names())).items():
        asked = rows.with_columns(_padded(rows["answer"]).alias("answer")).filter(
            pl.col("answer").str.len_chars() >= _FEWEST_LETTERS + 2
        )
        if asked.is_empty():
            continue
        for name in fields:
            if name == question:
                continue
            held = asked.with_columns(texts[name].gather(asked["row"]).alias("text")).filter(
                pl.col("text").str.strip_chars() != ""
            )
            if held.is_empty():
                continue
            stands = pl.col("text").str.contains(pl.col("answer"), literal=True)
            n = int(held.select(stands.sum()).item())
            found.append(
                pl.DataFrame(
                    [(question, name, held.height, n, n / held.height)],
                    schema=PROMPT_LEAKS,
                    orient="row",
                )
            )
    return pl.concat(found).sort("share", "question", "field", descending=[True, False, False])


def _padded(texts: pl.Series) -> pl.Series:
    """The words of each text between spaces, so that only whole words are found."""
    words = folded(texts.cast(pl.String)).fill_null("")
    return (" " + words + " ").rename(texts.name)


def _answers(records: pl.LazyFrame, present: set[str]) -> dict[str, pl.DataFrame]:
    """``row, answer`` by question."""
    made: dict[str, pl.DataFrame] = {}
    numbered = records.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    if "category_path" in present:
        path = pl.col("category_path")
        has = numbered.filter(path.list.len() > 0)
        made["category"] = has.select("row", path.list.last().alias("answer")).collect()
        deep = has.filter(path.list.len() > 1)
        made["category path"] = deep.select("row", path.list.join(" ").alias("answer")).collect()
    if "brand" in present:
        made["brand"] = numbered.select("row", pl.col("brand").alias("answer")).collect()
    if "target" in present:
        made["target"] = numbered.select("row", pl.col("target").alias("answer")).collect()
    if "attributes" in present:
        made |= _attribute_answers(numbered)
    return {name: rows.drop_nulls("answer") for name, rows in made.items()}


def _attribute_answers(numbered: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    values = (
        pl.col("attributes")
        .struct.field("evidences")
        .list.eval(pl.element().struct.field("value").drop_nulls().first())
    )
    held = (
        numbered.select("row", "attributes")
        .filter(pl.col("attributes").list.len() > 0)
        .explode("attributes")
        .select(
            "row",
            pl.col("attributes").struct.field("key").alias("key"),
            values.list.first().alias("answer"),
        )
        .drop_nulls()
        .collect()
    )
    keys = held["key"].value_counts(sort=True).sort("count", "key", descending=[True, False])
    return {
        f"attribute {key}": held.filter(pl.col("key") == key).select("row", "answer")
        for key in keys["key"].head(_MOST_KEYS)
    }
