"""Records that say the same, or nearly."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.brands import brand_keys
from catalog.paths import joined
from catalog.records import text_of
from catalog.text import folded
from curation.checks.findings import DROP, Findings, findings, quoted_path, together
from curation.checks.shelf import Shelf
from curation.duplicates.dedupe import component_labels, duplicate_edges

_ALSO = (
    "task", "category_path", "instruction", "query", "question", "context", "options",
    "target",
)  # fmt: skip
_VALUES = pl.col("attributes").list.eval(
    pl.struct(
        pl.element().struct.field("key"),
        pl.element().struct.field("evidences").list.eval(pl.element().struct.field("value")),
    )
)
"""Keys and values; where a value stands in the text may differ by case alone."""
_SHOWN_WORDS = 4
_IS_VARIANT = pl.concat_list("words", "others").list.join(" ").str.contains(r"\d")


def exact_duplicate(shelf: Shelf) -> Findings:
    """Records with the words, category, attributes and answers of an earlier one.

    Case and punctuation do not count, nor do brand, price and identifiers: a model sees the
    same example twice.
    """
    rest = pl.struct(*_ALSO, _VALUES).struct.json_encode().alias("rest")
    held = _repeated(shelf, [rest, pl.col("brand")])
    held = held.with_columns(
        brand_keys(held["brand"], generic=shelf.settings.generic_brands).alias("key")
    )
    kept = pl.col("row").min().over("text", "rest")
    copies = held.with_columns(
        kept.alias("kept"), pl.col("key").first().over("text", "rest").alias("own")
    ).filter(pl.col("row") != pl.col("kept"))
    differs = pl.col("key").ne_missing(pl.col("own"))
    return findings(
        _with_ids(shelf, copies, "kept"),
        message=pl.concat_str(
            pl.lit("says the same as "),
            "kept_id",
            pl.when(differs).then(pl.lit(", under another brand")).otherwise(pl.lit("")),
        ),
        suggestion=pl.concat_str(pl.lit("Drop it and keep "), "kept_id", pl.lit(".")),
        fix_field=DROP,
        fix_value=pl.col("kept_id"),
    )


def same_text_different_category(shelf: Shelf) -> Findings:
    """Records with the same words under different categories.

    The category that more than half of them have is proposed to the others.
    """
    held = _repeated(shelf, [joined("category_path").alias("path_text")]).drop_nulls("path_text")
    paths = (
        held.group_by("text", "path_text")
        .len("n")
        .sort("text", "n", "path_text", descending=[False, True, False])
        .with_columns(pl.col("n").sum().over("text").alias("n_all"))
    )
    two = (
        paths.group_by("text", maintain_order=True)
        .agg("path_text", pl.col("n").first(), pl.col("n_all").first())
        .filter(pl.col("path_text").list.len() > 1)
        .select(
            "text",
            pl.col("path_text").alias("paths"),
            pl.when(2 * pl.col("n") > pl.col("n_all"))
            .then(pl.col("path_text").list.first())
            .alias("usual"),
        )
    )
    rows = held.join(two, on="text", how="inner", maintain_order="left").with_columns(
        pl.col("paths").list.set_difference(pl.concat_list("path_text")).list.sort().list.first()
        .alias("other")
    )  # fmt: skip
    return findings(
        rows,
        message=pl.format(
            "is in {}, while the same text is in {}", quoted_path("path_text"), quoted_path("other")
        ),
        suggestion=pl.when(pl.col("usual").is_not_null())
        .then(pl.concat_str(pl.lit("Most of them are in "), quoted_path("usual"), pl.lit(".")))
        .otherwise(pl.lit("Decide for one category.")),
        fix_field="category_path",
        fix_value=pl.when(pl.col("usual") != pl.col("path_text")).then("usual"),
    )


def near_duplicate(shelf: Shelf) -> Findings:
    """Records whose words are nearly those of an earlier one.

    Texts are compared exactly by the Jaccard similarity of their words, over each of the
    column sets of the settings. Every record of a cluster but the first is found; the
    message names a record that it is like, and the words by which they differ. The score is
    one minus the similarity. Equal texts are left to the other checks. Dropping is proposed
    for likeness in the first column set, the fullest text, unless a word with a digit
    differs, as sizes and model numbers do: then it is likely a variant.
    """
    settings = shelf.settings
    rows = np.flatnonzero(shelf.same_text == np.arange(len(shelf.same_text)))
    edges = []
    for nth, columns in enumerate(settings.near_duplicate_columns):
        held = shelf.rows.select("row", text_of(*columns).alias("text"))
        texts = shelf.found(held)["text"].gather(rows)
        found = duplicate_edges(texts, settings.near_duplicate_threshold, progress=shelf.progress)
        told = pl.lit(" and ".join(columns)).alias("told")
        edges.append(_with_words(found, texts).with_columns(told, pl.lit(nth).alias("nth")))
    if not edges:
        return together([])
    tied = pl.concat(edges)
    copies = tied.filter((pl.col("nth") == 0) & ~_IS_VARIANT)
    turned = tied.rename({"left": "right", "right": "left", "words": "others", "others": "words"})
    best = (
        pl.concat([tied, turned.select(tied.columns)])
        .sort("right", "nth", "similarity", "left", descending=[False, False, True, False])
        .unique("right", keep="first", maintain_order=True)
    )
    place = best["right"].to_numpy()
    best = best.with_columns(
        pl.Series("row", rows[place], dtype=pl.Int64),
        pl.Series("first", rows[_firsts(len(rows), tied)[place]], dtype=pl.Int64),
        pl.Series("kept", rows[_firsts(len(rows), copies)[place]], dtype=pl.Int64),
        pl.Series("like", rows[best["left"].to_numpy()], dtype=pl.Int64),
    ).filter(pl.col("row") != pl.col("first"))
    is_copy = pl.col("kept") != pl.col("row")
    same = (pl.col("words").list.len() == 0) & (pl.col("others").list.len() == 0)
    words = (
        pl.when(same)
        .then(pl.lit("the same words"))
        .otherwise(pl.format("{} instead of {}", _few("words"), _few("others")))
    )
    return findings(
        _with_ids(shelf, best, "kept", "like"),
        message=pl.format(
            "like {} by {} ({}): {}", "like_id", "told", pl.col("similarity").round(2), words
        ),
        suggestion=pl.when(is_copy)
        .then(pl.concat_str(pl.lit("If it is a copy, drop it and keep "), "kept_id", pl.lit(".")))
        .otherwise(pl.lit("Keep both in one split: one is likely a variant of the other.")),
        score=1 - pl.col("similarity"),
        fix_field=DROP,
        fix_value=pl.when(is_copy).then("kept_id"),
    )


def _firsts(n: int, edges: pl.DataFrame) -> np.ndarray:
    """The first node of each node's connected component."""
    labels = component_labels(n, edges["left"].to_numpy(), edges["right"].to_numpy())
    first = np.unique(labels, return_index=True)[1]
    return np.asarray(first[labels])


def _repeated(shelf: Shelf, columns: list[pl.Expr]) -> pl.DataFrame:
    """The records whose text another one has: ``row``, ``text`` (its first row), columns."""
    first = shelf.same_text
    words = np.flatnonzero(first >= 0)
    many = words[np.bincount(first[words], minlength=1)[first[words]] > 1]
    repeated = pl.DataFrame({"row": many, "text": first[many]}, schema_overrides={"row": pl.Int64})
    held = shelf.rows.join(repeated.lazy().select("row"), on="row", how="semi")
    return shelf.found(held.select("row", *columns)).join(repeated, on="row", maintain_order="left")


def _with_ids(shelf: Shelf, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """The record ids of columns of rows, ``NAME_id``."""
    ids = shelf.record_ids
    return frame.with_columns(ids.gather(frame[name]).alias(f"{name}_id") for name in names)


def _with_words(edges: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """``words`` that the right text has and the left has not, and ``others`` the reverse."""
    right = folded(texts.gather(edges["right"])).str.split(" ").alias("right_words")
    left = folded(texts.gather(edges["left"])).str.split(" ").alias("left_words")
    return edges.with_columns(right, left).select(
        *edges.columns,
        pl.col("right_words").list.set_difference("left_words").alias("words"),
        pl.col("left_words").list.set_difference("right_words").alias("others"),
    )


def _few(name: str) -> pl.Expr:
    words = pl.col(name)
    more = pl.when(words.list.len() > _SHOWN_WORDS).then(pl.lit(" …")).otherwise(pl.lit(""))
    few = pl.concat_str(words.list.head(_SHOWN_WORDS).list.join(" "), more)
    return (
        pl.when(words.list.len() > 0)
        .then(pl.concat_str(pl.lit("'"), few, pl.lit("'")))
        .otherwise(pl.lit("nothing"))
    )
