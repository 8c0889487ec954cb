"""Why the wrong answer of a flip is wrong: near its gold, or how far, or no answer at all."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from catalog.paths import split_path
from catalog.text import words
from evaluation.answers.attribute_pairs import normalised, token_f1
from evaluation.answers.contract import Task
from evaluation.answers.outcomes import MEANINGS

CATEGORY_CAUSES: dict[str, str] = {
    "sibling": "another category under the same parent",
    "wrong parent": "the leaf has the right name, under another parent",
    "too coarse": "an ancestor of the gold category",
    "too fine": "a category below the gold one",
    "other branch": "the path parts before the parent of the gold category",
}
VALUE_CAUSES: dict[str, str] = {
    "value wording": "the words of the value are another, half of them or more are shared",
    "other value": "another value",
    "value without need": "a value where the gold has none",
    "missing evidence": "no value, and the gold's words do not stand in the text of the product",
    "missed value": "no value, though the gold's words stand in the text of the product",
}
CAUSES: dict[str, str] = {
    **CATEGORY_CAUSES,
    **VALUE_CAUSES,
    "other answer": "another answer",
    "differs between repeats": "the first repeat has it right, most of them do not",
    **{name: told for name, told in MEANINGS.items() if name != "answered"},
}
_HALF = 0.5


def category_cause(gold: Sequence[str], answer: Sequence[str]) -> str:
    """The cause of a wrong category: a key of `CATEGORY_CAUSES`.

    Examples
    --------
    >>> gold = ["Garden", "Pots", "Clay"]
    >>> category_cause(gold, ["Garden", "Pots", "Steel"]), category_cause(gold, ["Garden"])
    ('sibling', 'too coarse')
    >>> category_cause(gold, ["Kitchen", "Clay"]), category_cause(gold, ["Garden", "Tools"])
    ('wrong parent', 'other branch')
    """
    shared = 0
    for ours, theirs in zip(gold, answer, strict=False):
        if ours != theirs:
            break
        shared += 1
    if shared == len(answer):
        return "too coarse"
    if shared == len(gold):
        return "too fine"
    if shared == len(gold) - 1 == len(answer) - 1:
        return "sibling"
    if gold[-1].casefold() == answer[-1].casefold():
        return "wrong parent"
    return "other branch"


def with_causes(task: Task, flips: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Flips with ``cause`` and ``wrong``, the answer that is wrong: the baseline's where it is fixed.

    Parameters
    ----------
    flips
        `evaluation.comparing.comparison.FLIP_SCHEMA`.
    told
        A line for each example: ``example_id``, ``baseline_outcome`` and ``candidate_outcome``
        (`evaluation.answers.outcomes`), and ``text``, what the product says (null where it is not known).
    """
    is_fixed = pl.col("change") == "fixed"
    rows = flips.join(told, on="example_id", how="left", maintain_order="left").with_columns(
        pl.when(is_fixed).then("baseline").otherwise("candidate").alias("wrong"),
        pl.when(is_fixed)
        .then("baseline_outcome")
        .otherwise("candidate_outcome")
        .fill_null("answered")
        .alias("outcome"),
    )
    distinct = rows.select("gold", "wrong", "outcome", "text").unique()
    if task == "attributes":
        causes = _value_causes(distinct)
    else:
        named = [_cause(task, *row) for row in distinct.rows()]
        causes = distinct.with_columns(pl.Series("cause", named, dtype=pl.String))
    keys = ["gold", "wrong", "outcome", "text"]
    found = rows.join(causes, on=keys, how="left", maintain_order="left", nulls_equal=True)
    return found.select(*flips.columns, "wrong", "cause")


def _cause(task: Task, gold: str, wrong: str | None, outcome: str, _: str | None) -> str:
    if wrong is None or outcome != "answered":
        return outcome if outcome != "answered" else "null"
    if gold == wrong:
        return "differs between repeats"
    if task != "classification":
        return "other answer"
    return category_cause(split_path(gold) or [], split_path(wrong) or [])


def _value_causes(distinct: pl.DataFrame) -> pl.DataFrame:
    gold, wrong = distinct["gold"].fill_null(""), distinct["wrong"].fill_null("")
    same_words = (normalised(gold) == normalised(wrong)) | (token_f1(gold, wrong) >= _HALF)
    is_there = pl.Series(
        [
            text is not None and set(words(value)) <= set(words(text))
            for value, text in zip(gold, distinct["text"], strict=True)
        ],
        dtype=pl.Boolean,
    )
    cause = (
        pl.when(pl.col("outcome") != "answered")
        .then("outcome")
        .when(gold == wrong)
        .then(pl.lit("differs between repeats"))
        .when(gold == "")
        .then(pl.lit("value without need"))
        .when((wrong == "") & is_there)
        .then(pl.lit("missed value"))
        .when((wrong == "") & pl.col("text").is_null())
        .then(pl.lit("missed value"))
        .when(wrong == "")
        .then(pl.lit("missing evidence"))
        .when(same_words)
        .then(pl.lit("value wording"))
        .otherwise(pl.lit("other value"))
    )
    return distinct.with_columns(cause.alias("cause"))


def causes_counted(flips: pl.DataFrame) -> pl.DataFrame:
    """``change, cause, n, share, what`` of `with_causes`, the most frequent of each change first.

    Examples
    --------
    >>> rows = pl.DataFrame({"change": ["fixed"] * 3, "cause": ["sibling", "sibling", "missing"]})
    >>> causes_counted(rows).select("cause", "n").rows()
    [('sibling', 2), ('missing', 1)]
    """
    counted = flips.group_by("change", "cause").agg(pl.len().cast(pl.Int64).alias("n"))
    return counted.with_columns(
        (pl.col("n") / pl.col("n").sum().over("change")).alias("share"),
        pl.col("cause").replace_strict(CAUSES, default="", return_dtype=pl.String).alias("what"),
    ).sort("change", "n", "cause", descending=[True, True, False])
