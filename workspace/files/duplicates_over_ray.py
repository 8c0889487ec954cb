"""The same near-duplicates over the machines of a Ray cluster: each has some of the tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl

from curation.duplicates.dedupe import MAX_PAIRS, WORDS, Duplicates, Likeness, find_duplicates
from curation.duplicates.join import Found, Search, Told
from curation.duplicates.partition import (
    part_of_search,
    parts_joined,
    search_part,
    token_parts,
)
from workspace.models.ray_engine.session import joined

_PARTS_A_CORE = 4


def find_over_ray(
    texts: pl.Series,
    threshold: float,
    *,
    likeness: Likeness = WORDS,
    margin: float = 0.0,
    max_pairs: int = MAX_PAIRS,
    address: str | None = None,
    n_parts: int | None = None,
    progress: Told | None = None,
) -> Duplicates:
    """As `find_duplicates`, compared on the machines of a cluster.

    Texts become sets here; each part goes to a worker with the sets that hold one of its
    tokens in their prefix, and a forest, a count and the listed pairs come back. Which of
    equally similar pairs are in the forest may differ; the clusters do not.

    Parameters
    ----------
    address
        Of the cluster; see `joined`.
    n_parts
        Four a core of the cluster where left out.

    Raises
    ------
    InputError
        If Ray is not installed, or there is no cluster.
    """
    with joined(address):
        return find_duplicates(
            texts,
            threshold,
            likeness=likeness,
            margin=margin,
            max_pairs=max_pairs,
            searched=partial(_search, n_parts),
            progress=progress,
        )


def _search(
    n_parts: int | None,
    asked: Search,
    /,
    *,
    weights: np.ndarray,
    list_from: float,
    max_listed: int,
    progress: Told | None,
) -> Found:
    import ray

    cores = int(ray.cluster_resources().get("CPU", 1))
    n = n_parts or _PARTS_A_CORE * cores
    parts = token_parts(asked, n)
    work: Any = ray.remote(search_part)
    going: dict[Any, int] = {}
    found: dict[int, Found] = {}

    def collect(most_going: int) -> None:
        while len(going) > most_going:
            done, _ = ray.wait(list(going), num_returns=1)
            found[going.pop(done[0])] = ray.get(done[0])
            if progress is not None:
                progress(len(found), n, "comparing texts")

    try:
        for part in range(n):
            collect(2 * cores - 1)
            own, rows = part_of_search(asked, parts, part)
            going[work.remote(own, rows, weights[rows], list_from, max_listed)] = part
        collect(0)
    finally:
        for task in going:
            ray.cancel(task, force=True)
    return parts_joined(len(asked.sets), [found[part] for part in range(n)], max_listed)
