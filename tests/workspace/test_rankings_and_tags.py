"""Rankings and tags of a workspace: gold, runs, scores, comparisons and published twins."""

from __future__ import annotations

import json

import polars as pl
import pytest

from catalog.errors import InputError
from terminal.main import run
from tests.runs_workspace import import_rows
from workspace import way
from workspace.runs.gold import gold_of, likely_task, tasks_of
from workspace.runs.published import twin_of
from workspace.runs.scoring import compare, score_runs
from workspace.runs.slicing import run_slices
from workspace.settings import validated
from workspace.views import results
from workspace.views.flips import Asked, FlipFilter, flip_page
from workspace.workspace import Workspace

LABELS = ("Exact", "Substitute", "Complement", "Irrelevant")
LETTERS = {label: label[0] for label in LABELS}


def made(folder, source, kind, **columns):
    body = {
        "source": {"paths": [str(source)], "kind": kind, "columns": columns},
        "split": {"fractions": [0.4, 0.1, 0.5], "near_duplicates": 0},
    }
    workspace = Workspace.create(folder / "w", validated(body, "test"))
    way.run(workspace, "split")
    return workspace


@pytest.fixture(scope="module")
def esci(tmp_path_factory):
    """40 queries with four products each, one of every judgement."""
    folder = tmp_path_factory.mktemp("esci")
    pl.DataFrame(
        [
            {
                "example_id": 1000 + 4 * q + p,
                "query": f"query {q}",
                "query_id": q,
                "product_id": f"B{q}-{p}",
                "product_title": f"thing {q} {p} of {q * 13} and {p * 17}",
                "esci_label": LABELS[p],
            }
            for q in range(40)
            for p in range(4)
        ]
    ).write_csv(folder / "examples.csv")
    return made(folder, folder / "examples.csv", "esci")


def queries_of(workspace, split):
    gold = gold_of(workspace, "ranking", split)
    records = workspace.snapshot("load").read("records").select("record_id", "query")
    return gold.join(records, left_on="example_id", right_on="record_id")["query"].to_list()


def rankings(workspace, order, key=lambda query: query):
    return [
        {
            "example_id": key(query),
            "raw_output": json.dumps([f"B{query.split()[1]}-{p}" for p in order(n)]),
        }
        for n, query in enumerate(queries_of(workspace, "test"))
    ]


def test_the_products_of_a_query_are_one_gold_row_with_their_judgements(esci):
    gold = gold_of(esci, "ranking", "test")
    first = queries_of(esci, "test")[0].split()[1]
    assert json.loads(gold["label"][0]) == {
        f"B{first}-{p}": LETTERS[label] for p, label in enumerate(LABELS)
    }
    assert gold.height == esci.snapshot("split").read("split").filter(split="test").height / 4
    assert tasks_of(esci, "test")[:2] == ["labels", "ranking"]
    assert likely_task(esci, "test") == "labels"


def test_rankings_are_keyed_by_query_scored_compared_and_sliced(esci):
    best = import_rows(esci, "best", rankings(esci, lambda n: range(4)), task="ranking")
    assert "its keys are queries" in " ".join(best.snapshot.notes)
    # every second query has Substitute before Exact
    import_rows(
        esci, "half", rankings(esci, lambda n: (1, 0, 2, 3) if n % 2 else range(4)), task="ranking"
    )
    figures = score_runs(esci, ["best", "half"])
    told = {one.run: one.snapshot.figures for one in figures}
    assert told["best"]["ndcg"]["value"] == pytest.approx(1.0)
    n = told["half"]["n_rows"]
    assert told["half"]["recall_at.1"]["value"] == pytest.approx(1 - (n // 2) / n)
    assert told["half"]["mrr"]["value"] == pytest.approx(1 - (n // 2) / n / 2)
    found = compare(esci, "best", "half")
    assert (found.metric, found.verdict, found.n_broken) == ("ndcg", "worse", n // 2)
    shown = results.metric_table(esci, "half")["metric"].to_list()
    assert {"ndcg", "recall_at.1", "recall_at.5", "recall_at.10", "mrr"} <= set(shown)
    errors = results.worst_errors(esci, "half")
    assert errors["title"].str.starts_with("query ").all()
    page = flip_page(esci, Asked("best", "half"), FlipFilter("broken"))
    assert page.n_found == n // 2
    parts = run_slices(esci, "half", ["text_length"]).read("slices")
    assert parts["n"].sum() == n
    assert twin_of(esci, "half", "esci")["published"]["ndcg"]["value"] < 1


def test_ids_of_queries_and_of_records_are_keys_too(esci):
    by_id = rankings(esci, lambda n: range(4), key=lambda query: query.split()[1])
    kept = import_rows(esci, "ids", by_id, task="ranking")
    assert "its keys are ids of queries" in " ".join(kept.snapshot.notes)
    ours = gold_of(esci, "ranking", "test")["example_id"].to_list()
    rows = [{**row, "example_id": key} for row, key in zip(by_id, ours, strict=True)]
    records = import_rows(esci, "records", rows, task="ranking")
    assert kept.snapshot.figures["coverage"] == records.snapshot.figures["coverage"] == 1
    assert kept.snapshot.read("predictions")["example_id"].to_list() == ours


def test_a_ranking_of_a_query_of_train_is_refused(esci):
    [query, *_] = queries_of(esci, "train")
    rows = [*rankings(esci, lambda n: range(4)), {"example_id": query, "raw_output": "[]"}]
    with pytest.raises(InputError, match="train split"):
        import_rows(esci, "trained", rows, task="ranking")
    twice = rankings(esci, lambda n: range(4))
    twice.append({**twice[0], "example_id": twice[0]["example_id"] + " "})
    with pytest.raises(InputError, match="there twice"):
        import_rows(esci, "twice", twice, task="ranking")


def test_contexts_of_questions_are_retrieved_by_their_place_in_the_record(tmp_path):
    path = tmp_path / "qar.jsonl"
    rows = [
        {"questionText": f"Does part {n} fit?", "asin": f"B{n}", "qid": f"q{n}",
         "questionType": "yesno", "review_snippets": [f"one {n}", f"two {n}"],
         "is_answerable": int(n % 5 != 0), "answers": [{"answerText": "yes", "helpful": [1, 1]}]}
        for n in range(40)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    workspace = made(tmp_path, path, "amazonqa")
    gold = gold_of(workspace, "ranking", "test")
    key = gold["example_id"][0]
    assert json.loads(gold["label"][0]) == {f"{key}#1": 1, f"{key}#2": 1}
    assert all(int(one[1:]) % 5 for one in gold["example_id"])
    said = [
        {"example_id": one, "raw_output": json.dumps(["other#1", f"{one}#2"])}
        for one in gold["example_id"]
    ]
    import_rows(workspace, "retriever", said, task="ranking")
    figures = score_runs(workspace, ["retriever"])[0].snapshot.figures
    assert figures["recall_at.1"]["value"] == 0
    assert figures["recall_at.5"]["value"] == 0.5
    assert figures["mrr"]["value"] == 0.5
    assert figures["reference_lines"] == {}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """60 products with one tag for all and one of three others, and some without."""
    folder = tmp_path_factory.mktemp("tagged")
    pl.DataFrame(
        {
            "id": [f"r{n}" for n in range(60)],
            "title": [f"thing {n} of {n * 31}" for n in range(60)],
            "category": [f"A > c{n % 2}" for n in range(60)],
            "Tags": ["" if n % 10 == 9 else f"new, {'abc'[n % 3]}" for n in range(60)],
        }
    ).write_csv(folder / "catalog.csv")
    columns = {"record_id": "id", "title": "title", "category": ["category"]}
    return made(folder, folder / "catalog.csv", "catalog", **columns)


def test_tags_of_the_source_are_gold_scored_micro_macro_and_by_tag(tagged, capsys):
    gold = gold_of(tagged, "tags", "test")
    assert "" not in gold["label"].to_list()
    rows = [{"example_id": one, "parsed": ["new"]} for one in gold["example_id"]]
    import_rows(tagged, "new", rows, task="tags")
    right = [
        {"example_id": one, "parsed": label.split(", ")}
        for one, label in gold.select("example_id", "label").iter_rows()
    ]
    import_rows(tagged, "right", right, task="tags")
    made = {one.run: one.snapshot for one in score_runs(tagged, ["new", "right"])}
    figures = made["new"].figures
    # one of two tags of each row: precision 1, recall 1/2; of four tags one is always right
    assert figures["precision"]["value"] == 1
    assert figures["recall"]["value"] == 0.5
    assert figures["recall_macro"]["value"] == 0.25
    by_tag = {row["category"]: row for row in made["new"].read("categories").to_dicts()}
    assert (by_tag["new"]["support"], by_tag["new"]["f1"]) == (gold.height, 1.0)
    assert by_tag["a"]["recall"] == 0
    assert made["right"].figures["exact_match"]["value"] == 1
    assert compare(tagged, "new", "right").verdict == "better"
    words = ["compare", "-w", str(tagged.root), "--baseline", "new", "--candidate", "right"]
    assert run([*words, "--gate", "f1>=0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_passed"]
