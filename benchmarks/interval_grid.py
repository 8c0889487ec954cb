"""Coverage of 95 % intervals where groups are few or the share is near 1: a grid, ours and plain.

    python benchmarks/interval_grid.py [--runs 4000] [--seed 0]

Shares: a group's own share is Beta distributed about the true one, as the intra-cluster correlation
asks. Plain is Wilson's interval at the effective sample size. Differences: two runs answer the same
rows, a latent normal a row, of whose difference the groups explain a part; plain is plus and minus t.
A share whose test sets are most often all right has few different intervals: no interval covers 95 %
there, the next below may be 92, the next above 98.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from scipy.special import ndtri

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evaluation.metrics.slices import cell_ratios, cell_spread, difference_bounds, t_quantiles
from stats.few_clusters import wilson

GROUPS = (8, 10, 20, 50, 200)
SHARES = (0.5, 0.8, 0.95, 0.99)
PAIRS = ((0.5, 0.5), (0.8, 0.85), (0.95, 0.95), (0.95, 0.99), (0.99, 0.99))
CORRELATIONS = (0.05, 0.2, 0.5)
LUCK_SD = 0.6


def covered_shares(
    n_groups: int,
    share: float,
    correlation: float,
    *,
    n_runs: int,
    seed: int,
    sizes: np.ndarray | None = None,
) -> tuple[float, float]:
    """The share of intervals that hold the truth: ours, and plain.

    Parameters
    ----------
    sizes
        Rows of each group; 20 each where None.
    """
    generator = np.random.default_rng(seed)
    sizes = np.full(n_groups, 20) if sizes is None else sizes
    weight = 1 / correlation - 1
    rates = generator.beta(weight * share, weight * (1 - share), (n_runs, n_groups))
    right = generator.binomial(sizes, rates).astype(float).ravel()
    rows = np.tile(sizes, n_runs).astype(float)
    slice_of = np.repeat(np.arange(n_runs), n_groups)
    found = cell_ratios(right, rows, rows, slice_of, n_runs)
    value, low, high = (found[name].to_numpy() for name in ("value", "low", "high"))
    spread = cell_spread(
        (right - value[slice_of] * rows) / sizes.sum(), rows, rows, slice_of, n_runs
    )
    inside = value * (1 - value)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.minimum(inside / np.square(spread.error), sizes.sum())
    size = np.where(inside > 0, size, n_groups)
    plain_low, plain_high = wilson(value, size, t_quantiles(spread.freedom))
    return _held(low, high, share), _held(plain_low, plain_high, share)


def covered_differences(
    n_groups: int,
    before: float,
    after: float,
    correlation: float,
    *,
    n_runs: int,
    seed: int,
    n_rows: int = 20,
) -> tuple[float, float]:
    """The share of intervals of a paired difference that hold the truth: ours, and plain."""
    generator = np.random.default_rng(seed)
    taste_sd = LUCK_SD * math.sqrt(correlation / (1 - correlation))
    moves, values = [], []
    for _ in range(n_runs):
        hard = generator.normal(0, 0.5, (n_groups, 1)) + generator.normal(0, 1, (n_groups, n_rows))
        taste = generator.normal(0, taste_sd, (2, n_groups, 1))
        luck = generator.normal(0, LUCK_SD, (2, n_groups, n_rows))
        spread = math.sqrt(0.5**2 + 1 + taste_sd**2 + LUCK_SD**2)
        runs = [
            hard + taste[at] + luck[at] < spread * ndtri(p) for at, p in enumerate((before, after))
        ]
        by_group = (runs[1].mean(axis=1) - runs[0].mean(axis=1)) / n_groups
        values.append(by_group.sum())
        moves.append(by_group - by_group.mean())
    difference = np.array(values)
    slice_of = np.repeat(np.arange(n_runs), n_groups)
    rows = np.full(len(slice_of), float(n_rows))
    seen = cell_spread(np.concatenate(moves), rows, rows, slice_of, n_runs)
    low, high = difference_bounds(difference, seen, slice_of)
    half = np.where(seen.error > 0, t_quantiles(seen.freedom) * seen.error, 1)
    truth = after - before
    return _held(low, high, truth), _held(difference - half, difference + half, truth)


def _held(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    return float(np.mean((low <= truth + 1e-12) & (truth - 1e-12 <= high)))


def lines(n_runs: int, seed: int) -> list[str]:
    """The grid, a line for each case: ours, then plain in brackets, by correlation."""
    told = []
    for n_groups in GROUPS:
        for share in SHARES:
            pairs = [
                covered_shares(n_groups, share, rho, n_runs=n_runs, seed=seed)
                for rho in CORRELATIONS
            ]
            told.append(f"{n_groups} groups of 20, share {share}: {_words(pairs)}")
    for n_groups in GROUPS:
        for before, after in PAIRS:
            pairs = [
                covered_differences(n_groups, before, after, rho, n_runs=n_runs // 2, seed=seed)
                for rho in CORRELATIONS
            ]
            told.append(f"{n_groups} groups of 20, {before} against {after}: {_words(pairs)}")
    return told


def _words(pairs: list[tuple[float, float]]) -> str:
    return ", ".join(
        f"correlation {rho}: {ours:.1%} ({plain:.1%})"
        for rho, (ours, plain) in zip(CORRELATIONS, pairs, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("coverage of 95 % intervals, plain ones in brackets")
    print("\n".join(lines(options.runs, options.seed)))


if __name__ == "__main__":
    main()
