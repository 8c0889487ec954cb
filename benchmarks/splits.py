"""Splits by brand beside scikit-learn: seconds, rows and categories of a 20 % test set, peak memory.

    python benchmarks/splits.py [--rows 100000 500000 2200000] [--scenarios real independent narrow]
        [--bound SECONDS]

40,000 Zipf brands, one of them with 15 % of the rows, and 1,257 Zipf categories of 21 departments. In
`real` a brand's categories are as measured in two real catalogs (BigBasket, Amazon electronics): about
1.5 times its rows to the power of .55, most rows in few of them. In `independent` any brand is in any
category; in `narrow` four rows of five of every brand, however large, are in four categories. Everyone
gets the same integers and runs in a process of its own. TV is the total variation of the test
categories against all rows; `missing` are categories without a test row that have the groups for one. `--bound SECONDS` also looks, by integer
programming, for a total variation that no split can be under, whatever it does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

N_BRANDS, N_CATEGORIES, N_DEPARTMENTS, HEAD, TEST = 40_000, 1_257, 21, 0.15, 0.2
PEERS = ("StratifiedGroupKFold", "GroupKFold", "GroupShuffleSplit")
OURS = {"ours": 200, "ours, tenth": 25}


def zipf(n: int, power: float) -> np.ndarray:
    weights = 1 / np.arange(1, n + 1) ** power
    return weights / weights.sum()


def make(n: int, scenario: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brand and category of each row, department of each category."""
    generator = np.random.default_rng(0)
    of_brand = zipf(N_BRANDS, 1.0)
    of_brand[0] = 0
    of_brand *= (1 - HEAD) / of_brand.sum()
    of_brand[0] = HEAD
    brands = generator.choice(N_BRANDS, n, p=of_brand)
    of_category = zipf(N_CATEGORIES, 0.8)
    departments = generator.integers(0, N_DEPARTMENTS, N_CATEGORIES)
    anywhere = generator.choice(N_CATEGORIES, n, p=of_category)
    if scenario == "independent":
        return brands, anywhere, departments
    if scenario == "narrow":
        homes = generator.choice(N_CATEGORIES, (N_BRANDS, 4), p=of_category)
        home = homes[brands, generator.integers(0, 4, n)]
        return brands, np.where(generator.random(n) < 0.8, home, anywhere), departments
    widths = np.clip(np.round(1.5 * (of_brand * 100_000) ** 0.55), 1, N_CATEGORIES).astype(int)
    starts = np.concatenate([[0], np.cumsum(widths)])
    homes = generator.choice(N_CATEGORIES, starts[-1], p=of_category)
    nth = np.floor(widths[brands] * generator.random(n) ** 1.6).astype(int)
    return brands, homes[starts[brands] + nth], departments


def ours(brands, categories, departments, steps: int) -> tuple[np.ndarray, float]:
    from curation.splits.assign import assign_groups, count_groups

    small = count_groups(np.arange(50) // 5, [np.arange(50) % 7])
    assign_groups(small, (0.8, 0.2), slack=0.005, seed=1)  # what is compiled is compiled
    began = time.perf_counter()
    _, labels = np.unique(brands, return_inverse=True)
    counts = count_groups(labels, [categories, departments[categories]])
    assigned = assign_groups(counts, (1 - TEST, TEST), slack=0.005, seed=7, steps_a_group=steps)
    return assigned[labels] == 1, time.perf_counter() - began


def peer(name: str, brands, categories) -> tuple[np.ndarray, float]:
    from sklearn import model_selection

    warnings.simplefilter("ignore")
    kind = getattr(model_selection, name)
    made = {
        "StratifiedGroupKFold": lambda: kind(5, shuffle=True, random_state=0),
        "GroupKFold": lambda: kind(5),
        "GroupShuffleSplit": lambda: kind(1, test_size=TEST, random_state=0),
    }[name]()
    began = time.perf_counter()
    _, test = next(made.split(categories, categories, brands))
    taken = time.perf_counter() - began
    is_test = np.zeros(len(brands), bool)
    is_test[test] = True
    return is_test, taken


def judged(is_test, brands, categories, departments) -> dict[str, float]:
    def variation(codes: np.ndarray) -> float:
        every, here = np.bincount(codes), np.bincount(codes[is_test], minlength=codes.max() + 1)
        return float(0.5 * np.abs(every / every.sum() - here / here.sum()).sum())

    both = len(set(np.unique(brands[is_test])) & set(np.unique(brands[~is_test])))
    pairs = np.unique(np.stack([categories, brands]), axis=1)
    fitting = np.bincount(brands)[pairs[1]] <= TEST * len(brands)
    enough = (np.bincount(pairs[0]) >= 2) & (np.bincount(pairs[0], weights=fitting) >= 1)
    absent = np.bincount(categories[is_test], minlength=len(enough)) == 0
    return {
        "share": float(is_test.mean()),
        "tv": variation(categories),
        "tv_department": variation(departments[categories]),
        "missing": int((absent & enough).sum()),
        "shared_brands": both,
    }


def bound(brands, categories, departments, seconds: float, n_largest: int = 30) -> float:
    """The least total variation of a split of the largest brands, where all other rows are free.

    Chosen are x (0 or 1 a brand), r (the free rows of a category), d (what it lacks of its share)
    and S (the share of test, within half a point), and the sum of d is least.
    """
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    table = sparse.coo_array((np.full(len(brands), 1 / len(brands)), (brands, categories))).tocsr()
    order = np.argsort(-table.sum(1), kind="stable")
    large, free = table[order[:n_largest]], table[order[n_largest:]].sum(0)
    each, none = sparse.identity(len(free)), np.zeros(len(free))
    shares = -table.sum(0)[:, None]
    found = milp(
        np.concatenate([np.zeros(n_largest), none, none + 1, [0]]),
        integrality=np.concatenate([np.ones(n_largest), none, none, [0]]),
        bounds=Bounds(
            np.concatenate([np.zeros(n_largest), none, none, [TEST - 0.005]]),
            np.concatenate([np.ones(n_largest), free, none + 1, [TEST + 0.005]]),
        ),
        constraints=[
            LinearConstraint(sparse.hstack([large.T, each, each, shares]).tocsr(), 0, np.inf),
            LinearConstraint(np.concatenate([large.sum(1), none + 1, none, [-1]])[None], 0, 0),
        ],
        options={"time_limit": seconds, "mip_rel_gap": 0.02},
    )
    return float(found.mip_dual_bound / (TEST + 0.005))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 500_000, 2_200_000])
    parser.add_argument("--scenarios", nargs="+", default=["real", "independent", "narrow"])
    parser.add_argument("--bound", type=float)
    parser.add_argument("--child", nargs=3)
    options = parser.parse_args()
    if options.child:
        who, scenario, n = options.child[0], options.child[1], int(options.child[2])
        data = make(n, scenario)
        found = ours(*data, OURS[who]) if who in OURS else peer(who, *data[:2])
        told = {"seconds": found[1], **judged(found[0], *data)}
        told["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(told))
        return
    for scenario in options.scenarios:
        for n in options.rows:
            print(f"{scenario}, {n:,} rows", flush=True)
            if options.bound:
                print(f"  no split is under   TV {bound(*make(n, scenario), options.bound):.4f}")
            for who in (*PEERS, *OURS):
                told = _run(who, scenario, n)
                print(
                    f"  {who:21} {told['seconds']:6.2f} s  test {told['share']:.4f}  "
                    f"TV {told['tv']:.4f}  departments {told['tv_department']:.4f}  "
                    f"missing {told['missing']:3}  peak {told['peak_gib']:.2f} GiB",
                    flush=True,
                )
                if told["shared_brands"]:
                    raise SystemExit(f"{who}: {told['shared_brands']} brands on both sides")


def _run(who: str, scenario: str, n: int) -> dict[str, float]:
    child = [sys.executable, __file__, "--child", who, scenario, str(n)]
    made = subprocess.run(child, check=True, capture_output=True, text=True)
    return json.loads(made.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
