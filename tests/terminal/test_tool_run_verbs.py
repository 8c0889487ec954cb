"""import-run, score and compare on the files of other tools."""

import json
import pickle

import pytest

from terminal.main import run
from tests import tool_files as tools
from tests.shop_workspace import shop
from workspace.runs import runs


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_file_with_gold_is_scored(tmp_path, capsys):
    path = str(tools.inspect_eval(tmp_path, chunked=("P1",)))
    assert run(["score", "--run", path, "--format", "inspect", "--json"]) == 0
    body = said(capsys)
    assert body["accuracy"]["value"] == pytest.approx(4 / 6)
    assert body["outcomes"]["invalid"] == 1


def test_two_files_are_compared_by_format(tmp_path, capsys):
    before = tools.promptfoo(tmp_path / "a")
    after = tools.promptfoo(tmp_path / "b", tools.rows_with(P2=tools.POTS))
    code = run(["compare", "--baseline", str(before), "--candidate", str(after), "--format",
                "promptfoo", "--cluster-column", "brand", "--json"])  # fmt: skip
    body = said(capsys)
    assert code == 0
    assert (body["n_fixed"], body["n_clusters"]) == (1, 3)


def test_a_filter_is_named_and_the_choice_is_said_aloud(tmp_path, capsys):
    path = str(tools.lm_eval(tmp_path))
    assert run(["score", "--run", path, "--json"]) == 0
    streams = capsys.readouterr()
    assert "filter 'strict' of strict, loose; pass --filter for another." in streams.err
    assert json.loads(streams.out)["accuracy"]["value"] == pytest.approx(4 / 6)
    assert run(["score", "--run", path, "--filter", "loose", "--json"]) == 0
    assert said(capsys)["accuracy"]["value"] == 0


def test_a_batch_comes_into_a_workspace_with_its_error_file(tmp_path, capsys):
    workspace = str(shop(tmp_path).root)
    output = tools.write_lines(tmp_path / "o.jsonl", [tools.batch_row(r) for r in tools.ROWS[:5]])
    errors = tools.write_lines(tmp_path / "e.jsonl", [tools.failed_batch_row("P5")])
    command = ["import-run", str(output), "--errors", str(errors), "-w", workspace]
    assert run([*command, "--json"]) == 0
    body = said(capsys)
    assert body["model"] == "shop-7b"
    assert body["outcomes"]["error"] == 1
    assert run(command) == 0
    assert "it was here already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", "--run", "{log}", "--format", "helm"], "it looks like inspect"),
        (["score", "--run", "{log}", "--format", "csv"], "--format csv: expected one of auto"),
        (["score", "--run", "{list}"], "Pass --keys FILE"),
        (["score", "--run", "{failed}"], "status is 'error', expected 'success'"),
        (["score", "--run", "{log}", "--pred", "x"], "--run or --pred, not both"),
    ],
)
def test_a_mistake_is_one_line_and_2(tmp_path, capsys, arguments, told):
    files = {
        "log": str(tools.inspect_eval(tmp_path)),
        "list": str(tools.ecinstruct(tmp_path)),
        "failed": str(tools.inspect_json(tmp_path, status="error")),
    }
    assert run([word.format(**files) for word in arguments]) == 2
    streams = capsys.readouterr()
    assert told in streams.err
    assert len(streams.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("half", "not written to its end"),
        ("empty", "is empty"),
        ("pickle", "is a pickle"),
        ("twice", "key 'P0' stands at test case 1 already"),
        ("foreign", "none of 6 rows has an example_id of split test (found 'XP0'"),
        ("ours", "it looks like deepeval. Pass --format deepeval"),
        ("helm", "it looks like deepeval. Pass --format deepeval"),
    ],
)
def test_a_run_that_is_broken_leaves_nothing_behind(tmp_path, capsys, broken, told):
    workspace = shop(tmp_path)
    path = tools.deepeval(tmp_path)
    whole = path.read_bytes()
    if broken == "foreign":
        tools.deepeval(tmp_path, [row | {"id": f"X{row['id']}"} for row in tools.ROWS])
    elif broken == "twice":
        tools.deepeval(tmp_path, [*tools.ROWS, tools.ROWS[0]])
    else:
        path.write_bytes(
            {"half": whole[:900], "empty": b" ", "pickle": pickle.dumps(1)}.get(broken, whole)
        )
    form = {"ours": "goldshelf", "helm": "helm"}.get(broken, "deepeval")
    words = ["import-run", str(path), "--format", form, "-w", str(workspace.root)]
    assert run(words) == 2
    streams = capsys.readouterr()
    assert told in streams.err
    assert len(streams.err.strip().splitlines()) == 1
    assert streams.out == ""
    assert runs(workspace).is_empty()


def test_two_files_over_other_rows_are_not_averaged(tmp_path, capsys):
    whole, few = (
        tools.helm(tmp_path / "a"),
        tools.helm(tmp_path / "b", [tools.helm_state(row) for row in tools.ROWS[:4]]),
    )
    words = ["compare", "--baseline", str(whole), "--candidate", str(few), "--format", "helm"]
    assert run(words) == 2
    streams = capsys.readouterr()
    assert "are on different rows: 2 examples only in the first" in streams.err
    assert streams.out == ""


def test_compare_takes_the_error_file_of_each_side(tmp_path, capsys):
    gold = tools.write_lines(
        tmp_path / "gold.jsonl", [{"id": r["id"], "category": r["gold"]} for r in tools.ROWS]
    )
    sides = {}
    for side, keys in (("candidate", ("P5",)), ("baseline", ("P0", "P1"))):
        answered = [tools.batch_row(row) for row in tools.ROWS if row["id"] not in keys]
        failed = [tools.failed_batch_row(key) for key in keys]
        sides[side] = str(tools.write_lines(tmp_path / f"{side}.jsonl", answered))
        sides[f"{side}-errors"] = str(tools.write_lines(tmp_path / f"{side}-e.jsonl", failed))
    words = ["compare", "--baseline", sides["baseline"], "--candidate", sides["candidate"],
             "--gold", str(gold), "--errors", sides["candidate-errors"],
             "--baseline-errors", sides["baseline-errors"]]  # fmt: skip
    assert run([*words, "--format", "openai-batch", "--json"]) == 0
    told = capsys.readouterr()
    body = json.loads(told.out)
    # right: P0, P1 and P3 against P3 and P5; P2 is wrong and P4 cannot be read in both
    assert (body["candidate"], body["baseline"]) == (3 / 6, 2 / 6)
    assert "1 request of 6 failed" in told.err
    assert "2 requests of 6 failed" in told.err
    assert run(words) == 2
    assert "--format FORMAT" in capsys.readouterr().err
