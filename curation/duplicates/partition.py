"""A join in parts that know nothing of each other, each with some of the tokens.

A pair is found where its rarest common token is, which stands in the prefix of both sets: so
a set goes to the parts of the tokens of its prefix, and each pair is found in one part alone.
"""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np

from curation.duplicates.forest import Forest, Pairs, joined_pairs
from curation.duplicates.index import probed_prefix
from curation.duplicates.join import Found, Search, search


def token_parts(asked: Search, n_parts: int) -> np.ndarray:
    """The part of each token, shape ``(n_tokens,)``: the tokens with most to compare dealt out first."""
    n_tokens = int(asked.sets.tokens.max()) + 1 if len(asked.sets.tokens) else 0
    counts = _prefix_counts(asked.sets.starts, asked.sets.tokens, asked.threshold, n_tokens)
    parts = np.empty(n_tokens, np.int32)
    parts[np.argsort(-counts, kind="stable")] = np.arange(n_tokens) % n_parts
    return parts


def part_of_search(asked: Search, parts: np.ndarray, part: int) -> tuple[Search, np.ndarray]:
    """What one part is to search, and the numbers of its sets."""
    has = _has_part(asked.sets.starts, asked.sets.tokens, asked.threshold, parts, part)
    rows = np.flatnonzero(has)
    return (
        replace(
            asked,
            sets=asked.sets.taken(rows),
            sides=None if asked.sides is None else asked.sides[rows],
            apart=None if asked.apart is None else asked.apart.taken(rows),
            asked=parts == part,
        ),
        rows,
    )


def search_part(
    asked: Search, rows: np.ndarray, weights: np.ndarray, list_from: float, max_listed: int
) -> Found:
    """What one part finds, by the numbers of the whole."""
    if asked.asked is not None and len(asked.sets.tokens):
        used = int(asked.sets.tokens.max()) + 1
        asked = replace(asked, asked=asked.asked[:used])
    found = search(asked, weights=weights, list_from=list_from, max_listed=max_listed)
    return Found(_numbered(found.forest, rows), _numbered(found.listed, rows), found.n_pairs)


def parts_joined(n: int, found: list[Found], max_listed: int) -> Found:
    """What all parts found, as one search of ``n`` sets finds it."""
    forest = Forest(n)
    for one in found:
        forest.add(one.forest)
    listed = joined_pairs([one.listed for one in found])
    return Found(
        forest.pairs(), listed.taken(slice(0, max_listed)), sum(one.n_pairs for one in found)
    )


def _numbered(pairs: Pairs, rows: np.ndarray) -> Pairs:
    return Pairs(rows[pairs.left], rows[pairs.right], pairs.similarity)


@numba.njit(cache=True, nogil=True)
def _prefix_counts(starts, tokens, threshold, n_tokens):  # type: ignore[no-untyped-def]
    counts = np.zeros(n_tokens, np.int64)
    for x in range(len(starts) - 1):
        size = starts[x + 1] - starts[x]
        if size:
            for i in range(probed_prefix(size, threshold)):
                counts[tokens[starts[x] + i]] += 1
    return counts


@numba.njit(cache=True, nogil=True)
def _has_part(starts, tokens, threshold, parts, part):  # type: ignore[no-untyped-def]
    has = np.zeros(len(starts) - 1, np.bool_)
    for x in range(len(has)):
        size = starts[x + 1] - starts[x]
        if size:
            for i in range(probed_prefix(size, threshold)):
                if parts[tokens[starts[x] + i]] == part:
                    has[x] = True
                    break
    return has
