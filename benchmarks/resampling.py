"""10,000 resamples of 40,000 groups over 2 M predictions x 12,000 categories: seconds, peak memory.

    python benchmarks/resampling.py [--rows 2000000] [--groups 40000] [--resamples 10000]

Each contestant runs in a process of its own, one thread of work. The naive bootstrap draws rows (it
knows no groups) with NumPy and counts again; it makes as many resamples as fit 20 s, and the time of
all is reckoned from those.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

N_CLASSES, DEPTH = 12_000, 4
NAIVE_S = 20.0
METRICS = ("accuracy", "hierarchical F1", "micro-F1", "macro-F1")


def make(n_rows: int, n_groups: int):
    """Codes of gold and answers (-1 where there is none), shared levels, groups."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, N_CLASSES + 1) ** 0.7
    weights /= weights.sum()
    gold = generator.choice(N_CLASSES, n_rows, p=weights)
    other = generator.choice(N_CLASSES, n_rows, p=weights)
    answer = np.where(generator.random(n_rows) < 0.8, gold, other)
    answer[generator.random(n_rows) < 0.03] = -1
    shared = np.where(answer == gold, DEPTH, generator.integers(0, DEPTH, n_rows))
    shared[answer < 0] = 0
    return gold, answer, shared, generator.integers(0, n_groups, n_rows)


def ours(options, metric: str) -> dict[str, float]:
    from types import SimpleNamespace

    from evaluation.metrics.bootstrap import resampled_metrics
    from evaluation.metrics.class_metrics import ClassMetric, class_clusters
    from evaluation.metrics.metric import RatioMetric, Sums

    gold, answer, shared, groups = make(options.rows, options.groups)
    answers = SimpleNamespace(gold_classes=gold, answer_classes=answer, clusters=groups)
    right, given = (gold == answer).astype(float), (answer >= 0).astype(float)
    known = {
        "accuracy": RatioMetric("", "", lambda a: Sums(right, np.ones(len(right)))),
        "hierarchical F1": RatioMetric("", "", lambda a: Sums(2.0 * shared, DEPTH * (1 + given))),
        "micro-F1": RatioMetric("", "", lambda a: Sums(2 * right, 1 + given)),
        "macro-F1": ClassMetric("", "", "f1"),
    }
    together = metric == "the three ratios together"
    chosen = {k: v for k, v in known.items() if k == metric or (together and k != "macro-F1")}
    wall, work = time.perf_counter(), time.process_time()
    if "macro-F1" in chosen:
        answers.class_clusters = class_clusters(gold, answer, groups)
    drawn = resampled_metrics(chosen, answers, n_resamples=options.resamples)
    first = drawn[next(iter(drawn))]
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - work,
        "low": float(np.quantile(first, 0.025)),
        "high": float(np.quantile(first, 0.975)),
    }


def naive(options, metric: str) -> dict[str, float]:
    gold, answer, shared, _ = make(options.rows, options.groups)
    n, generator = len(gold), np.random.default_rng(1)
    values: list[float] = []
    wall, work = time.perf_counter(), time.process_time()
    while len(values) < 3 or time.perf_counter() - wall < NAIVE_S:
        rows = generator.integers(0, n, n)
        g, a = gold[rows], answer[rows]
        if metric == "accuracy":
            values.append(float((g == a).mean()))
        elif metric == "hierarchical F1":
            values.append(2 * float(shared[rows].sum()) / (DEPTH * (n + float((a >= 0).sum()))))
        elif metric == "micro-F1":
            values.append(2 * float((g == a).sum()) / (n + float((a >= 0).sum())))
        else:
            right = np.bincount(g[g == a], minlength=N_CLASSES)
            of_gold = np.bincount(g, minlength=N_CLASSES)
            of_answers = np.bincount(a[a >= 0], minlength=N_CLASSES)
            scores = 2 * right / np.maximum(of_gold + of_answers, 1)
            values.append(float(scores[of_gold > 0].mean()))
    share = options.resamples / len(values)
    return {
        "seconds": (time.perf_counter() - wall) * share,
        "cpu_s": (time.process_time() - work) * share,
        "resamples_made": len(values),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--groups", type=int, default=40_000)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        who, metric = options.child
        told = {"ours": ours, "naive": naive}[who](options, metric)
        told["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(told))
        return
    print(
        f"{options.resamples:,} resamples of {options.rows:,} rows in {options.groups:,} groups, "
        f"{N_CLASSES:,} categories"
    )
    for metric in (*METRICS, "the three ratios together"):
        found = {}
        for who in ("ours", "naive") if metric in METRICS else ("ours",):
            arguments = [f"--{k}={getattr(options, k)}" for k in ("rows", "groups", "resamples")]
            command = [sys.executable, __file__, *arguments, "--child", who, metric]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[who] = json.loads(done.stdout.splitlines()[-1])
            told = ", ".join(f"{key} {value:.4g}" for key, value in found[who].items())
            print(f"{metric}: {who}: {told}", flush=True)
        if len(found) == 2:
            print(f"{metric}: {found['naive']['cpu_s'] / found['ours']['cpu_s']:.0f} times as fast")


if __name__ == "__main__":
    main()
