"""The answer taken out of the question: a category whose name stands in the title or description."""

from __future__ import annotations

import polars as pl

from curation.exports.settings import ExportSettings

HIDDEN = "[...]"
_FIELDS = ("title", "description")
_FEWEST_LETTERS = 3


def without_answers(rows: pl.DataFrame, settings: ExportSettings, task: str) -> pl.DataFrame:
    """Rows whose title and description do not say the category that is asked.

    The path, parted by " > ", "/" or spaces, and its leaf, as they are written and in lower, upper
    and title case, give way to ``[...]``. Rows that are asked for attributes alone stay as they
    are: their values have to be found in the text.

    Examples
    --------
    >>> rows = pl.DataFrame({"title": ["Steel tea pots"], "category_path": [["Home", "Tea Pots"]]})
    >>> without_answers(rows, ExportSettings(mask_answers=True), "classification")["title"].item()
    'Steel [...]'
    """
    if not settings.mask_answers or "category" not in settings.targets_of(task):
        return rows
    path = pl.col("category_path")
    leaf = path.list.last()
    spelled = [*(path.list.join(sep) for sep in (" > ", "/", " ")), leaf]
    forms = [form for text in spelled for form in _cases(text)]
    for name in _FIELDS:
        if name not in rows.columns or rows.schema[name] != pl.String:
            continue
        for form in forms:
            says = pl.when(form.str.len_chars() >= _FEWEST_LETTERS).then(form)
            parted = pl.col(name).str.split(says.fill_null("\0")).list.join(HIDDEN)
            rows = rows.with_columns(pl.when(pl.col(name).is_not_null()).then(parted).alias(name))
    return rows


def _cases(text: pl.Expr) -> list[pl.Expr]:
    return [text, text.str.to_lowercase(), text.str.to_uppercase(), text.str.to_titlecase()]
