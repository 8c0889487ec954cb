"""The files of dedupe: pairs, clusters, the ties that `recluster` needs, and what they were made with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from catalog.errors import InputError
from workspace.atomic import full_disk_told, write_text
from workspace.files.plain_files import read_file, write_frame, written_columns

SUFFIXES = (".parquet", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
_TIE = ["left_id", "right_id", "similarity", "kind"]
COLUMNS = {
    "pairs": [*_TIE, "only_left", "only_right", "differs"],
    "clusters": ["id", "cluster_id", "n_rows", "weakest"],
    "ties": _TIE,
}
_FACTS = ("searched_from", "n_rows")


@dataclass(frozen=True)
class Kept:
    """What `dedupe` has kept for other thresholds.

    Attributes
    ----------
    facts
        ``searched_from, source, n_rows`` and how texts were compared.
    ids
        The rows that any tie holds.
    ties
        ``left, right, similarity, kind``, as positions in ``ids``.
    """

    facts: dict[str, Any]
    ids: pl.Series
    ties: pl.DataFrame


def files_of(out: Path) -> dict[str, Path]:
    """Where the pairs go, and what lies beside them.

    Examples
    --------
    >>> [path.name for path in files_of(Path("pairs.csv")).values()]
    ['pairs.csv', 'pairs.clusters.csv', 'pairs.ties.csv', 'pairs.json']
    """
    suffix = out.suffix or ".parquet"
    beside = {name: out.with_suffix(f".{name}{suffix}") for name in ("clusters", "ties")}
    return {"pairs": out, **beside, "json": out.with_suffix(".json")}


def require_free(out: Path, kinds: Iterable[str], inputs: Iterable[Path]) -> None:
    """Refuse to write where something else than an earlier result lies, before anything is computed.

    Parameters
    ----------
    kinds
        Those of `files_of` that are written; of one alone, ``out`` is its path.
    inputs
        What is read.

    Raises
    ------
    InputError
        If the ending is none that can be written, or a file would be lost.
    """
    if out.suffix not in SUFFIXES:
        raise InputError(f"--out {out}: write to .parquet, .csv, .tsv or .jsonl.")
    names = list(kinds)
    targets = files_of(out) if len(names) > 1 else {names[0]: out}
    read = {path.resolve() for path in inputs}
    for name in names:
        path = targets[name]
        if path.resolve() in read:
            raise InputError(f"--out {out}: {path} is read here. Name another file.")
        if path.exists() and not _is_ours(path, name):
            raise InputError(
                f"--out {out}: {path} is there, and dedupe did not write it. Name another file, "
                "or take it away."
            )


def write_found(
    out: Path,
    pairs: pl.DataFrame,
    clusters: pl.DataFrame,
    ties: pl.DataFrame,
    facts: dict[str, Any],
) -> dict[str, str]:
    """Write what `dedupe` found; where each file is."""
    files = files_of(out)
    with full_disk_told(out.parent):
        write_frame(pairs, out)
        write_frame(clusters, files["clusters"])
        write_frame(ties, files["ties"])
        write_text(files["json"], json.dumps(facts))
    return {name: str(path) for name, path in files.items()}


def read_kept(pairs: Path) -> Kept:
    """What lies beside the pairs.

    Raises
    ------
    InputError
        If it is not there, or is not what `dedupe` wrote.
    """
    files = files_of(pairs)
    facts_file, ties_file = files["json"], files["ties"]
    if not facts_file.is_file() or not ties_file.is_file():
        raise InputError(
            f"{pairs}: {facts_file.name} and {ties_file.name} are not beside it. "
            "Make them with `goldshelf dedupe FILE --out`."
        )
    facts = _facts(facts_file)
    if facts is None:
        raise InputError(_foreign(facts_file))
    has_ties = facts.get("n_ties") != 0  # without any the file may be empty, which no input may be
    frame = _ties(ties_file) if has_ties else pl.DataFrame(schema=dict.fromkeys(_TIE, pl.String))
    sides = [frame[f"{side}_id"].cast(pl.String) for side in ("left", "right")]
    ids = pl.concat(sides).unique(maintain_order=True).rename("id")
    place = pl.DataFrame({"id": ids, "at": np.arange(len(ids))})
    left, right = (
        pl.DataFrame({"id": side}).join(place, on="id", how="left", maintain_order="left")["at"]
        for side in sides
    )
    numbered = frame.select(
        left.alias("left"),
        right.alias("right"),
        pl.col("similarity").cast(pl.Float64),
        pl.col("kind").cast(pl.String),
    )
    return Kept(facts, ids, numbered)


def _ties(path: Path) -> pl.DataFrame:
    if written_columns(path) != _TIE:
        raise InputError(_foreign(path))
    frame = read_file(path).frame
    likeness = frame["similarity"].cast(pl.Float64, strict=False)
    if likeness.null_count():
        raise InputError(_foreign(path))
    return frame.with_columns(likeness)


def _foreign(path: Path) -> str:
    return f"{path}: not what dedupe wrote. Make it again with `goldshelf dedupe FILE --out`."


def _facts(path: Path) -> dict[str, Any] | None:
    try:
        facts = orjson.loads(path.read_bytes())
    except (orjson.JSONDecodeError, OSError):
        return None
    are_there = isinstance(facts, dict) and all(
        isinstance(facts.get(name), int | float) for name in _FACTS
    )
    return facts if are_there else None


def _is_ours(path: Path, name: str) -> bool:
    """Whether a file is an earlier result of that kind; an empty one holds nothing to lose."""
    if not path.is_file():
        return False
    if path.stat().st_size == 0:
        return True
    return _facts(path) is not None if name == "json" else written_columns(path) == COLUMNS[name]
