"""Runs as other tools write them: the same six answers in every tool's own file.

Written after files that the tools themselves wrote: lm-eval 0.4.13, Inspect 0.3.285, promptfoo
0.123; lighteval, HELM, OpenCompass and DeepEval in `tests.harness_files`.
"""

import json
import zipfile
import zlib

import zstandard

from tests import harness_files

POTS, TOOLS = "Garden > Pots", "Garden > Tools"
ROWS = [
    {"id": f"P{n}", "gold": gold, "said": said, "brand": f"b{n // 2}"}
    for n, (gold, said) in enumerate(
        [(POTS, POTS), (TOOLS, TOOLS), (POTS, TOOLS), (TOOLS, TOOLS), (POTS, "lol"), (TOOLS, TOOLS)]
    )
]
"""P2 is wrong, P4 cannot be read: 4 of 6 right."""


details, helm_state = harness_files.details, harness_files.helm_state


def rows_with(**said):
    """The same rows, some with other answers: ``rows_with(P2="Garden > Pots")``."""
    return [row | {"said": said.get(row["id"], row["said"])} for row in ROWS]


write_json = harness_files.write_json


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def lm_eval(folder, rows=ROWS, *, filters=("strict", "loose"), name="samples_shop"):
    """Two filters: strict finds the path, loose the last word."""
    lines = []
    for nth, name_of_filter in enumerate(filters):
        for at, row in enumerate(rows):
            found = row["said"] if ">" in row["said"] else "[invalid]"
            lines.append(
                {
                    "doc_id": at,
                    "doc": {"id": row["id"], "brand": row["brand"]},
                    "target": row["gold"],
                    "arguments": {"gen_args_0": {"arg_0": "?", "arg_1": {"until": ["\n"]}}},
                    "resps": [[row["said"]]],
                    "filtered_resps": [found if nth == 0 else row["said"].split()[-1]],
                    "filter": name_of_filter,
                    "metrics": ["exact_match"],
                    "doc_hash": f"hash{row['id']}",
                    "exact_match": float(found == row["gold"]),
                }
            )
    date = "2026-11-21T07-57-58.309184"
    write_json(folder / f"results_{date}.json", {"model_name": "shop-7b", "git_hash": "abc"})
    return write_lines(folder / f"{name}_{date}.jsonl", lines)


def lm_eval_choices(folder, scores):
    """Multiple choice of two categories, by the log-likelihoods of each row."""
    lines = [
        {
            "doc_id": at,
            "doc": {"question": "?"},
            "target": "1",
            "arguments": {
                f"gen_args_{nth}": {"arg_0": "?", "arg_1": f" {choice}"}
                for nth, choice in enumerate((POTS, TOOLS))
            },
            "resps": [[[str(score), "False"]] for score in pair],
            "filtered_resps": [[str(score), "False"] for score in pair],
            "filter": "none",
            "metrics": ["acc"],
            "doc_hash": f"h{at}",
            "acc": float(pair[1] > pair[0]),
        }
        for at, pair in enumerate(scores)
    ]
    return write_lines(folder / "samples_choice_2026-11-21T07-57-58.309184.jsonl", lines)


def inspect_samples(rows=ROWS, epochs=1):
    return [
        {
            "id": row["id"],
            "epoch": epoch,
            "input": "?",
            "target": row["gold"],
            "messages": [],
            "output": {
                "model": "shop-7b",
                "choices": [
                    {
                        "message": {"content": row["said"], "role": "assistant"},
                        "stop_reason": "stop",
                    }
                ],
                "completion": row["said"],
            },
            "scores": {
                "exact": {
                    "value": "C" if row["said"] == row["gold"] else "I",
                    "answer": row["said"],
                },
                "judge": {
                    "value": float("nan") if row["id"] == "P2" else 1.0,
                    "answer": row["said"],
                },
            },
            "metadata": {"brand": row["brand"]},
            "model_usage": {"shop-7b": {"input_tokens": 4, "output_tokens": 3, "total_tokens": 7}},
            "working_time": 0.25,
        }
        for epoch in range(1, epochs + 1)
        for row in rows
    ]


def inspect_header(status="success"):
    return {
        "version": 2,
        "status": status,
        "eval": {"task": "shop", "model": "shop-7b", "created": "2026-11-21T07:56:20+00:00"},
        "plan": {},
        "results": {"scores": [{"name": "exact", "metrics": {"accuracy": {"value": 0.999}}}]},
    }


def inspect_json(folder, samples=None, *, status="success"):
    body = inspect_header(status) | {"samples": inspect_samples() if samples is None else samples}
    return write_json(folder / "log.json", body)


def inspect_eval(folder, samples=None, *, status="success", header=True, chunked=()):
    """A zip of zstd members, as Inspect writes it; the samples of some ids in parts."""
    members = {"_journal/start.json": {"version": 2, "eval": {}}}
    for sample in inspect_samples() if samples is None else samples:
        name = f"samples/{sample['id']}_epoch_{sample['epoch']}"
        if sample["id"] in chunked:
            members[f"{name}/sample.json"] = {
                k: v for k, v in sample.items() if k not in ("metadata", "messages")
            }
            members[f"{name}/metadata.json"] = sample["metadata"]
            members[f"{name}/events/0.json"] = []
        else:
            members[f"{name}.json"] = sample
    if header:
        members["header.json"] = inspect_header(status)
    path = folder / "log.eval"
    return zstd_zip(path, {name: json.dumps(body).encode() for name, body in members.items()})


def zstd_zip(path, members):
    """A zip with Zstandard members: stored by `zipfile`, then marked as method 93."""
    with zipfile.ZipFile(path, "w") as held:
        for name, body in members.items():
            held.writestr(name, zstandard.ZstdCompressor().compress(body))
        for entry, body in zip(held.infolist(), members.values(), strict=True):
            entry.CRC, entry.file_size, entry.compress_type = zlib.crc32(body), len(body), 93
    return path


def promptfoo(folder, rows=ROWS, *, version=3, has_table_alone=False, failed=()):
    """Two prompts by one provider; the second answers always the same."""
    results = []
    for at, row in enumerate(rows):
        for prompt in (0, 1):
            said = row["said"] if prompt == 0 else POTS
            is_failed = row["id"] in failed
            wrong = None if said == row["gold"] else f"Expected output {said!r} to equal"
            results.append(
                {
                    "promptIdx": prompt,
                    "testIdx": at,
                    "provider": {"id": "shop-7b", "label": ""},
                    "prompt": {"raw": "?", "label": f"prompt {prompt}"},
                    "vars": {"id": row["id"], "brand": row["brand"]},
                    "response": None if is_failed else {"output": said},
                    "error": "Error: timeout\n  at callApi" if is_failed else wrong,
                    "failureReason": 2 if is_failed else int(wrong is not None),
                    "success": wrong is None,
                    "latencyMs": 12,
                    "cost": 0.001,
                    "tokenUsage": {"prompt": 7, "completion": 3},
                    "testCase": {"assert": [{"type": "equals", "value": row["gold"]}]},
                }
            )
    held = {"version": version, "timestamp": "2026-11-21T08:05:28Z", "results": results}
    if has_table_alone:
        held["results"] = []
        held["table"] = {
            "head": {
                "vars": ["id"],
                "prompts": [{"provider": "shop-7b", "raw": f"prompt {n}"} for n in (0, 1)],
            },
            "body": [
                {
                    "vars": [row["id"]],
                    "test": {"assert": [{"type": "equals", "value": row["gold"]}]},
                    "outputs": [{"text": row["said"], "pass": True}, {"text": POTS, "pass": True}],
                }
                for row in rows
            ],
        }
    return write_json(folder / "out.json", {"evalId": "eval-1", "results": held, "config": {}})


def batch_row(row, *, model="shop-7b"):
    body = {
        "model": model,
        "choices": [
            {"message": {"content": row["said"], "refusal": None}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": row["id"], "response": response, "error": None}


def failed_batch_row(key):
    error = {"code": "server_error", "message": "overloaded"}
    return {"id": "b", "custom_id": key, "response": None, "error": error}


def lighteval(folder, rows=ROWS, *, dunder=False):
    return harness_files.lighteval(folder, rows, dunder=dunder)


def helm(folder, states=None):
    """A run folder as ``helm-run`` leaves it."""
    return harness_files.helm(
        folder, [helm_state(row) for row in ROWS] if states is None else states
    )


def helm_displayed(folder, rows=ROWS):
    """What ``helm-summarize`` adds."""
    return harness_files.helm_displayed(folder, rows)


def opencompass(folder, rows=ROWS, *, name="shop", has_gold=True):
    return harness_files.opencompass(folder, rows, name=name, has_gold=has_gold)


def deepeval(folder, rows=ROWS):
    return harness_files.deepeval(folder, rows)


def ecinstruct(folder, rows=ROWS):
    return write_json(folder / "shop" / "IND_Diverse_Instruction.json", [r["said"] for r in rows])


def keys(folder, rows=ROWS):
    path = folder / "keys.txt"
    path.write_text("".join(f"{row['id']}\n" for row in rows), "utf-8")
    return path
