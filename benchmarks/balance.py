"""Balance of train: rows a second and peak memory, by method, at 100,000 and 2.2 M rows.

    python benchmarks/balance.py [--rows 100000 2200000] [--methods sqrt weights]

1,257 Zipf categories of 21 departments, 40,000 Zipf brands, one row in ten a near-duplicate of another.
Each run is a process of its own; memory is what balancing adds to the peak before it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from splits import N_BRANDS, N_CATEGORIES, N_DEPARTMENTS, zipf

ASKED = {
    "uniform": {"method": "uniform"},
    "sqrt": {"method": "sqrt", "by": "under"},
    "temperature": {"method": "temperature", "by": "over"},
    "effective": {"method": "effective", "floor": 50},
    "weights": {"method": "effective", "by": "weights"},
}


def train_of(n: int) -> pl.DataFrame:
    """So many rows of train, as the balance step reads them."""
    generator = np.random.default_rng(0)
    categories = generator.choice(N_CATEGORIES, n, p=zipf(N_CATEGORIES, 0.8))
    brands = generator.choice(N_BRANDS, n, p=zipf(N_BRANDS, 1.0))
    departments = generator.integers(0, N_DEPARTMENTS, N_CATEGORIES)
    clusters = np.where(generator.random(n) < 0.1, generator.integers(0, n, n), np.arange(n))
    names = [[f"Department {d}", f"Category {c}"] for c, d in enumerate(departments)]
    return pl.DataFrame(
        {
            "record_id": pl.select(pl.format("P{}", pl.int_range(n))).to_series(),
            "category_path": pl.Series(names).gather(categories),
            "brand": pl.Series([f"Brand {i}" for i in range(N_BRANDS)]).gather(brands),
            "group_id": brands,
            "cluster": clusters,
        }
    )


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measured(asked: str, n: int) -> dict[str, float]:
    from curation.balance import BalanceSettings, balance

    train = train_of(n)
    held, began = peak_gib(), time.perf_counter()
    made = balance(train, BalanceSettings(**ASKED[asked]))
    return {
        "seconds": time.perf_counter() - began,
        "added_gib": peak_gib() - held,
        "peak_gib": peak_gib(),
        "n_after": made.rows.height,
        "gini": made.figures["gini"],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 2_200_000])
    parser.add_argument("--methods", nargs="+", default=list(ASKED), choices=list(ASKED))
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.child[0], int(options.child[1]))))
        return
    for n in options.rows:
        for asked in options.methods:
            child = [sys.executable, __file__, "--child", asked, str(n)]
            made = subprocess.run(child, check=True, capture_output=True, text=True)
            told = json.loads(made.stdout.splitlines()[-1])
            before, after = told["gini"]["before"], told["gini"]["after"]
            print(
                f"{n:9,} rows  {asked:12} {told['seconds']:6.2f} s  {n / told['seconds']:9,.0f} "
                f"rows/s  {told['n_after']:9,} after  Gini {before:.3f} to {after:.3f}  adds "
                f"{told['added_gib']:.2f} GiB, peak {told['peak_gib']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
