"""Pictures that look alike, by a perceptual hash: copies, resized or compressed again."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import polars as pl
from scipy.fft import dctn

from catalog.errors import InputError
from curation.duplicates.dedupe import PAIR_SCHEMA
from curation.duplicates.forest import Forest, Pairs

N_BITS = 64
_SIDE = 32
_KEPT = 8


def picture_hashes(paths: list[Path | None]) -> tuple[np.ndarray, np.ndarray]:
    """The perceptual hash of each picture: the signs of its 8 x 8 lowest frequencies.

    Zauner (2010), "pHash": grey, 32 x 32, discrete cosine transform, against the median.

    Parameters
    ----------
    paths
        None where a row has no picture.

    Returns
    -------
    Hashes of 64 bits, and whether each could be read; a flat picture, which looks like any
    other, counts as one that could not.

    Raises
    ------
    InputError
        If Pillow is not installed.
    """
    if importlib.util.find_spec("PIL") is None:
        raise InputError("--pictures: Pillow is not installed. Run `pip install pillow`.")
    hashes, is_read = np.zeros(len(paths), np.uint64), np.zeros(len(paths), bool)
    for row, path in enumerate(paths):
        found = None if path is None else _hash(path)
        if found is not None:
            hashes[row], is_read[row] = found, True
    return hashes, is_read


def _hash(path: Path) -> np.uint64 | None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE)), float)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if grey.std() < 1:
        return None
    low = dctn(grey, norm="ortho")[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    return np.uint64(int("".join("1" if bit else "0" for bit in bits), 2))


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
