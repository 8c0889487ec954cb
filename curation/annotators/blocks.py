"""Rows in blocks, on as many threads as there are cores; no block depends on another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from curation.duplicates.join import Told
from curation.duplicates.tokens import n_threads

ROWS_AT_ONCE = 2048
TEXTS_AT_ONCE = 100_000


def in_blocks(
    work: Callable[[int, int], None], n_rows: int, told: str, progress: Told | None
) -> None:
    """Call ``work(first, last)`` for all rows; progress may raise, and what waits is dropped."""
    firsts = range(0, n_rows, ROWS_AT_ONCE)
    with ThreadPoolExecutor(n_threads()) as pool:
        futures = [pool.submit(work, n, min(n_rows, n + ROWS_AT_ONCE)) for n in firsts]
        try:
            for done, future in enumerate(futures, 1):
                future.result()
                if progress is not None:
                    progress(done, len(futures), told)
        finally:
            pool.shutdown(cancel_futures=True)


def in_parts(
    texts: pl.Series,
    answer: Callable[[pl.Series, Told | None], pl.DataFrame],
    progress: Told | None,
) -> pl.DataFrame:
    """Answer texts part by part, so that the vectors of all of them are never held at once."""
    n_parts = max(1, -(-len(texts) // TEXTS_AT_ONCE))

    def part(number: int) -> pl.DataFrame:
        def told(done: int, total: int, message: str) -> None:
            if progress is not None:
                progress(number * total + done, n_parts * total, message)

        return answer(texts.slice(number * TEXTS_AT_ONCE, TEXTS_AT_ONCE), told)

    return pl.concat([part(number) for number in range(n_parts)])
