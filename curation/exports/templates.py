"""How an example of each task is asked: the line that names the task, and a template below it.

A template is text with placeholders in braces, such as ``Query: {query}``. A placeholder becomes
one JSON value, with its quotes and escapes, so that no value can end its line or pass for another;
``{{`` and ``}}`` are braces. A line whose placeholders are all empty is left out.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from catalog.records import TASKS

CLASSIFICATION, EXTRACTION = "classification", "attribute_extraction"
CATALOG_TASKS = (CLASSIFICATION, EXTRACTION)
"""The tasks whose answer is the category and the attributes; that of the others is the target."""

PREFIXES: dict[str, str] = {
    CLASSIFICATION: "[CLASSIFY]",
    EXTRACTION: "[EXTRACT]",
    "question_answering": "[QA]",
    "query_product": "[MATCH]",
    "product_pair": "[MATCH]",
    "sentiment": "[CLASSIFY]",
    "recommendation": "[RANK]",
}
"""Sentiment is a choice among labels, so it is asked as a classification."""

TEMPLATES: dict[str, str] = {
    CLASSIFICATION: "{product_json}",
    EXTRACTION: "{product_json}",
    "question_answering": (
        "Instruction: {instruction}\nQuestion: {question}\nContext: {context}\n"
        "Options: {options}\nProduct: {product_json}"
    ),
    "query_product": (
        "Instruction: {instruction}\nQuery: {query}\nContext: {context}\n"
        "Options: {options}\nProduct: {product_json}"
    ),
    "product_pair": (
        "Instruction: {instruction}\nProduct 1: {product_json}\nProduct 2: {context}\n"
        "Options: {options}"
    ),
    "sentiment": (
        "Instruction: {instruction}\nQuestion: {question}\nText: {context}\n"
        "Options: {options}\nProduct: {product_json}"
    ),
    "recommendation": (
        "Instruction: {instruction}\nQuery: {query}\nQuestion: {question}\nContext: {context}\n"
        "Options: {options}\nProduct: {product_json}"
    ),
}
"""What is asked where the settings have no template of the task."""

PLACEHOLDERS = (
    *("product_json", "title", "brand", "description", "price", "currency"),
    *("instruction", "query", "question", "context", "options", "category_path", "attributes"),
)
_MOST = 20_000


def known_placeholders(task: str, targets: tuple[str, ...] | None) -> tuple[str, ...]:
    """What a template of a task may hold: nothing of the answer, and nothing that tells it.

    Examples
    --------
    >>> "category_path" in known_placeholders("classification", None)
    False
    """
    hidden = set()
    asks_category = "category" in (targets or ()) if task == EXTRACTION else task == CLASSIFICATION
    if asks_category:
        hidden.add("category_path")
    if asks_category or task != EXTRACTION:
        hidden.add("attributes")
    return tuple(name for name in PLACEHOLDERS if name not in hidden)


def check_template(task: str, text: str, targets: tuple[str, ...] | None) -> None:
    """Refuse a template that cannot be filled.

    Raises
    ------
    ValueError
        If the task or a placeholder is not known, a brace stands alone, or it asks nothing.

    Examples
    --------
    >>> check_template("query_product", "{querry}", None)
    Traceback (most recent call last):
    ...
    ValueError: template query_product: no placeholder {querry}. Known: {product_json}, {title}, \
{brand}, {description}, {price}, {currency}, {instruction}, {query}, {question}, {context}, \
{options}, {category_path}
    """
    if task not in TASKS:
        raise ValueError(f"no task {task!r}. Tasks: {', '.join(TASKS)}")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError(f"template {task}: not valid Unicode: it holds half of a surrogate pair")
    if len(text) > _MOST:
        raise ValueError(f"template {task}: {len(text):,} characters, the most is {_MOST:,}")
    try:
        parts = [part for line in text.split("\n") for part in string.Formatter().parse(line)]
    except ValueError as error:
        raise ValueError(
            f"template {task}: {error}. Write {{{{ and }}}} for braces that are no placeholder"
        ) from error
    known = known_placeholders(task, targets)
    asked = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    for name, spec, conversion in asked:
        if name not in known or spec or conversion:
            told = ", ".join(f"{{{each}}}" for each in known)
            given = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise ValueError(f"template {task}: no placeholder {{{given}}}. Known: {told}")
    if not asked:
        raise ValueError(
            f"template {task}: it has no placeholder, so every line would ask the same"
        )


@dataclass(frozen=True)
class Part:
    """What a placeholder becomes.

    Attributes
    ----------
    text
        One JSON value a row, never null.
    is_there
        Whether a row has something there; None where every row has.
    """

    text: pl.Expr
    is_there: pl.Expr | None = None


def filled(template: str, parts: Mapping[str, Part]) -> pl.Expr:
    """A template with its values, by placeholder.

    Examples
    --------
    >>> frame = pl.DataFrame({"q": ['"tea"', "null"], "t": ['"mug"', '"pot"']})
    >>> parts = {"query": Part(pl.col("q"), pl.col("q") != "null"), "title": Part(pl.col("t"))}
    >>> frame.select(filled("Query: {query}\\nTitle: {title}", parts)).to_series().to_list()
    ['Query: "tea"\\nTitle: "mug"', 'Title: "pot"']
    """
    lines = [_line(line, parts) for line in template.split("\n")]
    return lines[0] if len(lines) == 1 else pl.concat_str(lines, separator="\n", ignore_nulls=True)


def _line(line: str, parts: Mapping[str, Part]) -> pl.Expr:
    """A line with its values; null where all of its placeholders are empty."""
    texts: list[pl.Expr] = []
    asked: list[Part] = []
    for literal, name, _, _ in string.Formatter().parse(line):
        if literal:
            texts.append(pl.lit(literal))
        if name is not None:
            asked.append(parts[name])
            texts.append(parts[name].text)
    whole = pl.concat_str(texts) if texts else pl.lit("")
    there = [part.is_there for part in asked if part.is_there is not None]
    if not asked or len(there) < len(asked):
        return whole
    return pl.when(pl.any_horizontal(there)).then(whole)
