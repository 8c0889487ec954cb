"""The answer taken out of the question: a category whose name stands in the title or description."""

from __future__ import annotations

import re

import polars as pl

from curation.exports.settings import ExportSettings

HIDDEN = "[...]"
_FIELDS = ("title", "description")
_FEWEST_LETTERS = 3
_BETWEEN_WORDS = r"[\W_]+"


def without_answers(rows: pl.DataFrame, settings: ExportSettings, task: str) -> pl.DataFrame:
    """Rows whose title and description do not say the category that is asked.

    The path and its leaf give way to ``[...]``, in any case, whatever stands between their words,
    and in the plural; but not within another word. Rows that are asked for attributes alone stay as
    they are: their values have to be found in the text.

    Examples
    --------
    >>> rows = pl.DataFrame({"title": ["Steel tea pots"], "category_path": [["Home", "Tea Pots"]]})
    >>> without_answers(rows, ExportSettings(mask_answers=True), "classification")["title"].item()
    'Steel [...]'
    """
    if not settings.mask_answers or "category" not in settings.targets_of(task):
        return rows
    for name in _FIELDS:
        if name in rows.columns and rows.schema[name] == pl.String:
            rows = rows.with_columns(_without(rows[name], rows["category_path"]))
    return rows


def _without(texts: pl.Series, paths: pl.Series) -> pl.Series:
    """Each text without the last name of its path; one regular expression for each path."""
    word = pl.col("path").list.last().str.to_lowercase().str.extract(r"(\w+)")
    may_say = pl.col("text").str.to_lowercase().str.contains(word, literal=True)
    held = pl.DataFrame({"text": texts, "path": paths}).with_row_index("row").filter(may_say)
    for part in held.partition_by("path"):
        said = _said(part["path"][0].to_list())
        if said is not None:
            texts = texts.scatter(part["row"], part["text"].str.replace_all(said, HIDDEN))
    return texts


def _said(path: list[str]) -> str | None:
    """What says a path or its leaf; None where that has too few letters to tell anything.

    Examples
    --------
    >>> re.sub(_said(["Food", "Oil"]), "", "Boiled oils, Food/Oil; soil")
    'Boiled , ; soil'
    """
    forms = [re.findall(r"\w+", " ".join(names)) for names in (path, path[-1:])]
    told = [_BETWEEN_WORDS.join(words) for words in forms if len("".join(words)) >= _FEWEST_LETTERS]
    if not told:
        return None
    has_case = path[-1].lower() != path[-1].upper()
    edge = r"\b" if has_case else ""  # scripts without case part no words, or not by spaces alone
    return rf"(?i){edge}(?:{'|'.join(told)})(?:e?s)?{edge}"
