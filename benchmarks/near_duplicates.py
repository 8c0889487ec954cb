"""Near-duplicates beside rensa, datasketch, semhash and text-dedup: time, memory, recall, precision.

    python benchmarks/near_duplicates.py --peer-python PATH

Each contestant runs in a process of its own over the same seeded shop (`zipf_shop.py`): 5 % near
and 1 % exact copies. Seconds are those of the work alone, texts in memory to pairs; memory is the
peak of the process. Recall and precision are of pairs with a Jaccard similarity of .8 over word
sets. Those of the exact join are counted without it (`counted_pairs.py`): every listed pair word by
word, every planted pair, and some rows against every other row. The pairs that it listed are then
what the peers are held against. Compiled code is warmed up first. Peers are optional: ``--peer-python`` names an interpreter that has them.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
THRESHOLD, N_PERM = 0.8, 128
TIME_LIMIT_S = 1_800
SIZES = [100_000, 500_000, 2_200_000]


def ours(texts: pl.Series, out: Path, kind: str = "pairs") -> tuple[float, np.ndarray, str]:
    sys.path.insert(0, str(ROOT))
    from curation.duplicates.dedupe import duplicate_edges, find_duplicates

    warm = pl.Series(["a b c", "a b c d", "é f"])
    find_duplicates(warm, 0.5), duplicate_edges(warm, 0.5)
    began = time.perf_counter()
    if kind == "pairs":
        found = find_duplicates(texts, THRESHOLD).pairs
    else:
        found = duplicate_edges(texts, THRESHOLD)
    seconds = time.perf_counter() - began
    return seconds, found.select("left", "right").to_numpy(), kind


def rensa(texts: pl.Series, out: Path) -> tuple[float, np.ndarray, str]:
    from rensa import RMinHash, RMinHashLSH

    held = texts.to_list()
    began = time.perf_counter()
    lsh = RMinHashLSH(threshold=THRESHOLD, num_perm=N_PERM, num_bands=16)
    hashes = []
    for row, text in enumerate(held):
        one = RMinHash(num_perm=N_PERM, seed=42)
        one.update(text.split())
        lsh.insert(row, one)
        hashes.append(one)
    pairs = [(b, a) for a, one in enumerate(hashes) for b in lsh.query(one) if b < a]
    return time.perf_counter() - began, as_array(pairs), "16 bands"


def datasketch(texts: pl.Series, out: Path) -> tuple[float, np.ndarray, str]:
    from datasketch import MinHash, MinHashLSH

    held = texts.to_list()
    began = time.perf_counter()
    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=N_PERM)
    pairs = []
    words = ([word.encode() for word in set(text.split())] for text in held)
    for row, one in enumerate(MinHash.generator(words, num_perm=N_PERM)):
        pairs += [(other, row) for other in lsh.query(one)]
        lsh.insert(row, one, check_duplication=False)
    return time.perf_counter() - began, as_array(pairs), "its default"


def semhash(texts: pl.Series, out: Path) -> tuple[float, np.ndarray, str]:
    from model2vec import StaticModel
    from semhash import SemHash
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    held = texts.to_list()
    known = sorted({word for text in held for word in text.split()})
    tokenizer = Tokenizer(WordLevel({w: n for n, w in enumerate(["[UNK]", *known])}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.random.default_rng(0).normal(size=(len(known) + 1, 256)).astype(np.float32)
    model = StaticModel(vectors, tokenizer)
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(held):
        rows.setdefault(text, []).append(row)
    began = time.perf_counter()
    found = SemHash.from_records(held, model=model).self_deduplicate(threshold=THRESHOLD)
    seconds = time.perf_counter() - began
    pairs = []
    for dropped in found.filtered:
        others = [text for text, _ in dropped.duplicates] or [dropped.record]
        for text in others:
            for a in rows[dropped.record]:
                pairs += [(min(a, b), max(a, b)) for b in rows[text] if a != b]
    return seconds, as_array(pairs), "random encoder"


def textdedup(texts: pl.Series, out: Path) -> tuple[float, np.ndarray, str]:
    folder = out.parent / "textdedup"
    folder.mkdir(exist_ok=True)
    pl.DataFrame({"text": texts}).write_parquet(folder / "in.parquet")
    command = [
        sys.executable, "-m", "text_dedup.minhash", "--path", "parquet", "--data_files",
        str(folder / "in.parquet"), "--split", "train", "--column", "text", "--ngram", "1",
        "--threshold", str(THRESHOLD), "--num_perm", str(N_PERM), "--min_length", "1",
        "--output", str(folder / "out"), "--cache_dir", str(folder / "cache"),
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began, np.empty((0, 2), np.int64), "its verb, which drops rows"


def as_array(pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    return np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)


CONTESTS = {"goldshelf": ours, "rensa": rensa, "datasketch": datasketch, "semhash": semhash,
            "text_dedup": textdedup}  # fmt: skip


def one(name: str, kind: str, column: str, source: Path, out: Path) -> None:
    """Run one contestant; its pairs go to a file, what it took is printed as JSON."""
    frame = pl.read_parquet(source)
    texts = frame["title"]
    if column == "both":
        texts = frame.select(pl.concat_str("title", "description", separator=" ")).to_series()
    del frame
    arguments = (texts, out, kind) if name == "goldshelf" else (texts, out)
    seconds, pairs, told = CONTESTS[name](*arguments)  # type: ignore[operator]
    who = resource.RUSAGE_CHILDREN if name == "text_dedup" else resource.RUSAGE_SELF
    peak = resource.getrusage(who).ru_maxrss / 2**20
    np.save(out, pairs)
    print(json.dumps({"seconds": seconds, "peak_gib": peak, "n": len(pairs), "told": told}))


def run(python: str, name: str, kind: str, column: str, source: Path, out: Path) -> dict[str, Any]:
    command = [python, __file__, "--one", name, kind, column, str(source), str(out)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        return {"stopped": f"over {TIME_LIMIT_S} s"}
    if made.returncode != 0:
        return {"stopped": (made.stderr.strip().splitlines() or ["killed"])[-1][:120]}
    return dict(json.loads(made.stdout.strip().splitlines()[-1]))


def proof(column: str, source: Path, pairs: Path) -> str:
    """Recall and precision of the listed pairs by counting, in a process of its own."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import json, pathlib;"
        f"import counted_pairs as c; print(json.dumps(c.proved(pathlib.Path({str(source)!r}),"
        f"{column!r}, pathlib.Path({str(pairs)!r}), {THRESHOLD})))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    n = json.loads(made.stdout)
    right = n["planted"] + n["counted"]
    recall = (n["planted_found"] + n["counted_found"]) / max(1, right)
    return (
        f"  by counting: recall {recall:.4f} ({n['planted']:,} planted pairs, and the "
        f"{n['counted']:,} pairs of {n['rows']:,} rows with all others), precision "
        f"{n['listed_right'] / max(1, n['listed']):.4f} (all {n['listed']:,} listed pairs)"
    )


def made(folder: Path, n: int, shape: str, with_descriptions: bool) -> Path:
    path = folder / f"{shape}-{n}-{with_descriptions}.parquet"
    if not path.exists():
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import zipf_shop;"
            f"zipf_shop.shop({n}, {shape!r}, descriptions={with_descriptions})"
            f".write_parquet({str(path)!r})"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
    return path


def shown(name: str, found: dict[str, Any], base: dict[str, Any], right: Path, own: Path) -> str:
    if "stopped" in found:
        return f"  {name:<12} stopped: {found['stopped']}"
    line = f"  {name:<12} {found['seconds']:8.2f} s  {found['peak_gib']:6.2f} GiB"
    if name != "goldshelf" and "seconds" in base:
        line += f"  {found['seconds'] / base['seconds']:6.1f} x time"
        line += f"  {found['peak_gib'] / base['peak_gib']:5.1f} x memory"
    if found["n"] and right.exists():
        truth, pairs = (set(map(tuple, np.load(p).tolist())) for p in (right, own))
        both = len(truth & pairs)
        recall, precision = both / max(1, len(truth)), both / max(1, len(pairs))
        line += f"  {found['n']:,} pairs, recall {recall:.4f}, precision {precision:.4f}"
    return f"{line}  ({found['told']})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--descriptions", type=int, nargs="*", default=[200_000])
    parser.add_argument("--worst", type=int, default=2_200_000, help="rows of the hard shapes")
    parser.add_argument("--peers", nargs="*", default=list(CONTESTS)[1:])
    parser.add_argument("--peer-python")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        name, kind, column, source, out = asked.one
        one(name, kind, column, Path(source), Path(out))
        return
    peers = []
    for name in asked.peers:
        code = f"import {name}"
        python = asked.peer_python
        if python and not subprocess.run([python, "-c", code], capture_output=True).returncode:
            peers.append(name)
        else:
            print(f"{name} cannot be imported and is left out")
    took: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rounds = [(n, "title") for n in asked.sizes] + [(n, "both") for n in asked.descriptions]
        for n, column in rounds:
            source = made(folder, n, "plain", column == "both")
            print(f"{n:,} rows, {'title' if column == 'title' else 'title and description'}")
            right = folder / "right.npy"
            base = run(sys.executable, "goldshelf", "pairs", column, source, right)
            print(shown("goldshelf", base | {"n": 0}, base, right, right), flush=True)
            print(proof(column, source, right), flush=True)
            if column == "title":
                took[n] = base["seconds"]
            for name in peers:
                own = folder / "own.npy"
                found = run(asked.peer_python, name, "", column, source, own)
                print(shown(name, found, base, right, own), flush=True)
            source.unlink()
        if len(took) > 1:
            a, b = min(took), max(took)
            grown = math.log(took[b] / took[a]) / math.log(b / a)
            print(f"from {a:,} to {b:,} rows it grows with n^{grown:.2f}")
        for shape in ("same-start", "families"):
            source = made(folder, asked.worst, shape, False)
            found = run(sys.executable, "goldshelf", "forest", "title", source, folder / "own.npy")
            print(f"{shape}, {asked.worst:,} titles, the clusters alone")
            print(shown("goldshelf", found | {"n": 0}, found, folder / "none", folder), flush=True)
            source.unlink()


if __name__ == "__main__":
    main()
