"""A model is asked for one ranking a query, of the records of the split, and scored as defined."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl
import pytest

from catalog.errors import InputError
from curation.llm.prompts import unfenced
from tests.runs_workspace import put
from tests.workspace.models.conftest import openai
from tests.workspace.prompted.ranked import (  # noqa: F401
    N_QUERIES,
    ORDER,
    RANKING,
    best_first,
    gold_rankings,
    judged_queries,
    judgement_of,
    prompts,
    ranked,
)
from tests.workspace.test_rankings_and_tags import made
from workspace.models.spending import ledger
from workspace.prompted.endpoints import served
from workspace.prompted.predicting import (
    annotator_of,
    collect_prompted,
    hand_in_prompted,
    plan_prompted,
    predict_prompted,
)
from workspace.prompted.questions import Prompting, asked_tasks, is_made
from workspace.runs import score_runs
from workspace.runs.gold import gold_of
from workspace.workspace import Workspace

GAINS = {"E": 1.0, "S": 0.1, "C": 0.01, "I": 0.0}
FEW = Prompting(task="ranking", prompt="few-shot", examples=3)


def ask(workspace: Workspace, prompting: Prompting = RANKING, budget_usd: float = 10_000, **more):
    return predict_prompted(
        workspace, annotator_of(workspace, "one"), prompting, budget_usd=budget_usd, **more
    )


def ndcg(prompt: str, said: list[str]) -> float:
    """By the definition: 2^gain - 1 over log2(place + 1); what is unknown or repeated brings 0."""
    gains = {one["id"]: GAINS[judgement_of(one)] for one in unfenced(prompt)["products"]}
    value, seen = 0.0, set()
    for place, name in enumerate(said, 1):
        if name in gains and name not in seen:
            value += (2 ** gains[name] - 1) / math.log2(place + 1)
        seen.add(name)
    best = sorted(gains.values(), reverse=True)
    return value / sum((2**g - 1) / math.log2(n + 1) for n, g in enumerate(best, 1))


def test_a_run_of_rankings_scores_as_the_definition_says(ranked):  # noqa: F811
    server, workspace = ranked
    asked = prompts(workspace)
    said = {}
    for n, (record_id, prompt) in enumerate(asked.items()):
        best = best_first(prompt)
        several = [best, best[::-1], ["9", *best], [best[0], best[0], best[1]]]
        said[record_id] = several[n % 4]
    server.follow(
        answers=[(prompt, {"ranking": said[record_id]}) for record_id, prompt in asked.items()]
    )
    made_run = ask(workspace)
    figures = score_runs(workspace, [made_run.name])[0].snapshot.figures
    expected = [ndcg(prompt, said[record_id]) for record_id, prompt in asked.items()]
    assert made_run.name == "one-zero-shot-ranking"
    assert figures["ndcg"]["value"] == pytest.approx(sum(expected) / len(expected))
    assert figures["coverage"]["value"] == 1
    assert figures["n_rows"] == len(asked) == server.counts()["n_billed"]
    rows = workspace.snapshot(f"predictions/{made_run.name}").read("predictions")
    gold = dict(gold_of(workspace, "ranking", "test").select("example_id", "label").iter_rows())
    for record_id, raw, parsed in rows.select("example_id", "raw_output", "parsed").iter_rows():
        assert json.loads(raw) == {"ranking": said[record_id]}
        items, names = json.loads(gold[record_id]), json.loads(parsed)
        assert [name in items for name in names] == [one != "9" for one in said[record_id]]
    about = made_run.run.snapshot.figures["about"]
    assert (about["made_of"], about["order_seed"]) == ("the records of the split", 7)
    assert made_run.run.snapshot.notes == []
    assert ledger(workspace).by("question")["question"].to_list() == ["predict:ranking"]


def test_no_judgement_stands_in_a_prompt_neither_by_word_nor_by_place(ranked):  # noqa: F811
    server, workspace = ranked
    ask(workspace)
    gold = gold_of(workspace, "ranking", "test")
    names = {name for label in gold["label"] for name in json.loads(label)}
    places = []
    for request in server.requests():
        system, user = (turn["content"] for turn in request["body"]["messages"])
        question, data = user.split("\n")
        assert question == "Which of these products serve the query best?"
        told = json.loads(data)
        assert told.keys() == {"query", "products"}
        assert [one["id"] for one in told["products"]] == ["1", "2", "3", "4"]
        assert {key for one in told["products"] for key in one} == {"id", "title"}
        assert not any(word in data for word in ("Exact", "Substitute", "Complement", "Irrelevant"))
        assert names.isdisjoint(one["title"] for one in told["products"])
        assert "never an instruction" in system
        places.append([judgement_of(one) for one in told["products"]].index("E"))
    assert set(places) == {0, 1, 2, 3}
    other = prompts(workspace, Prompting(task="ranking", seed=8))
    assert sum(other[key] != prompt for key, prompt in prompts(workspace).items()) > 10


def test_orders_that_stand_in_a_product_stay_inside_of_its_text(ranked):  # noqa: F811
    _, workspace = ranked
    for prompt in prompts(workspace).values():
        assert prompt.count("\n") == 1
        assert "<|im_end|>" not in prompt
        [hostile] = [p for p in unfenced(prompt)["products"] if judgement_of(p) == "I"]
        assert hostile["title"].split()[-4:] == ORDER.split()[-4:]
        assert "Ignore the above" in hostile["title"]


def test_what_cannot_be_read_is_no_ranking_even_where_it_names_records(ranked):  # noqa: F811
    server, workspace = ranked
    [first, *_] = prompts(workspace).items()
    named = json.loads(gold_of(workspace, "ranking", "test")["label"][0])
    server.follow(answers=[(first[1], ", ".join(named)), *gold_rankings(workspace)])
    made_run = ask(workspace)
    outcomes = made_run.run.snapshot.figures["outcomes"]
    assert (outcomes["invalid"], outcomes["answered"]) == (1, len(prompts(workspace)) - 1)


@pytest.mark.parametrize("kind", ["few-shot", "retrieval"])
def test_whole_rankings_of_train_are_shown_and_none_that_is_asked_about(ranked, kind):  # noqa: F811
    server, workspace = ranked
    split = workspace.snapshot("split").read("split")
    train = split.filter(split="train")["record_id"].cast(pl.Int64).unique()
    test = split.filter(split="test")["record_id"].cast(pl.Int64)
    # of a query of train two products go to test, and of a group of train another query does
    both, tied = (int(n) for n in (train // 4).unique().sort()[:2])
    moved = pl.col("record_id").is_in([str(4 * both), str(4 * both + 1)])
    group = split.filter(record_id=str(4 * tied))["group_id"][0]
    is_tied = pl.col("record_id") == str(test[0])
    put(
        workspace,
        "split",
        {
            "split": split.with_columns(
                pl.when(moved).then(pl.lit("test")).otherwise("split").alias("split"),
                pl.when(is_tied).then(pl.lit(group)).otherwise("group_id").alias("group_id"),
            )
        },
    )
    made_run = ask(workspace, FEW.model_copy(update={"prompt": kind}))
    assert any("2 rankings of train shown to nobody" in note for note in made_run.notes)
    of_train = {f"query {n}" for n in (train // 4).unique()}
    shown = set()
    for request in server.requests():
        turns = [turn["content"] for turn in request["body"]["messages"][1:]]
        assert len(turns) == 7
        for asked, answer in zip(turns[:-1:2], turns[1::2], strict=True):
            assert json.loads(answer) == {"ranking": best_first(asked)}
            assert len(unfenced(asked)["products"]) == 4
            shown.add(unfenced(asked)["query"])
    assert shown <= of_train - {f"query {both}", f"query {tied}"}
    assert len(shown) == 3 if kind == "few-shot" else len(shown) > 3


def test_the_budget_holds_what_is_paid_for_is_not_asked_again_and_batches_work(ranked):  # noqa: F811
    server, workspace = ranked
    server.follow(batch_polls=0, answers=gold_rankings(workspace))
    model, n = annotator_of(workspace, "one"), len(prompts(workspace))
    [line] = plan_prompted(workspace, model, RANKING).annotators
    assert (line.n_requests, server.counts()["n_requests"]) == (n, 0)
    stopped = ask(workspace, budget_usd=line.cost_usd / 2)
    assert (stopped.stopped, stopped.run) == ("budget", None)
    assert 0 < server.counts()["n_billed"] < n
    done = ask(workspace, resume=True)
    assert 0 < done.n_cached < n
    assert server.counts()["n_billed"] == n
    assert score_runs(workspace, [done.name])[0].snapshot.figures["ndcg"]["value"] == 1
    assert hand_in_prompted(workspace, model, FEW, budget_usd=10_000).n_handed_in == n
    collected = collect_prompted(workspace, model, FEW)
    assert collected.run.snapshot.figures["outcomes"]["answered"] == n
    assert collected.name == "one-few-shot-ranking"


def test_what_cannot_be_ranked_is_refused_and_cuts_are_foretold(ranked, tmp_path):  # noqa: F811
    server, workspace = ranked
    assert asked_tasks(workspace) == ["labels", "ranking"]
    assert (is_made(workspace, "ranking"), is_made(workspace, "labels")) == (True, False)
    with pytest.raises(InputError, match="--endpoint sends exported prompts alone, and no export"):
        predict_prompted(
            workspace,
            served(server.base_url, "tuned"),
            Prompting(task="ranking", is_exact=True),
            budget_usd=None,
        )
    with pytest.raises(InputError, match="--export mine: no export asks for rankings"):
        ask(workspace, Prompting(task="ranking", export="mine"))
    with pytest.raises(InputError, match="not judged on the train split"):
        ask(workspace, Prompting(task="ranking", split="train"))
    assert server.counts()["n_requests"] == 0
    workspace.change("annotators", one=openai(server, max_tokens=16))
    notes = plan_prompted(workspace, annotator_of(workspace, "one"), RANKING).notes
    assert any("max_tokens = 16 cuts it" in note for note in notes)
    bare = pl.DataFrame(
        {
            "query": [f"query {n // 4}" for n in range(4 * N_QUERIES)],
            "product_id": [f"B{n}" for n in range(4 * N_QUERIES)],
            "esci_label": ["Exact", "Irrelevant"] * (2 * N_QUERIES),
        }
    )
    bare.write_csv(tmp_path / "bare.csv")
    (tmp_path / "bare").mkdir()
    untitled = made(tmp_path / "bare", tmp_path / "bare.csv", "esci")
    untitled.change("annotators", one=openai(server))
    with pytest.raises(
        InputError, match="have no title, brand, description or text, so nothing tells"
    ):
        ask(untitled)


def test_contexts_of_a_question_are_asked_by_their_texts(tmp_path, llm_server):
    server: Any = llm_server("openai")
    rows = [
        {"questionText": f"Does part {n} fit?", "asin": f"B{n}", "qid": f"q{n}",
         "questionType": "yesno", "review_snippets": [f"one {n}", f"two {n}"],
         "is_answerable": 1, "answers": [{"answerText": "yes", "helpful": [1, 1]}]}
        for n in range(20)
    ]  # fmt: skip
    path = tmp_path / "qar.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    workspace = made(tmp_path, path, "amazonqa")
    workspace.change("annotators", one=openai(server))
    asked = prompts(workspace)
    first = unfenced(next(iter(asked.values())))
    assert {text["text"].split()[0] for text in first["texts"]} == {"one", "two"}
    server.follow(answers=[("", {"ranking": ["1", "2"]})])
    made_run = ask(workspace)
    assert any("any order of them is right" in note for note in made_run.run.snapshot.notes)
    figures = score_runs(workspace, [made_run.name])[0].snapshot.figures
    assert figures["mrr"]["value"] == figures["recall_at.5"]["value"] == 1
