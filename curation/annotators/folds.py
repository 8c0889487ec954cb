"""Folds that part no group, so that no record is labelled by a model that saw its like."""

from __future__ import annotations

import numba
import numpy as np


def grouped_folds(groups: np.ndarray, n_folds: int) -> np.ndarray:
    """The fold of each row: whole groups, the largest first, each into the emptiest fold.

    Parameters
    ----------
    groups
        Codes from 0, shape ``(n,)``.
    n_folds
        As many, or as there are groups, where those are fewer.

    Returns
    -------
    Folds from 0, shape ``(n,)``. Their rows differ by no more than the largest group.

    Examples
    --------
    >>> grouped_folds(np.array([0, 0, 0, 1, 1, 2]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    if not len(groups):
        return np.empty(0, np.int64)
    sizes = np.bincount(groups)
    largest_first = np.argsort(-sizes, kind="stable")
    fold_of_group = _filled(largest_first, sizes, min(n_folds, int(np.count_nonzero(sizes))))
    return np.asarray(fold_of_group[groups])


@numba.njit(cache=True)
def _filled(order, sizes, n_folds):  # type: ignore[no-untyped-def]
    fold_of, load = np.zeros(len(sizes), np.int64), np.zeros(n_folds, np.int64)
    for group in order:
        fold = np.argmin(load)
        fold_of[group] = fold
        load[fold] += sizes[group]
    return fold_of
