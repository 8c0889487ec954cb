"""Metrics of 2 M predictions over 12,000 categories: seconds and peak memory, ours and others'.

    python benchmarks/metrics.py [--rows 2000000] [--classes 12000] [--peer-python PYTHON]

Each contestant runs in a process of its own. ``--peer-python`` names an interpreter in which
scikit-learn and hiclass can be imported; one that cannot be is left out, and said so.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LEVELS = 4
TIME_LIMIT_S = 1800


def make(folder: Path, n_rows: int, n_classes: int) -> None:
    """Codes of gold, of two runs right in 80 % and 81 %, and brands; a tree of four levels."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, n_classes + 1) ** 0.7
    weights /= weights.sum()
    gold = generator.choice(n_classes, n_rows, p=weights)
    runs = [
        np.where(
            generator.random(n_rows) < share, gold, generator.choice(n_classes, n_rows, p=weights)
        )
        for share in (0.80, 0.81)
    ]
    leaf = np.arange(n_classes)
    tree = np.stack([leaf % 25, leaf % 400, leaf % 3000, leaf], axis=1)
    brands = generator.integers(0, max(2, n_rows // 33), n_rows)
    np.savez(folder / "data.npz", gold=gold, a=runs[0], b=runs[1], tree=tree, brands=brands)


def paths_of(tree: np.ndarray):
    import polars as pl

    return pl.Series(
        [[f"{letter}{n}" for letter, n in zip("TMNL", row, strict=True)] for row in tree.tolist()]
    )


def ours(data, clustered: bool, compared: bool = False) -> dict[str, float]:
    import polars as pl

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from evaluation.comparing.comparison import compare_runs
    from evaluation.loading import load_answers
    from evaluation.scores import score_categories

    paths, ids = paths_of(data["tree"]), pl.Series(np.arange(len(data["gold"]))).cast(pl.String)
    gold = pl.DataFrame(
        {"example_id": ids, "category_path": paths.gather(data["gold"]), "brand": data["brands"]}
    )
    names = ("a", "b") if compared else ("a",)
    runs = {
        name: pl.DataFrame({"example_id": ids, "category_path": paths.gather(data[name])})
        for name in names
    }
    start = time.perf_counter()
    loaded = load_answers(
        "classification", gold, runs, cluster_column="brand" if clustered else None
    )
    joined = time.perf_counter()
    told = {"join_s": joined - start}
    if compared:
        for metric in ("accuracy", "f1_macro", "hierarchical_f1"):
            begun = time.perf_counter()
            found = compare_runs("classification", *loaded.answers.values(), metric=metric)
            told[f"compare_{metric}_s"] = time.perf_counter() - begun
            told[f"p_{metric}"] = found.p_value
        return told
    scores = score_categories(loaded.answers["a"])
    told["score_s"] = time.perf_counter() - joined
    told.update(
        {name: scores.metrics[name].value for name in ("accuracy", "f1_macro", "hierarchical_f1")}
    )
    return told


def scikit_learn(data) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    start = time.perf_counter()
    labels = np.unique(data["gold"])
    accuracy = accuracy_score(data["gold"], data["a"])
    parts = {
        average: precision_recall_fscore_support(
            data["gold"], data["a"], labels=labels, average=average, zero_division=0
        )
        for average in ("macro", "weighted", None)
    }
    return {
        "score_s": time.perf_counter() - start,
        "accuracy": accuracy,
        "f1_macro": parts["macro"][2],
    }


def hiclass(data) -> dict[str, float]:
    from hiclass.metrics import f1, precision, recall

    # hiclass compares names level by level as sets: names made unique by their level.
    named = np.char.add(np.array(list("TMNL")), data["tree"].astype(str))
    gold, answers = named[data["gold"]], named[data["a"]]
    start = time.perf_counter()
    precision(gold, answers)
    recall(gold, answers)
    found = f1(gold, answers)
    return {"score_s": time.perf_counter() - start, "hierarchical_f1": float(found)}


CONTESTANTS = {
    "goldshelf, intervals by row": lambda data: ours(data, clustered=False),
    "goldshelf, intervals by brand": lambda data: ours(data, clustered=True),
    "goldshelf, two runs compared by brand": lambda data: ours(data, clustered=True, compared=True),
    "scikit-learn, flat metrics, no intervals": scikit_learn,
    "hiclass, hierarchical metrics, no intervals": hiclass,
}


def child(name: str, path: str) -> None:
    with np.load(path) as data:
        arrays = {key: data[key] for key in data.files}
    told = CONTESTANTS[name](arrays)
    told["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(told))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--classes", type=int, default=12_000)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), options.rows, options.classes)
        print(f"{options.rows:,} rows, {options.classes:,} categories, {LEVELS} levels")
        for name in CONTESTANTS:
            python = sys.executable if name.startswith("goldshelf") else options.peer_python
            command = [python, __file__, "--child", name, str(Path(folder) / "data.npz")]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
            except subprocess.TimeoutExpired:
                print(f"{name}: not done after {TIME_LIMIT_S} s")
                continue
            if done.returncode:
                print(f"{name}: left out, {done.stderr.strip().splitlines()[-1]}")
                continue
            told = json.loads(done.stdout.splitlines()[-1])
            print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in told.items()))


if __name__ == "__main__":
    main()
