"""What differs between the texts of a pair: words, quantities, model numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.text import folded
from curation.duplicates.dedupe import Likeness
from curation.duplicates.numbers import numbers_in
from curation.duplicates.probe import jaccard

_PAIRS_AT_ONCE = 200_000
WORD, NUMBER, MODEL = "word", "number or unit", "model number"


def what_differs(texts: pl.Series, pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs with what only one of their texts has.

    Parameters
    ----------
    pairs
        ``left, right`` are row numbers of ``texts``.

    Returns
    -------
    The pairs with ``only_left`` and ``only_right`` (words), ``differs`` (what kinds of
    difference: ``model number``, ``number or unit``, ``word``; empty where the words are the
    same), and ``contradicts``: whether each has a number of one kind that the other lacks.

    Examples
    --------
    >>> texts = pl.Series(["acme drive 128GB", "drive 256 GB ACME black"])
    >>> what_differs(texts, pl.DataFrame({"left": [0], "right": [1]})).row(0)[2:]
    ('128gb', '256 black gb', 'number or unit, word', True)
    """
    parts = [
        _part(texts, pairs[first : first + _PAIRS_AT_ONCE])
        for first in range(0, max(1, pairs.height), _PAIRS_AT_ONCE)
    ]
    return pl.concat(parts)


def what_differs_most_alike(
    texts: list[pl.Series], pairs: pl.DataFrame, likeness: Likeness
) -> pl.DataFrame:
    """As `what_differs`, each pair by that of several texts of a row by which it is most alike.

    Of equally similar ones by the last, which has most in it.

    Parameters
    ----------
    texts
        Texts of the same rows, such as the title, and the title with the description.
    likeness
        How they are compared.

    Returns
    -------
    As `what_differs`, in the order of ``pairs``.

    Examples
    --------
    >>> texts = [pl.Series(["red cup", "red cup"]), pl.Series(["red cup old", "red cup for tea"])]
    >>> pairs = pl.DataFrame({"left": [0], "right": [1]})
    >>> what_differs_most_alike(texts, pairs, Likeness()).row(0)[2:4]
    ('', '')
    """
    if len(texts) == 1:
        return what_differs(texts[0], pairs)
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    alike = []
    for text in texts:
        sets = likeness.sets(text)
        alike.append(jaccard(sets.starts, sets.tokens, left, right))
    best = len(texts) - 1 - np.argmax(np.stack(alike[::-1]), axis=0)
    numbered = pairs.with_columns(_pair=pl.Series(np.arange(pairs.height)))
    parts = [what_differs(text, numbered.filter(best == n)) for n, text in enumerate(texts)]
    return pl.concat(parts).sort("_pair").drop("_pair")


def _part(texts: pl.Series, pairs: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([pairs["left"], pairs["right"]]).unique().sort()
    held = texts.gather(rows).cast(pl.String).fill_null("")
    of_numbers = _by_row(held, rows)
    words = pl.DataFrame({"row": rows, "words": folded(held).str.split(" ")})
    known = words.join(of_numbers, on="row", how="left").with_columns(
        pl.col("numbers", "parts").fill_null([])
    )
    right = known.rename({name: f"{name}_right" for name in known.columns})
    both = pairs.join(
        known, left_on="left", right_on="row", how="left", maintain_order="left"
    ).join(right, left_on="right", right_on="row_right", how="left", maintain_order="left")
    mine, theirs = _only("words", "words_right"), _only("words_right", "words")
    numbers = [_only("numbers", "numbers_right"), _only("numbers_right", "numbers")]
    both = both.with_columns(
        mine.alias("_mine"), theirs.alias("_theirs"), numbers[0].alias("_n"), numbers[1].alias("_m")
    )
    kinds = [_kinds("_n"), _kinds("_m")]
    all_kinds = pl.concat_list(kinds)
    is_model = all_kinds.list.contains("model number")
    is_number = all_kinds.list.eval(pl.element() != "model number").list.any()
    plain = [
        pl.col("_mine").list.set_difference("parts"),
        pl.col("_theirs").list.set_difference("parts_right"),
    ]
    is_word = pl.concat_list(plain).list.eval(pl.element() != "").list.any()
    told = [
        pl.when(is_kind.fill_null(False)).then(pl.lit(name))
        for name, is_kind in ((MODEL, is_model), (NUMBER, is_number), (WORD, is_word))
    ]
    return both.select(
        *pairs.columns,
        pl.col("_mine").list.join(" ").alias("only_left"),
        pl.col("_theirs").list.join(" ").alias("only_right"),
        pl.concat_str(told, separator=", ", ignore_nulls=True).alias("differs"),
        (kinds[0].list.set_intersection(kinds[1]).list.len() > 0).alias("contradicts"),
    )


def _by_row(texts: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """The numbers of each text (``kind:value``), and the words that they are written with."""
    found = numbers_in(texts)
    told = found.with_columns(
        pl.concat_str("kind", pl.lit(":"), "value").alias("number"),
        folded(found["written"]).str.split(" ").alias("part"),
    )
    by_row = told.group_by("row").agg(
        pl.col("number").alias("numbers"), pl.col("part").explode().alias("parts")
    )
    return by_row.with_columns(rows.gather(by_row["row"]).alias("row"))


def _only(name: str, other: str) -> pl.Expr:
    """What one list has and the other has not, sorted."""
    return pl.col(name).list.set_difference(other).list.sort()


def _kinds(name: str) -> pl.Expr:
    return pl.col(name).list.eval(pl.element().str.extract("^([^:]+):")).list.unique()
