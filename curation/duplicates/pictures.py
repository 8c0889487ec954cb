"""Pictures that look alike, by a perceptual hash: copies, resized or compressed again."""

from __future__ import annotations

import importlib.util
import io
import itertools
from collections.abc import Iterable

import numpy as np
import polars as pl

from catalog.errors import InputError
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.forest import Forest, Pairs

N_BITS = 64
INSTALL = "pip install 'goldshelf[pictures]'"
_SIDE = 32


def picture_hashes(pictures: Iterable[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
    """The perceptual hash of each picture, by ``imagehash.phash``.

    The signs of its 8 x 8 lowest frequencies: grey, 32 x 32, discrete cosine transform, against
    the median (Zauner 2010, "pHash").

    Parameters
    ----------
    pictures
        The bytes of a picture; None where a row has none.

    Returns
    -------
    Hashes of 64 bits, and whether each could be read; a flat picture, which looks like any
    other, counts as one that could not.

    Raises
    ------
    InputError
        If ImageHash is not installed.
    """
    if importlib.util.find_spec("imagehash") is None:
        raise InputError(f"pictures: ImageHash is not installed. Run `{INSTALL}`.")
    found = [None if held is None else _hash(held) for held in pictures]
    is_read = np.array([one is not None for one in found], bool)
    return np.array([one or 0 for one in found], np.uint64), is_read


def _hash(picture: bytes) -> int | None:
    import imagehash
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture)) as opened:
            grey = opened.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if np.asarray(grey.resize((_SIDE, _SIDE)), float).std() < 1:
        return None
    return int(str(imagehash.phash(grey)), 16)


def picture_edges(hashes: np.ndarray, is_read: np.ndarray, most_bits: int) -> pl.DataFrame:
    """Pairs that connect all pictures that chains of at most ``most_bits`` bits connect.

    Exact: two hashes that differ in at most that many bits agree in one of as many parts and
    one more.

    Parameters
    ----------
    hashes, is_read
        As from `picture_hashes`.
    most_bits
        0 to 16 of the 64.

    Returns
    -------
    ``left, right, similarity`` (the share of equal bits), sorted.

    Examples
    --------
    >>> picture_edges(np.array([0, 3, 255], np.uint64), np.ones(3, bool), 2).rows()
    [(0, 1, 0.96875)]
    """
    if not 0 <= most_bits <= 16:
        raise InputError(f"--picture-bits {most_bits}: expected 0 to 16 of {N_BITS} bits.")
    rows = np.flatnonzero(is_read)
    unique, first, group = np.unique(hashes[rows], return_index=True, return_inverse=True)
    forest = Forest(len(hashes))
    same = rows[first[group]] != rows
    copies = int(same.sum())
    forest.add(Pairs(rows[first[group]][same], rows[same], np.ones(copies)))
    cuts = np.linspace(0, N_BITS, most_bits + 2).astype(int)
    frame = pl.DataFrame({"n": np.arange(len(unique)), "row": rows[first]})
    for begin, end in itertools.pairwise(cuts):
        part = (unique >> np.uint64(begin)) & np.uint64((1 << int(end - begin)) - 1)
        held = frame.with_columns(pl.Series("part", part))
        both = held.join(held, on="part", suffix="_right").filter(pl.col("n") < pl.col("n_right"))
        a, b = both["n"].to_numpy(), both["n_right"].to_numpy()
        apart = np.bitwise_count(unique[a] ^ unique[b])
        near = apart <= most_bits
        left, right = both["row"].to_numpy()[near], both["row_right"].to_numpy()[near]
        likeness = 1 - apart[near] / N_BITS
        forest.add(Pairs(np.minimum(left, right), np.maximum(left, right), likeness))
    found = forest.pairs()
    return pl.DataFrame(
        {"left": found.left, "right": found.right, "similarity": found.similarity},
        schema=PAIR_SCHEMA,
    ).sort("left", "right")
