"""DeepEval's ``test_run_DATE.json``: test cases with actual and expected output.

What is null is not in the file. Of a traced application, the trace of a case tells what failed
and how long it took. Cases that DeepEval skipped (``skip_on_missing_params``) are not in the file;
a gap in ``order`` tells of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.errors import InputError
from catalog.wording import counted
from evaluation.formats.examples import (
    as_text,
    example_ids,
    gold_frame,
    left_out,
    refuse_twice,
    text_or_none,
    usage_text,
)
from evaluation.formats.files import json_body, start_of
from evaluation.formats.read_run import Format, FormatOptions, ReadRun, predictions_of

_CASES = "testCases"
_MODEL = ("model", "Model", "model_name")


def looks_like(path: Path) -> bool:
    """Whether it is JSON that has test cases near its beginning."""
    start = start_of(path)
    return start[:1] == b"{" and b'"testCases"' in start


def read(path: Path, options: FormatOptions) -> ReadRun:
    """The actual outputs, with the expected ones as gold; metrics are not read.

    Keys are a field of each case's ``metadata``, else its name. Conversations are left out, aloud.

    Raises
    ------
    InputError
        If there are no test cases, or a key stands twice.
    """
    where = str(path)
    body = json_body(path)
    body = body.get("testRunData", body) if isinstance(body, dict) else body
    cases = body.get(_CASES) if isinstance(body, dict) else None
    if not isinstance(cases, list) or not cases:
        raise InputError(f"{where} holds no testCases. Expected DeepEval's test_run_DATE.json.")
    for number, case in enumerate(cases, 1):
        if not isinstance(case, dict) or "input" not in case:
            raise InputError(f"{where}, test case {number}: expected an object with an input.")
    talks = body.get("conversationalTestCases") or []
    notes = left_out(where, len(talks), len(cases) + len(talks), "conversations")
    fields = [case.get("metadata") or {} for case in cases]
    names = [as_text(case.get("name") or number) for number, case in enumerate(cases, 1)]
    ids, field = example_ids(fields, names, key=options.key, where=where, unit="test case")
    if field is None:
        notes.append(f"{where}: keys are the names of the test cases.")
    n_skipped = _skipped(cases)
    if n_skipped:
        notes.append(
            f"{where}: {counted(n_skipped, 'test case')} that DeepEval skipped, not in the file. Pass "
            "--gold FILE, so that they count as missing."
        )
    refuse_twice(
        ids,
        [None] * len(ids),
        where=where,
        unit="test case",
        hint="Every case may stand once: two evaluations in one test session share a file.",
    )
    predictions = [
        {
            "example_id": name,
            "example_hash": text_or_none(held.get("example_hash")),
            **_answer(case),
        }
        for name, held, case in zip(ids, fields, cases, strict=True)
    ]
    gold = gold_frame(ids, [text_or_none(case.get("expectedOutput")) for case in cases], fields)
    told = body.get("hyperparameters") or {}
    models = [told[name] for name in _MODEL if isinstance(told.get(name), str)]
    models += [span["model"] for case in cases for span in _spans(case) if span.get("model")]
    about: dict[str, Any] = {"task_name": body.get("testFile") or body.get("identifier")}
    about = {name: value for name, value in about.items() if value}
    if models:
        about["model"] = models[0]
    return ReadRun(predictions_of(predictions, where), gold, about, None, notes)


def _skipped(cases: list[dict[str, Any]]) -> int:
    """How many places are empty between the first and the last case of a run."""
    orders = [case.get("order") for case in cases]
    places = {order for order in orders if isinstance(order, int)}
    if len(places) < len(cases):
        return 0
    return max(places) + 1 - min(places) - len(places)


def _answer(case: dict[str, Any]) -> dict[str, Any]:
    said, seconds = case.get("actualOutput"), case.get("completionTime")
    if seconds is None:
        seconds = _seconds(case.get("trace") or {})
    errors = [as_text(span["error"]) for span in _spans(case) if span.get("error")]
    return {
        "raw_output": text_or_none(said),
        "error": (errors or ["no actual output"])[0] if said is None else None,
        "latency_ms": None if seconds is None else 1000 * float(seconds),
        "usage": usage_text(
            case.get("inputTokenCount"), case.get("outputTokenCount"), case.get("tokenCost")
        ),
    }


def _spans(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a traced application did, the calls of models first."""
    trace = case.get("trace") or {}
    for kind in ("llmSpans", "baseSpans", "agentSpans", "retrieverSpans", "toolSpans"):
        yield from trace.get(kind) or []


def _seconds(trace: dict[str, Any]) -> float | None:
    begun, ended = trace.get("startTime"), trace.get("endTime")
    if not isinstance(begun, str) or not isinstance(ended, str):
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


FORMAT = Format(
    "deepeval", "DeepEval: test_run_DATE.json, actual against expected", looks_like, read
)
