"""OpenCompass: ``predictions/MODEL/DATASET.json``, one object by the number of each row.

A large data set is split among workers: ``DATASET_0.json``, ``DATASET_1.json``, each numbered
from 0 anew; together they are the run. Where a data set is asked n times (its ``n``), the file
holds its rows n times over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.examples import as_text, gold_frame, text_or_none
from evaluation.formats.files import first_object, json_body, start_of
from evaluation.formats.keys_file import read_keys
from evaluation.formats.read_run import Format, FormatOptions, ReadRun, predictions_of

_ROWS = re.compile(rb'\{\s*"0"\s*:\s*\{')
_PROMPTS = ("origin_prompt", "testing input")
_KEPT_ON_THE_WAY = {"idx", "origin_prompt", "prediction"}
_PART = re.compile(r"(?P<root>.+)_(?P<number>\d+)")


def looks_like(path: Path) -> bool:
    """Whether it begins with row "0" and its prompt, or is what a run keeps on its way."""
    if path.is_dir():
        return False
    start = start_of(path)
    if _ROWS.match(start):
        return any(f'"{prompt}"'.encode() in start for prompt in _PROMPTS)
    return start[:1] == b"{" and first_object(path).keys() >= _KEPT_ON_THE_WAY


def read(path: Path, options: FormatOptions) -> ReadRun:
    """The predictions by number, or by the keys of ``options.keys`` in the order of the data set.

    Several texts for one row, and several rows for one example, are repeats.

    Raises
    ------
    InputError
        If it is not of the form, a row or a part is missing, or it holds conversations.
    """
    where = str(path)
    name, parts = _parts(path)
    rows = [row for part in parts for row in _rows(part)]
    notes = []
    if len(parts) > 1:
        told = ", ".join(part.name for part in parts)
        notes.append(f"{where}: a part of the run {name}, read with the others: {told}.")
    n_times = _times(rows)
    if options.keys is None:
        ids, gold = [str(number) for number in range(len(rows) // n_times)], None
        notes.append(
            f"{where}: keys are the numbers of the rows. Pass --keys FILE where they have others."
        )
    else:
        ids, gold = read_keys(options, len(rows), where, n_times=n_times)
        n_times = len(rows) // len(ids)
    if n_times > 1:
        notes.append(f"{where}: {counted(len(ids), 'row')} asked {n_times} times: repeats.")
    labels = [_gold(row) for row in rows[: len(ids)]]
    fields = [{} for _ in ids] if gold is None else gold.drop("example_id", "label").to_dicts()
    gold = gold_frame(ids, labels, fields) if any(labels) else gold
    predictions = [
        {"example_id": ids[at], **answer}
        for at in range(len(ids))
        for answer in _repeats([one for row in rows[at :: len(ids)] for one in _answers(row)])
    ]
    about = {"model": path.parent.name, "task_name": name}
    return ReadRun(predictions_of(predictions, where), gold, about, None, notes)


def _parts(path: Path) -> tuple[str, list[Path]]:
    """The name of the data set, and its files: one, or the parts that it was split into."""
    if path.suffix == ".jsonl":
        raise InputError(
            f"{path} is what OpenCompass keeps on its way: the run has not ended. Let it end "
            f"(-r resumes it), and import the .json file of the same name."
        )
    named = _PART.fullmatch(path.stem)
    if named is None or path.with_stem(named["root"]).exists():
        return path.stem, [path]
    root = named["root"]
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else [path]
    matched = [(_PART.fullmatch(one.stem), one) for one in beside if one.suffix == path.suffix]
    found = {int(m["number"]): one for m, one in matched if m and m["root"] == root}
    if len(found) == 1:
        return path.stem, [path]
    missing = next((at for at in range(max(found) + 1) if at not in found), None)
    if missing is None and any(one.name.startswith(f"tmp_{root}_") for one in beside):
        missing = len(found)
    if missing is not None:
        raise InputError(
            f"{path} is a part of the run {root}, and {root}_{missing}{path.suffix} is not beside "
            "it: the run has not ended. Let it end (-r resumes it)."
        )
    return root, [found[at] for at in range(len(found))]


def _rows(path: Path) -> list[dict[str, Any]]:
    body = json_body(path)
    if not isinstance(body, dict):
        raise InputError(f"{path}: expected one JSON object with a member for each row.")
    for number, row in body.items():
        if not number.isdigit() or not isinstance(row, dict) or "prediction" not in row:
            raise InputError(f"{path}, row {number!r}: expected a number and a 'prediction'.")
        prompt = row.get("origin_prompt")
        if isinstance(prompt, list) and any(isinstance(turn, list) for turn in prompt):
            raise InputError(
                f"{path}, row {number!r}: a conversation of several rounds. One question and its "
                "answer a row can be read."
            )
    missing = next((at for at in range(len(body)) if str(at) not in body), None)
    if missing is not None:
        raise InputError(
            f"{path}: row {missing} is missing: the run has not ended. Let it end, or merge its "
            "parts."
        )
    return [body[str(number)] for number in range(len(body))]


def _times(rows: Sequence[dict[str, Any]]) -> int:
    """How often the same questions stand one after the other; 1 where they differ."""
    asked = [
        next((as_text([row[name], row.get("gold")]) for name in _PROMPTS if name in row), None)
        for row in rows
    ]
    if None in asked:
        return 1
    n = len(asked)
    sizes = (size for size in range(1, n) if n % size == 0)
    return next((n // size for size in sizes if asked == asked[:size] * (n // size)), 1)


def _answers(row: dict[str, Any]) -> list[dict[str, Any]]:
    said, choices = row["prediction"], row.get("choices")
    if isinstance(choices, list) and isinstance(said, list) and len(choices) == len(said):
        # The probability of each choice (CLPInferencer).
        best = max(zip(choices, said, strict=True), key=lambda pair: pair[1])[0]
        return [{"parsed": json.dumps(best, ensure_ascii=False)}]
    texts = said or [None] if isinstance(said, list) else [said]
    return [{"raw_output": text_or_none(text)} for text in texts]


def _repeats(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbered = enumerate(answers) if len(answers) > 1 else [(None, answers[0])]
    return [{**answer, "repeat": nth} for nth, answer in numbered]


def _gold(row: dict[str, Any]) -> str | None:
    gold = row.get("gold")
    gold = gold[0] if isinstance(gold, list) and gold else gold
    return None if gold is None else as_text(gold)


FORMAT = Format(
    "opencompass", "OpenCompass: predictions/MODEL/DATASET.json, --keys for keys", looks_like, read
)
