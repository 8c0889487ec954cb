"""Brands of a seeded shop: time of each part and peak memory, and what was planted against what was found.

    python benchmarks/brands.py [--rows 2200000] [--brands 40000]

Brands are drawn by Zipf's law; 1 % of them are written in a second way by a space, 4 % of the records
have no brand, and 60 % of titles begin with theirs.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent))
from zipf_shop import shop, words

from curation.brands.aliases import alias_candidates
from curation.brands.mentions import mentions
from curation.brands.missing import missing_brands
from curation.brands.names import branded


def catalog(n: int, n_brands: int) -> tuple[pl.DataFrame, set[tuple[str, str]]]:
    """Records with brands, and the pairs that were planted."""
    generator = np.random.default_rng(7)
    held = words()
    first = held[generator.permutation(len(held))[:n_brands]]
    names = np.array([f"{one}{held[len(held) - 1 - n % 500]}" for n, one in enumerate(first)])
    steps = np.cumsum(1 / np.arange(1, n_brands + 1))
    brand = np.searchsorted(steps / steps[-1], generator.random(n))
    spelled = names[brand].astype(object)
    twice = generator.permutation(n_brands)[: n_brands // 100]
    second = {names[b]: f"{first[b]} {names[b][len(first[b]) :]}" for b in twice}
    other = np.isin(brand, twice) & (generator.random(n) < 0.5)
    spelled[other] = [second[name] for name in spelled[other]]
    titles = shop(n)["title"]
    begins = pl.Series(generator.random(n) < 0.6)
    prefix = pl.Series("brand", spelled.astype(str))
    frame = pl.DataFrame({"title": titles, "brand": prefix}).with_columns(
        title=pl.when(begins).then(pl.concat_str("brand", pl.lit(" "), "title")).otherwise("title"),
        brand=pl.when(pl.Series(generator.random(n) >= 0.04)).then("brand"),
    )
    there = set(frame["brand"].drop_nulls().unique())
    planted = {tuple(sorted((a, b))) for a, b in second.items() if {a, b} <= there}
    return frame, planted


def main() -> None:
    """Run the search and print a line for each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_200_000)
    parser.add_argument("--brands", type=int, default=40_000)
    asked = parser.parse_args()
    path = Path(f"/tmp/brands-{asked.rows}-{asked.brands}.parquet")
    frame, planted = catalog(asked.rows, asked.brands)
    frame.write_parquet(path)
    print(
        f"{asked.rows:,} records, {frame['brand'].n_unique():,} names, {len(planted):,} pairs planted"
    )
    print(f"peak before the search: {_peak():.2f} GiB")
    del frame
    records, began = pl.scan_parquet(path), time.perf_counter()
    held = _timed("brands and titles", lambda: branded(records))
    named = _timed("names in titles", lambda: mentions(held.titles, held.brands))
    aliases = _timed("pairs", lambda: alias_candidates(records, held=held, named=named))
    missing = _timed("gaps", lambda: missing_brands(records, held=held, named=named))
    print(f"together {time.perf_counter() - began:.1f} s, peak {_peak():.2f} GiB")
    found = set(aliases.select("brand_a", "brand_b").rows())
    print(
        f"planted pairs found: {len(found & planted):,} of {len(planted):,}; others {len(found - planted):,}"
    )
    print(
        f"gaps: {missing.proposals.height:,} of {missing.n_without:,} filled, precision {missing.precision:.4f}"
    )
    path.unlink()


def _timed(told: str, run):  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    made = run()
    print(f"{told}: {time.perf_counter() - began:.1f} s")
    return made


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
