"""Throughput, memory and cache of labelling with language models, against a local server.

    python benchmarks/label_models.py [--rows 10000] [--annotators 3] [--latency-s 0.2]
        [--in-flight 100] [--provider openai] [--kills 2]

The server counts for itself what it answered and billed. What latency and limit allow is
``in_flight / latency_s`` requests a second; a rate is told from the first request that a process
has answered to its last. With ``--kills N`` the process is killed N times in
the middle. At the end the same is asked again, out of the cache.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from workspace import way

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
WORDS = [
    "steel",
    "glass",
    "red",
    "blue",
    "large",
    "small",
    "organic",
    "travel",
    "kitchen",
    "garden",
    "classic",
    "compact",
]
SHELVES = {"Kitchen": ["Mugs", "Pans", "Knives"], "Food": ["Tea", "Coffee"], "Garden": ["Pots"]}


def make_workspace(folder: Path, given: argparse.Namespace, base_url: str) -> None:
    """A catalog and as many annotators as wanted, which share the places in flight."""
    from workspace.settings import validated
    from workspace.workspace import Workspace

    draw = random.Random(0)
    lines = ["id,title,description,brand,category"]
    for n in range(given.rows):
        shelf = draw.choice(list(SHELVES))
        leaf = draw.choice(SHELVES[shelf])
        text = " ".join(draw.choices(WORDS, k=40))
        lines.append(f"{n},{leaf} {n},{text},Brand {n % 97},{shelf} > {leaf}")
    (folder / "catalog.csv").write_text("\n".join(lines))
    share, rest = divmod(given.in_flight, given.annotators)
    annotators = {
        f"model-{n}": {
            "provider": given.provider,
            "model": f"model-{n}",
            "base_url": base_url,
            "concurrent": share + (n < rest),
            "price": {"input_usd_per_million": 1, "output_usd_per_million": 4},
        }
        for n in range(given.annotators)
    }
    columns = {"record_id": "id", "title": "title", "description": "description",
               "brand": "brand", "category": ["category"]}  # fmt: skip
    source = {
        "paths": [str(folder / "catalog.csv")], "columns": columns, "category_separator": ">",
    }  # fmt: skip
    body = {"source": source, "annotators": annotators}
    way.run(Workspace.create(folder / "w", validated(body, "benchmark")), "load")


def start(folder: Path) -> subprocess.Popen[str]:
    """The verb in a process of its own."""
    words = ["label", "-w", str(folder / "w"), "--budget-usd", "100000", "--json"]
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def memory_mib(pid: int, field: str) -> float:
    """A line of a process's status and those of its children, in MiB; 0 once it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = [line for line in text.splitlines() if line.startswith(field)]
    own = int(found[0].split()[1]) / 1024 if found else 0.0
    return own + sum(memory_mib(int(child), field) for child in children)


def watch(running: subprocess.Popen[str], server: Any, until: int) -> dict[str, Any]:
    """Follow a run until the server has billed so much, or it has ended."""
    began, n_before = time.perf_counter(), server.counts()["n_billed"]
    first = last = None
    memory = []
    while running.poll() is None:
        n_billed = server.counts()["n_billed"]
        moment = time.perf_counter()
        if first is None and n_billed > n_before:
            first = (moment, n_billed)
        if last is None or n_billed > last[1]:
            last = (moment, n_billed)
        memory.append(memory_mib(running.pid, "VmRSS"))
        if n_billed >= until:
            break
        time.sleep(0.2)
    rate = None
    if first and last and last[0] > first[0]:
        rate = (last[1] - first[1]) / (last[0] - first[0])
    third = max(1, len(memory) // 3)
    return {
        "seconds_to_the_first_request": first and first[0] - began,
        "requests_a_second": rate,
        "memory_mib_after_a_third": memory[third] if len(memory) > third else None,
        "memory_mib_most": max(memory, default=None),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--annotators", type=int, default=3)
    parser.add_argument("--latency-s", type=float, default=0.2)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--provider", default="openai")
    parser.add_argument("--kills", type=int, default=0)
    given = parser.parse_args()

    from tests.llm_servers.fixtures import LocalServer

    n_requests = given.rows * given.annotators
    server = LocalServer(given.provider, latency_s=given.latency_s, limit_in_flight=given.in_flight)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_workspace(folder, given, server.base_url)
        rates = []
        for kill in range(given.kills):
            running = start(folder)
            part = watch(running, server, n_requests * (kill + 1) // (given.kills + 1))
            rates.append(part["requests_a_second"])
            running.kill()
            running.communicate()
            while server.counts()["n_in_flight"]:  # it answers the dead as well, and bills them
                time.sleep(0.1)
        running = start(folder)
        found = watch(running, server, 10 * n_requests)
        told, errors = running.communicate()
        if running.returncode:
            raise SystemExit(errors)
        counts = server.counts()
        began = time.perf_counter()
        again = start(folder)
        again.communicate()
        warm_s = time.perf_counter() - began
        allowed = given.in_flight / given.latency_s
        rate = found["requests_a_second"]
        votes = {name: f["n_votes"] for name, f in json.loads(told)["annotators"].items()}
        print(json.dumps({
            "requests_a_second_until_each_kill": rates,
            **found,
            "allowed_a_second": allowed,
            "share_of_allowed": rate and rate / allowed,
            "votes": votes,
            "billed": counts["n_billed"],
            "billed_again": counts["n_billed_again"],
            "most_in_flight": counts["most_in_flight"],
            "by_status": counts["by_status"],
            "billed_by_the_second_run": server.counts()["n_billed"] - counts["n_billed"],
            "rows_a_second_from_the_cache": n_requests / warm_s,
        }, indent=1))  # fmt: skip
    server.close()


if __name__ == "__main__":
    main()
