"""Runs on WDC PAVE with gold, tokens and latency: JSON Lines of ``gold_json`` and ``pred_json``.

The form of `siavash-saki/wdc-pave-finetuning`: ``id, category, model, gold_json, pred_json,
raw_output, parse_error, input_tokens, output_tokens, latency_s`` a line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from evaluation.formats.files import json_lines
from evaluation.formats.read_run import Format, FormatOptions, ReadRun, predictions_of

_NEEDED = ("id", "gold_json", "raw_output")
_HEAD = 65_536


def looks_like(path: Path) -> bool:
    """Whether the first line has gold and prediction of such a run."""
    try:
        with Path(path).open("rb") as file:
            head = file.readline(_HEAD)
    except OSError:
        return False
    return head[:1] == b"{" and b'"gold_json"' in head and b'"pred_json"' in head


def read(path: Path, options: FormatOptions) -> ReadRun:
    """A run with its gold, tokens and latency.

    What was parsed from an output (``pred_json``) is not taken for an answer where the raw output
    is there: outputs are read as those of any other run.

    Raises
    ------
    InputError
        If a line is no JSON object or lacks a part.
    """
    predictions, gold, models, n_errors = [], [], dict[str, None](), 0
    for number, line in json_lines(path):
        row = _row(path, number, line)
        key = str(row["id"])
        models[str(row.get("model") or "unknown")] = None
        n_errors += row.get("parse_error") is not None
        seconds = row.get("latency_s")
        usage = {name: row[name] for name in ("input_tokens", "output_tokens") if name in row}
        predictions.append(
            {
                "example_id": key,
                "model": row.get("model"),
                "raw_output": row["raw_output"],
                "latency_ms": None if seconds is None else 1000 * float(seconds),
                "usage": json.dumps(usage) if usage else None,
            }
        )
        gold.append(
            {
                "example_id": key,
                "attributes": json.dumps(row["gold_json"], ensure_ascii=False),
                "category": str(row.get("category") or ""),
            }
        )
    notes = [f"{path}: {n_errors:,} outputs that its writer could not parse."] if n_errors else []
    if len(models) > 1:
        notes.append(f"{path}: rows of several models: {', '.join(models)}.")
    return ReadRun(
        predictions_of(predictions, str(path)),
        pl.DataFrame(gold, infer_schema_length=None),
        {"model": next(iter(models), "unknown")},
        "attributes",
        notes,
    )


def _row(path: Path, number: int, row: dict[str, Any]) -> dict[str, Any]:
    if not all(name in row for name in _NEEDED):
        raise InputError(
            f"{path}, line {number}: expected {', '.join(_NEEDED)}; found {', '.join(row)}."
        )
    return row


FORMAT = Format(
    "wdc-pave-gpt", "WDC PAVE runs: JSON Lines of gold_json and pred_json", looks_like, read
)
