"""A run folder of HELM: ``scenario_state.json``, or ``display_predictions.json`` after summarize.

Either file or the folder may be given. HELM numbers the instances of a scenario itself (``id7``),
so that what ties them to a data set is a field of their ``extra_data``. Perturbed copies of an
instance are other questions and are left out, aloud; a second trial with other examples in its
prompt, and a second completion, is a repeat.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from evaluation.formats.examples import (
    example_ids,
    gold_frame,
    left_out,
    refuse_twice,
    text_or_none,
)
from evaluation.formats.files import json_body, start_of
from evaluation.formats.read_run import Format, FormatOptions, ReadRun, predictions_of

STATE, DISPLAYED, INSTANCES, SPEC = (
    "scenario_state.json",
    "display_predictions.json",
    "instances.json",
    "run_spec.json",
)
_CORRECT = "correct"
_SEPARATE = "multiple_choice_separate_"
_CALIBRATION = "calibration"
_POLICY = "violates OpenAI's content policy"


def looks_like(path: Path) -> bool:
    """Whether it is a run folder, or begins as one of its two files."""
    if path.is_dir():
        return any((path / name).exists() for name in (STATE, DISPLAYED))
    start = start_of(path)
    is_displayed = start[:1] == b"[" and b'"instance_id"' in start and b'"predicted_text"' in start
    return is_displayed or (start[:1] == b"{" and b'"adapter_spec"' in start)


def read(path: Path, options: FormatOptions) -> ReadRun:
    """The answers by instance, with the reference tagged correct as gold.

    Keys are a field of ``extra_data``, else HELM's own numbers. Of multiple choice asked one
    choice a request, the likeliest by HELM's own rule is the answer.

    Raises
    ------
    InputError
        If the file is not of the form, or an instance stands twice.
    """
    if path.is_dir():
        path = next(path / name for name in (STATE, DISPLAYED) if (path / name).exists())
    where = str(path)
    body = json_body(path)
    rows = _states(where, body) if isinstance(body, dict) else _displayed(path, body)
    n_rows = len(rows)
    rows = [row for row in rows if not row["is_perturbed"]]
    notes = left_out(where, n_rows - len(rows), n_rows, "perturbed copies of an instance")
    if not rows:
        raise InputError(f"{where} holds no predictions. Expected one row for each instance.")
    fields, numbers = [row["fields"] for row in rows], [row["id"] for row in rows]
    ids, field = example_ids(fields, numbers, key=options.key, where=where)
    if field is None:
        notes.append(f"{where}: keys are HELM's own numbers; extra_data has no key.")
    refuse_twice(
        ids,
        [row["trial"] for row in rows],
        where=where,
        hint="Every instance may stand once in each train_trial_index.",
    )
    seen: dict[str, int] = {}
    predictions = []
    for name, row in zip(ids, rows, strict=True):
        held = {"example_id": name, "example_hash": text_or_none(row["fields"].get("example_hash"))}
        for answer in row["answers"]:
            predictions.append({**held, "repeat": seen.get(name, 0), **answer})
            seen[name] = seen.get(name, 0) + 1
    if len(predictions) == len(seen):
        predictions = [{**one, "repeat": None} for one in predictions]
    gold = gold_frame(ids, [row["gold"] for row in rows], fields)
    return ReadRun(predictions_of(predictions, where), gold, _about(path), None, notes)


def _correct(instance: Mapping[str, Any]) -> str | None:
    for one in instance.get("references") or []:
        if _CORRECT in (one.get("tags") or []):
            return text_or_none((one.get("output") or {}).get("text"))
    return None


def _states(where: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    states, adapter = body.get("request_states"), body.get("adapter_spec") or {}
    if not isinstance(states, list):
        raise InputError(f"{where}: no list 'request_states'. Expected a scenario_state.json.")
    for number, state in enumerate(states, 1):
        instance = state.get("instance") if isinstance(state, dict) else None
        if not isinstance(instance, dict) or instance.get("id") is None:
            raise InputError(f"{where}, request {number}: expected an instance with an id.")
    method = str(adapter.get("method"))
    choices: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for state in states:
        if state.get("reference_index") is not None:
            if not method.startswith(_SEPARATE):
                raise InputError(
                    f"{where}: a run of the method {method!r}, whose requests are about one reference "
                    "each. Expected generation or multiple choice."
                )
            choices.setdefault(_asked(state), []).append(state)
    letters = _letters(where, states, adapter.get("output_mapping_pattern"))
    rows, is_done = [], set()
    for state in states:
        if state.get("reference_index") is None:
            rows.append(_row(state, _completions(state, letters)))
        elif _asked(state) not in is_done:
            is_done.add(_asked(state))
            rows.append(_row(state, [_likeliest(choices[_asked(state)], method)]))
    return rows


def _asked(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the requests about one question share."""
    perturbation = json.dumps(state["instance"].get("perturbation"), sort_keys=True)
    return state["instance"]["id"], state.get("train_trial_index"), perturbation


def _row(state: Mapping[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    instance = state["instance"]
    return {
        "id": str(instance["id"]),
        "trial": int(state.get("train_trial_index") or 0),
        "is_perturbed": instance.get("perturbation") is not None,
        "gold": _correct(instance),
        "fields": _fields(instance),
        "answers": answers,
    }


def _fields(instance: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a scenario gave an instance, and its split."""
    given = instance.get("extra_data")
    split = {name: instance[name] for name in ("split", "sub_split") if instance.get(name)}
    return split | (given if isinstance(given, dict) else {})


def _result(state: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The completions of a request; what is the same for all of them."""
    result = state.get("result") or {}
    is_failed, seconds = not result.get("success", False), result.get("request_time")
    return result.get("completions") or [{}], {
        "error": (result.get("error") or "the request failed") if is_failed else None,
        "latency_ms": None if seconds is None else 1000 * float(seconds),
    }


def _completions(
    state: Mapping[str, Any], letters: Mapping[str, str | None] | None
) -> list[dict[str, Any]]:
    completions, shared = _result(state)
    mapping, answers = state.get("output_mapping") or {}, []
    for completion in completions:
        said = text_or_none(completion.get("text"))
        letter = None if said is None else said.strip()
        letter = letter if letters is None or letter is None else letters[letter]
        mapped = None if letter is None else mapping.get(letter)
        reason = text_or_none((completion.get("finish_reason") or {}).get("reason"))
        answers.append(
            {
                "raw_output": said,
                "parsed": None if mapped is None else json.dumps(mapped, ensure_ascii=False),
                "finish_reason": "content_filter" if reason and _POLICY in reason else reason,
                **shared,
            }
        )
    return answers


def _letters(
    where: str, states: Sequence[Mapping[str, Any]], pattern: str | None
) -> dict[str, str | None] | None:
    """The letter that the run's own pattern finds in each output; None where it has no pattern."""
    if pattern is None:
        return None
    texts = {
        str(one.get("text") or "").strip()
        for state in states
        for one in (state.get("result") or {}).get("completions") or []
    }
    said = pl.Series(sorted(texts), dtype=pl.String)
    try:
        # The pattern is of the file: this one matches in linear time, whatever it says.
        found = said.str.extract(pattern, 1)
        found = found if found.is_not_null().any() else said.str.extract(pattern, 0)
    except pl.exceptions.PolarsError as error:
        told = str(error).splitlines()[0]
        raise InputError(f"{where}: its output_mapping_pattern cannot be used: {told}.") from error
    return dict(zip(said.to_list(), found.to_list(), strict=True))


def _likeliest(states: Sequence[Mapping[str, Any]], method: str) -> dict[str, Any]:
    """One answer to a question that was asked one choice a request, as HELM finds it.

    ``original``: the log-likelihood by token; ``calibrated``: less that of the choice alone
    (`helm.benchmark.metrics.basic_metrics.BasicReferenceMetric`).
    """
    scores: dict[str, float] = {}
    shared: dict[str, Any] = {"error": None, "latency_ms": None}
    for state in states:
        [completion, *_], told = _result(state)
        shared["error"] = shared["error"] or told["error"]
        if told["latency_ms"] is not None:
            shared["latency_ms"] = (shared["latency_ms"] or 0.0) + told["latency_ms"]
        reference = (state["instance"].get("references") or [])[state["reference_index"]]
        text = str((reference.get("output") or {}).get("text"))
        score, n_tokens = _log_likelihood(completion, text)
        if method.endswith("_original"):
            score /= n_tokens
        is_alone = state.get("request_mode") == _CALIBRATION
        scores[text] = scores.get(text, 0.0) + (-score if is_alone else score)
    if shared["error"] is not None or any(math.isnan(score) for score in scores.values()):
        return {**shared, "raw_output": None, "error": shared["error"] or "no log-likelihood"}
    best = max(scores, key=scores.__getitem__)
    return {
        **shared,
        "parsed": json.dumps(best, ensure_ascii=False),
        "logprobs": json.dumps(scores, ensure_ascii=False),
    }


def _log_likelihood(completion: Mapping[str, Any], text: str) -> tuple[float, int]:
    """Of the last tokens, which spell the choice, and how many they are."""
    said, found = "", []
    for token in reversed(completion.get("tokens") or []):
        if len(said.strip()) >= len(text):
            break
        said = f"{token.get('text') or ''}{said}"
        found.append(float(token.get("logprob", math.nan)))
    if found:
        return sum(found), len(found)
    score = completion.get("logprob")
    return (math.nan if score is None else float(score)), 1


def _displayed(path: Path, body: Any) -> list[dict[str, Any]]:
    beside = path.with_name(INSTANCES)
    listed = json_body(beside) if beside.exists() else []
    instances = {
        str(one.get("id")): one
        for one in listed
        if isinstance(one, dict) and one.get("perturbation") is None
    }
    rows = []
    for number, one in enumerate(body, 1):
        if not isinstance(one, dict) or "instance_id" not in one or "predicted_text" not in one:
            raise InputError(
                f"{path}, prediction {number}: expected instance_id and predicted_text."
            )
        instance = instances.get(str(one["instance_id"]), {}) | {
            "id": one["instance_id"],
            "perturbation": one.get("perturbation"),
        }
        said, mapped = text_or_none(one["predicted_text"]), one.get("mapped_output")
        if one.get("reference_index") is not None:
            # The text is that of the prompt with the choice that was found the likeliest.
            references = instance.get("references") or []
            if one["reference_index"] >= len(references):
                raise InputError(
                    f"{path}, prediction {number}: the choice {one['reference_index']} stands in "
                    f"{INSTANCES}, which is not beside it. Give the folder."
                )
            said = None
            mapped = (references[one["reference_index"]].get("output") or {}).get("text")
        parsed = None if mapped is None else json.dumps(mapped, ensure_ascii=False)
        state = {"instance": instance, "train_trial_index": one.get("train_trial_index")}
        rows.append(_row(state, [{"raw_output": said, "parsed": parsed}]))
    return rows


def _about(path: Path) -> dict[str, Any]:
    """Model and scenario, as ``run_spec.json`` beside the file says, else the file itself."""
    spec = path.with_name(SPEC)
    body = json_body(spec if spec.exists() else path)
    adapter = body.get("adapter_spec") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(adapter, dict):
        return {}
    decoding = {k: adapter[k] for k in ("temperature", "max_tokens") if k in adapter}
    about = {"model": adapter.get("model"), "decoding": decoding, "task_name": body.get("name")}
    return {name: value for name, value in about.items() if value}


FORMAT = Format("helm", "HELM: a run folder, with instances.json its gold", looks_like, read)
