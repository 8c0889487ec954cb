import json

import pytest

from catalog.errors import InputError
from evaluation.comparing.gates import GateResult
from terminal.main import run
from workspace.runs import (
    compare_run_files,
    score_run_file,
    twin_compare_files,
    twin_score_files,
)

RUNS = "attributes/extractgpt/predictions"
ENSEMBLE = (
    "schema_ae_110k_gpt_4_0613_10_SemanticSimilarity_1_0___json_schema_ensembling_shuffle_"
    "2024-01-17_11-34-21.gz"
)
LIST = "list-ae-110k-10-shots_2023-10-08_12-31-04.gz"
GPT = "attributes/wdc-pave-gpt/predictions/variant_E_openai_{}_val.jsonl"


def told(capsys):
    return json.loads(capsys.readouterr().out)


def test_score_shows_strict_and_published_side_by_side(shared_data, capsys):
    path = shared_data / RUNS / ENSEMBLE
    words = ["--format", "extractgpt", "--definition", "extractgpt", "--json"]
    assert run(["score", "--run", str(path), *words]) == 0
    body = told(capsys)
    assert round(100 * body["published"]["f1"]["value"], 2) == 87.61
    assert body["published"]["definition"] == "extractgpt"
    assert "3f96461" in body["published"]["source"]
    assert body["published"]["counts"]["VC"] == 1050
    assert body["strict"]["definition"] == "strict"
    assert body["strict"]["f1"] == body["f1"]
    # ours leaves "n/a" out where other surface forms follow it.
    assert 100 * body["f1"]["value"] == pytest.approx(87.54, abs=0.01)
    assert {line["value"] for line in body["published_lines"]} == {
        0.8216,
        0.8550,
        0.8592,
        0.8754,
        0.8761,
    }
    assert body["reference_lines"]["always null"]["null_accuracy"] == 1.0


def test_two_stored_runs_are_compared_clustered_by_product(shared_data, capsys):
    baseline, candidate = (str(shared_data / RUNS / name) for name in (LIST, ENSEMBLE))
    words = ["--format", "extractgpt", "--definition", "extractgpt", "--json"]
    words += ["--cluster-column", "example_id"]
    assert run(["compare", "--baseline", baseline, "--candidate", candidate, *words]) == 0
    body = told(capsys)
    assert body["verdict"] == "better"
    assert body["n_rows"] == body["n_clusters"] == 524
    published = body["published"]
    assert (round(100 * published["baseline"], 2), round(100 * published["candidate"], 2)) == (
        82.16,
        87.61,
    )
    assert published["difference"] == pytest.approx(0.0545)
    assert 0 < published["low"] < published["difference"] < published["high"]
    assert published["p_value"] < 0.01
    assert body["strict"]["difference"] == body["difference"]


def test_a_run_against_itself_is_tied_in_both(shared_data):
    path = shared_data / RUNS / ENSEMBLE
    found = compare_run_files(path, path, "extractgpt", definition="extractgpt")
    assert found.strict.verdict == "tied"
    assert found.published is not None
    assert found.published.tested.p_value == 1.0
    assert all(
        one.difference.low == one.difference.high == 0 for one in found.published.metrics.values()
    )


def test_the_two_models_on_wdc_pave_are_compared_with_cost_and_latency(shared_data, capsys):
    nano, large = (str(shared_data / GPT.format(m)) for m in ("GPT-5.4-nano", "GPT-5.4"))
    words = ["--format", "wdc-pave-gpt", "--definition", "wdc-pave", "--json"]
    assert run(["compare", "--baseline", nano, "--candidate", large, *words]) == 0
    body = told(capsys)
    assert body["n_rows"] == 142
    # strictly the large model is worse: it answers with text where the small one lists values.
    assert body["verdict"] == "worse"
    assert (round(body["baseline"], 3), round(body["candidate"], 3)) == (0.166, 0.146)
    assert body["high"] < 0
    costs = body["costs"]
    assert costs["baseline"]["n_tokens_out"] == 11395
    assert costs["candidate"]["n_tokens_out"] == 7824
    assert costs["baseline"]["n_tokens_in"] == costs["candidate"]["n_tokens_in"] == 36042
    for side in costs.values():
        assert 0 < side["latency_ms_median"] <= side["latency_ms_p95"]
        assert side["latency_ms_rows"] == 142
        assert side["cost_usd"] is None  # the files tell tokens, and no money
    dollars = [costs[side]["cost_usd_listed"] for side in ("baseline", "candidate")]
    assert 0 < dollars[0] < dollars[1]
    # by the script no list is right, and nothing is shown.
    assert body["published"]["definition"] == "wdc-pave"
    assert body["published"]["low"] < 0 < body["published"]["high"]


def test_runs_over_different_rows_are_one_clear_line(shared_data):
    other = next((shared_data / RUNS).glob("list-oa-mine*.gz"))
    with pytest.raises(InputError, match="only in the first, 491 examples only in"):
        compare_run_files(shared_data / RUNS / LIST, other, "extractgpt")


def test_a_gate_reads_the_strict_difference(shared_data):
    baseline, candidate = (shared_data / RUNS / name for name in (ENSEMBLE, LIST))
    found = compare_run_files(baseline, candidate, "extractgpt", gates=["f1>=0"])
    (gate,) = found.strict.gates
    assert isinstance(gate, GateResult)
    assert not gate.is_passed


@pytest.fixture
def ranking(tmp_path):
    gold, pred = tmp_path / "gold.jsonl", tmp_path / "pred.jsonl"
    rows = [{"example_id": str(n), "label": ["S", "E"], "query": f"q{n % 3}"} for n in range(6)]
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = [{"example_id": str(n), "raw_output": "B,A" if n % 2 else "A"} for n in range(6)]
    pred.write_text("".join(json.dumps(row) + "\n" for row in said))
    return gold, pred


def test_plain_files_of_any_task_have_twins_too(ranking, capsys):
    gold, pred = (str(path) for path in ranking)
    files = ["--gold", gold, "--pred", pred, "--cluster-column", "query"]
    words = ["--task", "ranking", "--definition", "ecellm", "--json"]
    assert run(["score", *files, *words]) == 0
    body = told(capsys)
    assert body["published"]["ndcg"]["value"] == pytest.approx(1.0, abs=1e-4)
    assert body["ndcg"]["value"] < 0.6
    assert body["n_clusters"] == 3
    assert "chance: a random order, in expectation" in body["reference_lines"]
    assert body["published_lines"] == []


def test_tables_are_printed_for_a_task_without_categories(ranking, capsys):
    gold, pred = (str(path) for path in ranking)
    files = ["--gold", gold, "--task", "ranking", "--definition", "esci"]
    assert run(["score", *files, "--pred", pred]) == 0
    assert "published definition esci" in capsys.readouterr().out
    assert run(["compare", *files, "--baseline", pred, "--candidate", pred]) == 0
    assert "published definition esci" in capsys.readouterr().out


def test_files_give_the_same_through_either_door(ranking):
    gold, pred = ranking
    scored = twin_score_files("ranking", gold, pred, definition="ecellm")
    compared = twin_compare_files("ranking", gold, pred, pred, definition="ecellm")
    assert scored.published is not None
    assert compared.published is not None
    assert compared.published.metrics["ndcg"].baseline == scored.published.metrics["ndcg"]


def test_a_definition_of_another_task_is_refused(shared_data):
    path = shared_data / RUNS / LIST
    with pytest.raises(InputError, match="esci is of ranking, labels, pairs, not of attributes"):
        score_run_file(path, "extractgpt", definition="esci")
