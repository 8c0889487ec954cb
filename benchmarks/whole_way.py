"""The whole way of a catalog, from files to certified splits: each step's time, memory and rows.

    python benchmarks/whole_way.py [--rows 100000 2200000] [--folder DIR] [--limit-gib 8]

Each step is the verb that a person types, in a process of its own; memory is the peak of that
process, rows a second are those of the catalog by the time of the step, its start included. The
catalog has titles and descriptions of Zipf words, 5 % near and 1 % exact copies, 40,000 Zipf brands,
one of which has 15 % of the rows, and 1,257 Zipf categories of three levels. The last line tells how time grows with rows, as the power.
Exit 1 where a step needs more than ``--limit-gib``.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.zipf_shop import drawn, spelled  # noqa: E402

N_BRANDS, N_CATEGORIES, HEAD_SHARE = 40_000, 1_257, 0.15
ROWS_A_FILE = 500_000


@dataclass(frozen=True)
class Taken:
    """What one step took."""

    step: str
    seconds: float
    peak_gib: float
    code: int


def zipf(generator: np.random.Generator, n_kinds: int, n: int) -> np.ndarray:
    """``n`` draws of 0 to ``n_kinds`` by Zipf's law."""
    steps = np.cumsum(1 / np.arange(1, n_kinds + 1))
    return np.searchsorted(steps / steps[-1], generator.random(n)).clip(max=n_kinds - 1)


def catalog(n: int) -> pl.DataFrame:
    """Products of which 5 % are near and 1 % exact copies of others, of the same brand."""
    generator = np.random.default_rng(0)
    copies = generator.permutation(n)[: int(0.06 * n)]
    is_copy = np.zeros(n, bool)
    is_copy[copies] = True
    product = np.arange(n)
    product[copies] = generator.choice(np.flatnonzero(~is_copy), len(copies))
    near = copies[int(0.01 * n) :]
    brands = zipf(generator, N_BRANDS, n)
    brands[generator.random(n) < HEAD_SHARE] = 0
    leaves = zipf(generator, N_CATEGORIES, n)[product]
    return pl.DataFrame(
        {
            "id": pl.Series(np.arange(n)).cast(pl.String),
            "title": texts_of(generator, product, near, 8, 15),
            "description": texts_of(generator, product, near, 30, 70),
            "brand": "Brand " + pl.Series(brands[product]).cast(pl.String),
            "price": generator.lognormal(3, 1, n).round(2),
        }
    ).with_columns(
        category=pl.format(
            "Root {} > Shelf {} > Leaf {}",
            pl.Series(leaves % 21), pl.Series(leaves % 210), pl.Series(leaves),
        )
    )  # fmt: skip


def texts_of(
    generator: np.random.Generator, product: np.ndarray, near: np.ndarray, low: int, high: int
) -> pl.Series:
    """One text a product, with one word changed in near copies."""
    sizes = generator.integers(low, high + 1, len(product))[product]
    pieces = []
    table = drawn(generator, len(product) * high).reshape(len(product), high)
    for start in range(0, len(product), ROWS_A_FILE):
        some = slice(start, start + ROWS_A_FILE)
        rows, lengths = table[product[some]], sizes[some]
        changed = near[(near >= start) & (near < start + ROWS_A_FILE)] - start
        rows[changed, generator.integers(0, lengths[changed])] = drawn(generator, len(changed))
        pieces.append(spelled(rows, lengths))
    return pl.concat(pieces)


def make_workspace(folder: Path, n: int) -> None:
    """Files of a catalog, and a workspace whose category is the catalog's own."""
    from workspace.settings import validated
    from workspace.workspace import Workspace

    made, paths = catalog(n), []
    for start in range(0, n, ROWS_A_FILE):
        paths.append(str(folder / f"catalog-{start // ROWS_A_FILE}.csv"))
        made.slice(start, ROWS_A_FILE).write_csv(paths[-1])
    columns = {
        "record_id": "id", "title": "title", "description": "description", "brand": "brand",
        "category": ["category"], "price": "price",
    }  # fmt: skip
    source = {"paths": paths, "columns": columns, "category_separator": ">"}
    body = {"source": source, "label": {"annotators": ["source"]}}
    Workspace.create(folder / "w", validated(body, "benchmark"))


def take(step: str, *words: str) -> Taken:
    """Run a verb; its output goes to a file, of which an error's end is shown."""
    with tempfile.TemporaryFile("w+") as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), *words], stdout=told, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            told.seek(0)
            raise SystemExit(f"{step}: exit {code}\n{told.read()[-2000:]}")
    return Taken(step, seconds, used.ru_maxrss / 2**20, code)


def way(folder: Path, n: int) -> list[Taken]:
    """Every step of the way."""
    apart = multiprocessing.get_context("spawn").Process(target=make_workspace, args=(folder, n))
    apart.start()  # a step would be told to have had the memory of the process that began it
    apart.join()
    w = ["-w", str(folder / "w")]
    taken = [take("load", "load", *w), take("check", "check", *w)]
    files = [pl.scan_csv(path) for path in sorted(folder.glob("catalog-*.csv"))]
    pl.concat(files).select("id", "title").sink_parquet(folder / "titles.parquet")
    titles = str(folder / "titles.parquet")
    pairs = str(folder / "pairs.parquet")
    words = ["--text-columns", "title", "--id-column", "id", "--out", pairs, "--json"]
    taken.append(take("dedupe", "dedupe", titles, *words))
    taken += [take(step, "run", step, *w) for step in ("label", "agree", "curate")]
    taken += [take(step, step, *w) for step in ("split",)]
    taken.append(take("balance", "balance", "--method", "sqrt", "--under", *w))
    taken.append(take("export", "export", "--format", "records", *w))
    out = folder / "w" / "exports" / "records"
    sides = [next(out.rglob(f"{side}*.jsonl")) for side in ("train", "test")]
    taken.append(take("check-split", "check-split", *map(str, sides), "--json"))
    return taken


def table(n: int, taken: list[Taken]) -> str:
    """The steps as a table of Markdown."""
    lines = [
        f"{n:,} products",
        "",
        "| step | seconds | peak GiB | rows a second |",
        "|---|--:|--:|--:|",
    ]
    for one in taken:
        leaks = " (exit 1)" if one.code else ""
        lines.append(
            f"| {one.step}{leaks} | {one.seconds:,.1f} | {one.peak_gib:.2f} | {n / one.seconds:,.0f} |"
        )
    whole = sum(one.seconds for one in taken)
    most = max(one.peak_gib for one in taken)
    lines.append(f"| all | {whole:,.1f} | {most:.2f} | {n / whole:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 2_200_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--limit-gib", type=float, default=8.0)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    found: dict[int, list[Taken]] = {}
    for n in given.rows:
        folder = (given.folder or Path(tempfile.mkdtemp())) / f"shop-{n}"
        folder.mkdir(parents=True)
        try:
            found[n] = way(folder, n)
        finally:
            if given.folder is None:
                shutil.rmtree(folder)
        print(table(n, found[n]), flush=True)
    if len(found) > 1:
        low, high = min(found), max(found)
        wholes = [sum(one.seconds for one in found[n]) for n in (low, high)]
        power = math.log(wholes[1] / wholes[0]) / math.log(high / low)
        print(f"time grows with rows to the power of {power:.2f}")
    if given.json is not None:
        given.json.write_text(json.dumps({n: [vars(t) for t in some] for n, some in found.items()}))
    if any(one.peak_gib > given.limit_gib for some in found.values() for one in some):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
