"""Agreement and consensus of 5 annotators: seconds and peak memory, ours and others'.

    python benchmarks/agreement.py [--items 100000 500000] [--labels 20 1257]
        [--peer-python PYTHON] [--peer-gib 8]

Each contestant runs in a process of its own, from a long frame of votes to a number or a
table. ``--peer-python`` names an interpreter in which krippendorff, statsmodels and crowd-kit
can be imported; one that cannot be is left out, and said so. A peer that asks for more memory
than ``--peer-gib`` is stopped, and said so. Ours also gives a 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
N_ANNOTATORS = 5
TIME_LIMIT_S = 900


def make(path: Path, n_items: int, n_labels: int) -> None:
    """Votes right in 70 % to 90 %, labels by Zipf, one in ten missing; rows in random order."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, n_labels + 1)
    weights /= weights.sum()
    truth = generator.choice(n_labels, n_items, p=weights)
    shape = (n_items, N_ANNOTATORS)
    is_right = generator.random(shape) < np.linspace(0.7, 0.9, N_ANNOTATORS)
    wrong = generator.choice(n_labels, n_items * N_ANNOTATORS, p=weights).reshape(shape)
    label = np.where(is_right, truth[:, None], wrong)
    item, annotator = np.nonzero(generator.random(shape) < 0.9)
    order = generator.permutation(len(item))
    np.savez(
        path,
        item=item[order],
        annotator=annotator[order],
        label=label[item, annotator][order],
        truth=truth,
    )


def our_counts(data: Any) -> tuple[Any, Any]:
    import polars as pl

    import curation.agreement.agreement  # noqa: F401 (all that is to be imported)
    from curation.agreement.counts import label_counts
    from curation.agreement.votes import votes_of

    frame = pl.DataFrame({name: data[name] for name in ("item", "annotator", "label")})
    began = time.perf_counter()
    votes = votes_of(frame)
    return (votes, label_counts(votes)), began


def our_alpha(data: Any) -> tuple[float, float, str]:
    (_, counts), began = our_counts(data)
    from curation.agreement.krippendorff import krippendorff_alpha

    coded = time.perf_counter()
    found = krippendorff_alpha(counts)
    ended = time.perf_counter()
    return ended - began, found.value, f"of them {ended - coded:.3f} s from counts"


def our_fleiss(data: Any) -> tuple[float, float, str]:
    (_, counts), began = our_counts(data)
    from curation.agreement.fleiss import fleiss_kappa

    coded = time.perf_counter()
    found = fleiss_kappa(counts)
    ended = time.perf_counter()
    return ended - began, found.value, f"of them {ended - coded:.3f} s from counts"


def our_majority(data: Any) -> tuple[float, float, str]:
    (votes, counts), began = our_counts(data)
    from curation.agreement.consensus import consensus_table

    coded = time.perf_counter()
    table = consensus_table(votes, counts)
    ended = time.perf_counter()
    truth = data["truth"][table["item"].to_numpy().astype(np.int64)]
    right = (table["value"] == np.char.mod("%d", truth)).fill_null(False).mean()
    return (
        ended - began,
        float(right),
        f"of them {ended - coded:.3f} s from counts; ties count wrong",
    )


def krippendorff_alpha(data: Any) -> tuple[float, float, str]:
    import krippendorff

    table = np.full((N_ANNOTATORS, len(data["truth"])), np.nan)
    table[data["annotator"], data["item"]] = data["label"]
    began = time.perf_counter()
    value = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    return time.perf_counter() - began, float(value), "from a matrix made before"


def statsmodels_fleiss(data: Any) -> tuple[float, float, str]:
    from statsmodels.stats.inter_rater import fleiss_kappa

    began = time.perf_counter()
    table = np.zeros((len(data["truth"]), int(data["label"].max()) + 1), np.int64)
    np.add.at(table, (data["item"], data["label"]), 1)
    whole = table[table.sum(1) == N_ANNOTATORS]
    value = fleiss_kappa(whole)
    return (
        time.perf_counter() - began,
        float(value),
        f"the {len(whole):,} items without a gap alone",
    )


def crowdkit_majority(data: Any) -> tuple[float, float, str]:
    import pandas as pd
    from crowdkit.aggregation import MajorityVote

    columns = {"task": data["item"], "worker": data["annotator"], "label": data["label"]}
    frame = pd.DataFrame(columns)
    began = time.perf_counter()
    found = MajorityVote().fit_predict(frame)
    ended = time.perf_counter()
    right = (found.to_numpy() == data["truth"][found.index.to_numpy()]).mean()
    return ended - began, float(right), "ties broken"


CONTESTS: dict[str, tuple[Callable[..., Any], str, Callable[..., Any]]] = {
    "Krippendorff's alpha": (our_alpha, "krippendorff", krippendorff_alpha),
    "Fleiss' kappa": (our_fleiss, "statsmodels", statsmodels_fleiss),
    "majority vote": (our_majority, "crowdkit", crowdkit_majority),
}


def one(contest: str, side: str, path: str) -> None:
    """Run one contestant and print what it found as JSON."""
    ours, _, theirs = CONTESTS[contest]
    data = dict(np.load(path))
    try:
        seconds, value, told = (ours if side == "ours" else theirs)(data)
    except MemoryError as error:
        print(json.dumps({"stopped": str(error).split(" with shape")[0] or "out of memory"}))
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "value": value, "told": told, "peak_gib": peak}))


def run(python: str, contest: str, side: str, path: Path, gib: float | None) -> dict[str, Any]:
    def limit() -> None:
        if gib is not None:
            resource.setrlimit(resource.RLIMIT_AS, (int(gib * 2**30),) * 2)

    command = [python, __file__, "--one", contest, side, str(path)]
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, preexec_fn=limit
        )
    except subprocess.TimeoutExpired:
        return {"stopped": f"over {TIME_LIMIT_S} s"}
    if made.returncode != 0:
        return {"stopped": made.stderr.strip().splitlines()[-1][:120] or "killed"}
    return dict(json.loads(made.stdout.strip().splitlines()[-1]))


def can_import(python: str, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def shown(who: str, found: dict[str, Any], against: float | None = None) -> str:
    if "stopped" in found:
        return f"  {who:<14} stopped: {found['stopped']}"
    ratio = "" if against is None else f"  {found['seconds'] / against:8.1f} x"
    return (
        f"  {who:<14} {found['seconds']:9.3f} s  {found['peak_gib']:6.2f} GiB  "
        f"{found['value']:.6f}{ratio}  ({found['told']})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 500_000])
    parser.add_argument("--labels", type=int, nargs="+", default=[20, 1257])
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--peer-gib", type=float, default=8.0)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one)
        return
    there = {module: can_import(asked.peer_python, module) for _, module, _ in CONTESTS.values()}
    for module, is_there in there.items():
        if not is_there:
            print(f"{module} cannot be imported and is left out")
    with tempfile.TemporaryDirectory() as folder:
        for n_items in asked.items:
            for n_labels in asked.labels:
                path = Path(folder) / f"{n_items}-{n_labels}.npz"
                make(path, n_items, n_labels)
                print(f"{n_items:,} items x {n_labels:,} labels, {N_ANNOTATORS} annotators")
                for contest, (_, module, _) in CONTESTS.items():
                    ours = run(sys.executable, contest, "ours", path, None)
                    print(f" {contest}\n{shown('goldshelf', ours)}", flush=True)
                    if there[module]:
                        found = run(asked.peer_python, contest, "theirs", path, asked.peer_gib)
                        print(shown(module, found, ours.get("seconds")), flush=True)


if __name__ == "__main__":
    main()
