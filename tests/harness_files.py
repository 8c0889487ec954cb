"""Runs as evaluation harnesses write them, field by field after files that they wrote.

lighteval 0.13.0 (``lighteval custom``, ``accelerate`` and ``endpoint litellm``), crfm-helm 0.5.16
(``helm-run`` and ``helm-summarize``), OpenCompass 0.5.4 and DeepEval 4.3.1 (``evaluate``,
``deepeval test run`` and ``evals_iterator``) were run on rows like these.
"""

import json

import polars as pl

CHOICES = ["Garden > Pots", "Garden > Tools"]


def write_json(path, body, *, indent=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, indent=indent), "utf-8")
    return path


# lighteval -----------------------------------------------------------------------------------

DOCUMENT = {
    "query": pl.String,
    "choices": pl.List(pl.String),
    "gold_index": pl.Int64,
    "instruction": pl.Null,
    "images": pl.Null,
    "specific": pl.Struct({"record_id": pl.String, "brand": pl.String}),
    "unconditioned_query": pl.Null,
    "original_query": pl.Null,
    "id": pl.String,
    "task_name": pl.String,
    "fewshot_samples": pl.List(pl.Null),
    "sampling_methods": pl.List(pl.String),
    "fewshot_sorting_class": pl.Null,
    "generation_size": pl.Int64,
    "stop_sequences": pl.List(pl.String),
    "use_logits": pl.Boolean,
    "num_samples": pl.Int64,
    "generation_grammar": pl.Null,
}
RESPONSE = {
    "input": pl.String,
    "input_tokens": pl.List(pl.Int64),
    "text": pl.List(pl.String),
    "output_tokens": pl.List(pl.List(pl.Int64)),
    "text_post_processed": pl.List(pl.String),
    "reasonings": pl.List(pl.Null),
    "logprobs": pl.List(pl.Float64),
    "argmax_logits_eq_gold": pl.List(pl.Boolean),
    "logits": pl.Null,
    "unconditioned_logprobs": pl.Null,
    "truncated_tokens_count": pl.Int64,
    "padded_tokens_count": pl.Int64,
}
LIGHTEVAL_DATE = "2026-11-21T08-00-00.000000"


def document(at, gold, **more):
    """A ``Doc``; `details` fills in what is the same for all."""
    given = {
        "query": "Category of Clay pot 12 cm:",
        "choices": [f" {choice}" for choice in CHOICES],
        "gold_index": CHOICES.index(gold),
        "id": str(at),
        "task_name": "shop|0",
        "fewshot_samples": [],
        "sampling_methods": ["GENERATIVE"],
        "generation_size": 8,
        "stop_sequences": ["\n"],
        "use_logits": False,
        "num_samples": 1,
    }
    return given | more


def lighteval(folder, rows, *, dunder=False):
    documents = [
        document(at, row["gold"], specific={"record_id": row["id"], "brand": row["brand"]})
        for at, row in enumerate(rows)
    ]
    responses = [{"text": [row["said"]], "text_post_processed": [row["said"]]} for row in rows]
    return details(folder, documents, responses, dunder=dunder)


def details(folder, documents, responses, *, dunder=False):
    """The Parquet file, and the results file that lies elsewhere and holds a key."""
    empty = {"input_tokens": [], "text": [], "output_tokens": [], "text_post_processed": [],
             "reasonings": [], "logprobs": [], "argmax_logits_eq_gold": [],
             "truncated_tokens_count": 0, "padded_tokens_count": 0}  # fmt: skip
    name = "details_{}_{}.parquet".format(documents[0].get("task_name", "shop|0"), LIGHTEVAL_DATE)
    path = folder / "details" / "lab" / "shop-7b" / LIGHTEVAL_DATE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    gold_type = pl.List(pl.Int64) if isinstance(documents[0]["gold_index"], list) else pl.Int64
    kinds = {
        "doc": pl.Struct(DOCUMENT | {"gold_index": gold_type}),
        "metric": pl.Struct({"em": pl.Float64}),
        "model_response": pl.Struct(RESPONSE),
    }
    columns = {
        "doc": [dict.fromkeys(DOCUMENT) | one for one in documents],
        "metric": [{"em": 0.999} for _ in documents],
        "model_response": [dict.fromkeys(RESPONSE) | empty | one for one in responses],
    }
    frame = pl.DataFrame([pl.Series(n, columns[n], dtype=kinds[n]) for n in columns])
    if dunder:  # versions before 0.10
        frame = frame.rename({name: f"__{name}__" for name in columns})
    frame.write_parquet(path)
    config = {"model_name": "lab/shop-7b", "api_key": "sk-hidden",
              "generation_parameters": {"temperature": 0.0, "top_p": None}}  # fmt: skip
    write_json(
        folder / "results" / "lab" / "shop-7b" / f"results_{LIGHTEVAL_DATE}.json",
        {"config_general": {"lighteval_sha": "?", "model_config": config},
         "results": {"shop|0": {"em": 0.999}}},
    )  # fmt: skip
    return path


# HELM ----------------------------------------------------------------------------------------


def helm_instance(row, **more):
    """HELM numbers instances itself; the fields of a data set are in ``extra_data``."""
    return {
        "input": {"text": "Clay pot 12 cm"},
        "references": [
            {"output": {"text": text}, "tags": ["correct"] if text == row["gold"] else []}
            for text in CHOICES
        ],
        "split": "test",
        "id": f"id{3 + int(row['id'].removeprefix('P'))}",
        "extra_data": {"record_id": row["id"], "brand": row["brand"]},
    } | more


def helm_request(**more):
    return {
        "model_deployment": "lab/shop-7b",
        "model": "lab/shop-7b",
        "embedding": False,
        "prompt": "Name the category.\n\nProduct: Clay pot 12 cm\nCategory:",
        "temperature": 0.0,
        "num_completions": 1,
        "top_k_per_token": 1,
        "max_tokens": 20,
        "stop_sequences": ["\n"],
        "echo_prompt": False,
        "top_p": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
    } | more


def helm_result(*texts, **more):
    return {
        "success": True,
        "embedding": [],
        "completions": [
            {"text": text, "logprob": 0, "tokens": [], "finish_reason": {"reason": "stop"}}
            for text in texts
        ],
        "cached": False,
        "request_time": 0.5,
        "request_datetime": 1796003540,
    } | more


def helm_state(row, **more):
    return {
        "instance": helm_instance(row),
        "train_trial_index": 0,
        "request": helm_request(),
        "result": helm_result(row["said"]),
        "num_train_instances": 3,
        "prompt_truncated": False,
        "num_conditioning_tokens": 0,
    } | more


def helm_choice(row, at, logprobs, *, mode="original"):
    """One request of multiple choice asked one choice a request: the prompt comes back, by token."""
    words = [" Clay", " pot", *[f" {word}" for word in CHOICES[at].split()]]
    scores = [0.0, *[-5.0] * (len(words) - 1 - len(logprobs)), *logprobs]
    tokens = [{"text": word, "logprob": score} for word, score in zip(words, scores, strict=True)]
    said = {"text": "".join(words), "logprob": sum(scores), "tokens": tokens}
    result = helm_result() | {"completions": [said]}
    asked = {"reference_index": at, "request_mode": mode}
    return helm_state(row, result=result, request=helm_request(echo_prompt=True), **asked)


def helm_adapter(method="generation", **more):
    return {
        "method": method,
        "global_prefix": "",
        "global_suffix": "",
        "instructions": "Name the category.\n",
        "input_prefix": "Product: ",
        "input_suffix": "\n",
        "reference_prefix": "A. ",
        "reference_suffix": "\n",
        "chain_of_thought_prefix": "",
        "chain_of_thought_suffix": "\n",
        "output_prefix": "Category: ",
        "output_suffix": "\n",
        "instance_prefix": "\n",
        "substitutions": [],
        "max_train_instances": 5,
        "max_eval_instances": 10,
        "num_outputs": 1,
        "num_train_trials": 1,
        "num_trials": 1,
        "sample_train": True,
        "model_deployment": "lab/shop-7b",
        "model": "lab/shop-7b",
        "temperature": 0.0,
        "max_tokens": 20,
        "stop_sequences": ["\n"],
        "multi_label": False,
    } | more


def helm(folder, states, *, adapter=None):
    adapter = adapter or helm_adapter()
    write_json(
        folder / "run_spec.json",
        {
            "name": "shop:model=lab_shop-7b",
            "scenario_spec": {"class_name": "shop.ShopScenario", "args": {}},
            "adapter_spec": adapter,
            "metric_specs": [],
            "groups": ["shop"],
        },
        indent=2,
    )
    body = {"adapter_spec": adapter, "request_states": states}
    return write_json(folder / "scenario_state.json", body, indent=2)


def helm_displayed(folder, rows, *, shown=None):
    write_json(folder / "instances.json", [helm_instance(row) for row in rows], indent=2)
    shown = shown or [
        {"instance_id": helm_instance(row)["id"], "train_trial_index": 0,
         "predicted_text": row["said"], "base64_images": [], "stats": {"exact_match": 0.999}}
        for row in rows
    ]  # fmt: skip
    return write_json(folder / "display_predictions.json", shown, indent=2)


# OpenCompass ---------------------------------------------------------------------------------


def opencompass_rows(rows, *, has_gold=True):
    """Of a served model: the prompt is a list of turns."""
    return {
        str(at): {
            "origin_prompt": [{"role": "HUMAN", "prompt": f"Category of {row['id']}?"}],
            "prediction": row["said"],
        }
        | ({"gold": row["gold"]} if has_gold else {})
        for at, row in enumerate(rows)
    }


def opencompass(folder, rows, *, name="shop", has_gold=True):
    path = folder / "predictions" / "shop-7b" / f"{name}.json"
    return write_json(path, opencompass_rows(rows, has_gold=has_gold), indent=4)


def opencompass_ppl(folder, rows):
    """Of ``PPLInferencer``: a loss for each label, the lowest the prediction."""
    body = {
        str(at): {
            "in-context examples": "",
            "origin_prompt": f"Category of {row['id']}: {CHOICES[0]}",
            **{
                f"label: {choice}": {
                    "testing input": f"Category of {row['id']}: {choice}",
                    "prompt": f"Category of {row['id']}: {choice}",
                    "PPL": 5.0 + (choice != row["said"]),
                    "BPB": 2.5,
                }
                for choice in CHOICES
            },
            "prediction": row["said"],
            "gold": row["gold"],
        }
        for at, row in enumerate(rows)
    }
    return write_json(folder / "predictions" / "shop-7b" / "shop.json", body, indent=4)


# DeepEval ------------------------------------------------------------------------------------


def deepeval_case(at, row):
    """What is null is left out."""
    case = {
        "name": f"test_case_{at}",
        "input": "Which category? Clay pot 12 cm",
        "actualOutput": row["said"],
        "expectedOutput": row["gold"],
        "tokenCost": 0.002,
        "inputTokenCount": 12,
        "outputTokenCount": 4,
        "completionTime": 1.5,
        "tags": ["shop"],
        "flaky": False,
        "success": row["said"] == row["gold"],
        "metricsData": [
            {
                "name": "Exact Match",
                "threshold": 1.0,
                "success": row["said"] == row["gold"],
                "score": 0.999,
                "reason": "The actual and expected outputs are exact matches.",
                "strictMode": False,
                "flaky": False,
            }
        ],
        "runDuration": 0.0,
        "order": at,
        "metadata": {"record_id": row["id"], "brand": row["brand"]},
    }
    return {name: value for name, value in case.items() if value is not None}


def deepeval_trace(said, error=None):
    """What a traced application did; the call of a model that failed is an error of its span."""
    times = {"startTime": "2026-11-21T08:00:00.000Z", "endTime": "2026-11-21T08:00:00.250Z"}
    span = {"uuid": "b", "name": "app", "status": "SUCCESS", "type": "base", **times,
            "input": {"title": "Clay pot"}}  # fmt: skip
    call = {"uuid": "c", "name": "ask", "status": "SUCCESS", "type": "llm", "parentUuid": "b",
            **times, "input": {"title": "Clay pot"}, "output": said, "model": "shop-7b"}  # fmt: skip
    failed = span | {"status": "ERRORED", "error": error}
    return {
        "uuid": "a",
        "baseSpans": [span | {"output": said} if error is None else failed],
        "agentSpans": [],
        "llmSpans": [call] if error is None else [],
        "retrieverSpans": [],
        "toolSpans": [],
        **times,
        "input": "Clay pot",
        "status": "SUCCESS",
    }


def deepeval(folder, rows):
    cases = [deepeval_case(at, row) for at, row in enumerate(rows)]
    n_right = sum(case["success"] for case in cases)
    body = {
        "testFile": "test_shop.py",
        "testCases": cases,
        "conversationalTestCases": [],
        "metricsScores": [
            {"metric": "Exact Match", "scores": [0.999], "passes": n_right,
             "fails": len(cases) - n_right, "errors": 0}
        ],
        "hyperparameters": {"model": "shop-7b", "temperature": "0"},
        "prompts": [],
        "testPassed": n_right,
        "testFailed": len(cases) - n_right,
        "runDuration": 0.083,
        "official": False,
    }  # fmt: skip
    return write_json(folder / "test_run_20261121_080000.json", body)
