"""promptfoo's ``-o out.json``: version 3, and version 2 with or without its table.

Every test is run with every pair of a prompt and a provider: one pair is one run. A failed
assertion is an answer (``failureReason`` 1); a call that failed is an error (2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.examples import (
    as_text,
    example_ids,
    gold_frame,
    refuse_twice,
    text_or_none,
    usage_text,
)
from evaluation.formats.files import json_body, start_of
from evaluation.formats.read_run import LABEL, Format, FormatOptions, ReadRun, predictions_of

VERSIONS = (2, 3)
_BEGINNING = re.compile(rb'"results"\s*:\s*\{\s*"version"\s*:\s*\d')
_IS_ERROR = 2
_GOLD = ("category_path", "attributes", LABEL)
_TEMPLATE = re.compile(r"\s*\{\{\s*(\w+)\s*\}\}\s*")


def looks_like(path: Path) -> bool:
    """Whether it is JSON that begins with versioned results."""
    start = start_of(path)
    return start[:1] == b"{" and _BEGINNING.search(start) is not None


def read(path: Path, options: FormatOptions) -> ReadRun:
    """One prompt with one provider, chosen by ``options.filter``.

    The filter is the number of the prompt (``promptIdx``), its label, or the id or label of its
    provider. Gold is a variable ``category_path``, ``attributes`` or ``label`` of the test, else
    the value of its assertion ``equals``; keys are a variable ``example_id``, ``record_id`` or
    ``id``, else the number of the test.

    Raises
    ------
    InputError
        If the version is not known, there are no rows, no such prompt, or a test stands twice.
    """
    where = str(path)
    rows = _rows(path)
    chosen, notes = _chosen(rows, options.filter, where)
    n_rows = len(rows)
    rows = [row for row in rows if row["prompt_number"] == chosen]
    if n_rows > len(rows):
        notes.append(f"{where}: {n_rows - len(rows):,} rows of other prompts are not read.")
    variables = [row["vars"] for row in rows]
    numbers = [row["number"] for row in rows]
    ids, _ = example_ids(
        variables,
        _tests(rows),
        key=options.key,
        where=where,
        unit="result",
        numbers=numbers,
    )
    repeats = _repeats(ids, rows)
    refuse_twice(ids, repeats, where=where, unit="result", numbers=numbers)
    predictions = [
        {
            "example_id": name,
            "repeat": repeat,
            "example_hash": text_or_none(row["vars"].get("example_hash")),
            **row["answer"],
        }
        for name, repeat, row in zip(ids, repeats, rows, strict=True)
    ]
    n_errors = sum(row["answer"]["error"] is not None for row in rows)
    if n_errors:
        notes.append(f"{where}: {counted(n_errors, 'call')} failed (failureReason 2).")
    gold = gold_frame(ids, [row["gold"] for row in rows], variables)
    about = {"model": rows[0]["provider"], "prompt": rows[0]["prompt"], "prompt_number": chosen}
    return ReadRun(predictions_of(predictions, where), gold, about, None, notes)


def _tests(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The number of each test; that of the first one with its variables and gold."""
    first: dict[str, str] = {}
    return [
        first.setdefault(_asked(row), row["test"]) if row["vars"] else row["test"] for row in rows
    ]


def _asked(row: dict[str, Any]) -> str:
    return as_text([row["vars"], row["gold"]])


def _repeats(ids: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[int | None]:
    """The number of each asking where every test was asked as often (``--repeat``); else None."""
    seen: Counter[str] = Counter()
    numbers: list[int | None] = []
    for name in ids:
        numbers.append(seen[name])
        seen[name] += 1
    times, tests = set(seen.values()), {_asked(row) for row in rows}
    is_repeated = len(times) == 1 and times != {1} and len(tests) == len(seen)
    return numbers if is_repeated else [None] * len(ids)


def _rows(path: Path) -> list[dict[str, Any]]:
    body = json_body(path)
    results = body.get("results") if isinstance(body, dict) else None
    version = results.get("version") if isinstance(results, dict) else None
    if not isinstance(results, dict) or version not in VERSIONS:
        raise InputError(
            f"{path}: results of version {version!r}, expected 2 or 3. Write them with promptfoo "
            "eval -o FILE.json."
        )
    listed = results.get("results")
    if listed:
        rows = [_row(path, number, row) for number, row in enumerate(listed, 1)]
    else:
        rows = _table_rows(results.get("table") or {})
    if not rows:
        raise InputError(f"{path} holds no results. Expected one for each test and prompt.")
    return rows


def _row(path: Path, number: int, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or "prompt" not in row:
        raise InputError(f"{path}, result {number}: expected an object with prompt and response.")
    response = row.get("response") or {}
    provider = row.get("provider") or {}
    prompt = row.get("prompt") or {}
    variables = row.get("vars") or (row.get("testCase") or {}).get("vars") or {}
    label = as_text(prompt.get("label") or prompt.get("raw") or "")
    named = [as_text(provider.get("label") or provider.get("id") or ""), label]
    tokens = row.get("tokenUsage") or response.get("tokenUsage") or {}
    return {
        "number": number,
        "prompt_number": str(row.get("promptIdx", " / ".join(named))),
        "prompt": label,
        "provider": as_text(provider.get("id") or provider.get("label") or "unknown"),
        "named": [as_text(provider.get("id") or ""), *named],
        "test": str(row.get("testIdx", as_text(variables))),
        "vars": variables,
        "gold": _gold(variables, row),
        "answer": {
            "raw_output": text_or_none(response.get("output")),
            "finish_reason": "refusal" if response.get("isRefusal") else _ended(response),
            "error": _error(row, response),
            "latency_ms": row.get("latencyMs"),
            "usage": usage_text(tokens.get("prompt"), tokens.get("completion"), row.get("cost")),
        },
    }


def _ended(response: dict[str, Any]) -> str | None:
    return text_or_none(response.get("finishReason"))


def _error(row: dict[str, Any], response: dict[str, Any]) -> str | None:
    """Why the call failed; a failed assertion is none, though promptfoo writes it there too."""
    if response.get("error"):
        return as_text(response["error"])
    reason = row.get("failureReason")
    is_error = reason == _IS_ERROR or (reason is None and response.get("output") is None)
    told = as_text(row.get("error") or "the call failed")
    return told.split("\n", 1)[0] if is_error else None


def _gold(variables: dict[str, Any], row: dict[str, Any]) -> str | None:
    for name in _GOLD:
        if variables.get(name) is not None:
            return as_text(variables[name])
    asserted = (row.get("testCase") or {}).get("assert") or []
    for one in asserted:
        if isinstance(one, dict) and one.get("type") == "equals":
            value = as_text(one.get("value"))
            template = _TEMPLATE.fullmatch(value)
            return text_or_none(variables.get(template[1])) if template else value
    return None


def _table_rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of a version 2 file that has its table alone."""
    head = table.get("head") or {}
    names, prompts = head.get("vars") or [], head.get("prompts") or []
    rows: list[dict[str, Any]] = []
    for at, line in enumerate(table.get("body") or []):
        variables = dict(zip(names, line.get("vars") or [], strict=False))
        case = line.get("test") or {}
        for nth, (output, prompt) in enumerate(zip(line["outputs"], prompts, strict=False)):
            row = {
                "promptIdx": nth,
                "testIdx": line.get("testIdx", at),
                "vars": {**variables, **(case.get("vars") or {})},
                "testCase": case,
                "prompt": prompt,
                "provider": {"id": output.get("provider") or prompt.get("provider")},
                "response": {"output": output.get("text")},
                "failureReason": output.get("failureReason", 0),
                **{name: output.get(name) for name in ("latencyMs", "cost", "tokenUsage", "error")},
            }
            rows.append(_row(Path(), len(rows) + 1, row))
    return rows


def _chosen(rows: list[dict[str, Any]], asked: str | None, where: str) -> tuple[str, list[str]]:
    """The number of the prompt that is read."""
    told = {row["prompt_number"]: f"{row['provider']}: {row['prompt']}" for row in rows}
    if asked is None:
        first = next(iter(told))
        if len(told) == 1:
            return first, []
        others = "; ".join(f"{number}: {words[:60]}" for number, words in told.items())
        return first, [
            f"{where}: prompt {first} of {len(told)} ({others}); pass --filter for another."
        ]
    matching = {
        row["prompt_number"] for row in rows if asked in (row["prompt_number"], *row["named"])
    }
    if len(matching) != 1:
        known = "; ".join(f"{number}: {words[:60]}" for number, words in told.items())
        raise InputError(
            f"{where}: {counted(len(matching), 'prompt')} of the name {asked!r}. Found: {known}. "
            "Pass --filter with the number of one."
        )
    return matching.pop(), []


FORMAT = Format(
    "promptfoo", "promptfoo -o out.json, versions 2 and 3, one prompt of it", looks_like, read
)
