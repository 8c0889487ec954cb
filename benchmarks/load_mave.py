"""Loading MAVE's full size, beside what the fastest readers take to turn it into Parquet.

    python benchmarks/load_mave.py [--products 2200000] [--broken 0] [--negatives] [--labels]
                                   [--folder KEPT] [--only goldshelf duckdb …]

Every contestant runs in a process of its own, alone, on the same files: seconds, peak memory
and the ratio to DuckDB. Goldshelf's load makes records, a quarantine, a taxonomy and hashes of
the files; the others turn the lines into Parquet as they are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mave_files import write, write_labels

ROOT = Path(__file__).resolve().parents[1]
READERS = {
    "duckdb": (
        'import duckdb, sys; duckdb.execute(f"copy (from read_json({sys.argv[2:]}, '
        "format='newline_delimited', ignore_errors=true)) to '{sys.argv[1]}/out.parquet' (compression zstd)\")"
    ),
    "polars": (
        "import polars, sys; polars.scan_ndjson(sys.argv[2:], ignore_errors=True)"
        ".sink_parquet(f'{sys.argv[1]}/out.parquet')"
    ),
    "datasets": (
        "import datasets, sys; datasets.load_dataset('json', data_files=sys.argv[2:], "
        "cache_dir=sys.argv[1], split='train').to_parquet(f'{sys.argv[1]}/out.parquet')"
    ),
    "pandas": (
        "import pandas, sys; pandas.concat(pandas.read_json(f, lines=True) for f in sys.argv[2:])"
        ".to_parquet(f'{sys.argv[1]}/out.parquet')"
    ),
}


def timed(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak GiB and what was printed of a command that ends well."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command[0]} failed: {printed[-500:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 2**20, printed


def spoil(path: Path, n_broken: int) -> None:
    """Put lines that are no JSON at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines('{"id": "broken", "category": \n' for _ in range(n_broken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--products", type=int, default=2_200_000)
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("--negatives", action="store_true")
    parser.add_argument("--labels", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="*", default=["goldshelf", *READERS])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "files"
        if not folder.exists():
            if given.labels:
                write_labels(folder, given.products)
            else:
                write(folder, given.products, negatives=given.negatives)
        files = sorted(folder.glob("*.json*"))
        if given.broken:
            spoil(files[-1], given.broken)
        size = sum(file.stat().st_size for file in files) / 1e9
        print(f"{given.products:,} products, {size:.2f} GB in {len(files)} files")
        contest(files, Path(scratch), given.only)


def contest(files: list[Path], scratch: Path, names: list[str]) -> None:
    """Print what each takes; DuckDB's time is the measure."""
    goldshelf = str(Path(sys.executable).with_name("goldshelf"))
    measure: float | None = None
    for name in sorted(names, key=lambda name: name != "duckdb"):
        with tempfile.TemporaryDirectory(dir=scratch) as out:
            if name == "goldshelf":
                sources = [word for file in files for word in ("--source", str(file))]
                subprocess.run(
                    [goldshelf, "init", f"{out}/w", *sources], check=True, capture_output=True
                )
                seconds, peak, printed = timed([goldshelf, "load", "-w", f"{out}/w"])
            else:
                code = [sys.executable, "-c", READERS[name], out, *map(str, files)]
                seconds, peak, printed = timed(code)
        if name == "duckdb":
            measure = seconds
        ratio = f", {seconds / measure:.2f} x DuckDB" if measure and name != "duckdb" else ""
        print(f"{name:<10} {seconds:6.1f} s, peak {peak:.2f} GiB{ratio}", flush=True)
        if name == "goldshelf":
            print(
                "  "
                + "\n  ".join(line for line in printed.splitlines() if line.startswith("load:"))
            )


if __name__ == "__main__":
    main()
