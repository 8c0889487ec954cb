"""The nearest valid path for a wrong one, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from catalog.errors import InputError
from catalog.paths import SEPARATOR, join_path, parted
from catalog.taxonomy.tree import NO_NODE, Taxonomy
from catalog.text import folded, unaccented

SPELLING = "spelling"
WRONG_PARENT = "wrong_parent"
NEAREST = "nearest"
UNKNOWN = "unknown"

_ROWS_AT_ONCE = 1_000
_MINIMUM = 0.6


def nearest_paths(
    taxonomy: Taxonomy, paths: pl.Series, *, minimum: float = _MINIMUM
) -> pl.DataFrame:
    """Propose a valid path for each wrong one.

    Each distinct path is looked at once, in this order: the same names but for
    case, accents and punctuation (``spelling``); the last name exists, under
    another parent (``wrong_parent``: the most similar such path is proposed);
    else the path of the smallest edit distance (``nearest``), where its
    similarity reaches ``minimum``; else ``unknown``, with a null proposal.

    Parameters
    ----------
    paths
        Joined paths. Valid ones are not in the result.
    minimum
        Least similarity in [0, 1] of a ``nearest`` proposal.

    Returns
    -------
    One row for each distinct invalid path: ``path_text, nearest, code, score, kind``, the
    score in [0, 1] with 1 for a difference of spelling alone.
    """
    distinct = paths.cast(pl.String).drop_nulls().unique(maintain_order=True).rename("path_text")
    wrong = distinct.filter(pl.Series(taxonomy.codes(distinct) < 0)).to_frame()
    wrong = wrong.with_columns(
        _plain(wrong["path_text"]).alias("_plain"),
        _plain(wrong.select(parted("path_text").list.last()).to_series()).alias("_leaf"),
    )
    if wrong.is_empty() or not len(taxonomy):
        return _result(wrong, np.full(wrong.height, -1), np.zeros(wrong.height), UNKNOWN)
    nodes = _plain_nodes(taxonomy)
    same = nodes.unique("_plain", keep="first", maintain_order=True).select("code", "_plain")
    codes = (
        wrong.join(same, on="_plain", how="left", maintain_order="left")["code"]
        .fill_null(-1)
        .to_numpy()
        .copy()
    )
    scores = np.where(codes >= 0, 1.0, 0.0)
    kinds = np.where(codes >= 0, SPELLING, UNKNOWN).astype(object)
    _under_another_parent(wrong, nodes, codes, scores, kinds)
    _nearest_by_spelling(wrong, nodes, codes, scores, kinds, minimum)
    return _result(wrong, codes, scores, kinds).with_columns(
        pl.Series("nearest", [taxonomy.path_text(int(c)) for c in codes], dtype=pl.String)
    )


@lru_cache(maxsize=2)
def _plain_nodes(taxonomy: Taxonomy) -> pl.DataFrame:
    """``code, _plain, _leaf`` of every node; kept, as answers of models come one by one."""
    return taxonomy.nodes.select(
        "code",
        _plain(taxonomy.nodes["path_text"]).alias("_plain"),
        _plain(taxonomy.nodes["name"]).alias("_leaf"),
    )


def _plain(text: pl.Series) -> pl.Series:
    return unaccented(folded(text.str.replace_all("&", " and ", literal=True)))


def _under_another_parent(
    wrong: pl.DataFrame,
    nodes: pl.DataFrame,
    codes: np.ndarray,
    scores: np.ndarray,
    kinds: np.ndarray,
) -> None:
    open_rows = wrong.with_row_index("row").filter(pl.Series(codes < 0))
    pairs = open_rows.join(nodes, on="_leaf", suffix="_node")
    if pairs.is_empty():
        return
    likeness = process.cpdist(
        pairs["_plain"].to_list(), pairs["_plain_node"].to_list(), scorer=fuzz.ratio
    )
    best = (
        pairs.with_columns(pl.Series("score", likeness / 100))
        .sort("row", "score", "code", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
    )
    rows = best["row"].to_numpy()
    codes[rows], scores[rows], kinds[rows] = best["code"], best["score"], WRONG_PARENT


def _nearest_by_spelling(
    wrong: pl.DataFrame,
    nodes: pl.DataFrame,
    codes: np.ndarray,
    scores: np.ndarray,
    kinds: np.ndarray,
    minimum: float,
) -> None:
    open_rows = np.flatnonzero(codes < 0)
    texts, choices = wrong["_plain"].to_list(), nodes["_plain"].to_list()
    for start in range(0, len(open_rows), _ROWS_AT_ONCE):
        rows = open_rows[start : start + _ROWS_AT_ONCE]
        likeness = process.cdist(
            [texts[r] for r in rows], choices, scorer=fuzz.ratio, dtype=np.float32, workers=-1
        )
        best = likeness.argmax(axis=1)
        score = likeness[np.arange(len(rows)), best] / 100
        fits = score >= minimum
        scores[rows] = score
        codes[rows[fits]] = nodes["code"].to_numpy()[best[fits]]
        kinds[rows[fits]] = NEAREST


def _result(
    wrong: pl.DataFrame, codes: np.ndarray, scores: np.ndarray, kinds: np.ndarray | str
) -> pl.DataFrame:
    names = [kinds] * wrong.height if isinstance(kinds, str) else kinds.tolist()
    return wrong.select(
        "path_text",
        pl.lit(None, pl.String).alias("nearest"),
        pl.Series("code", codes, dtype=pl.Int32),
        pl.Series("score", scores, dtype=pl.Float64),
        pl.Series("kind", names, dtype=pl.String),
    )


def required(taxonomy: Taxonomy, path: Sequence[str] | str) -> int:
    """The code of a path that must exist.

    Raises
    ------
    InputError
        If it is not a node; names the nearest one.
    """
    text = path if isinstance(path, str) else join_path(path)
    code = int(taxonomy.codes(pl.Series([text], dtype=pl.String))[0])
    if code == NO_NODE:
        near = nearest_paths(taxonomy, pl.Series([text], dtype=pl.String))["nearest"][0]
        hint = f"Nearest: {near!r}." if near else f"Paths look like 'A{SEPARATOR}B'."
        raise InputError(f"category {text!r} is not in taxonomy {taxonomy.name}. {hint}")
    return code
