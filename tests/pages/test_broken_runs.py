"""Files of runs that are broken, in the browser: one red line each, and no figure."""

import pickle

import pytest

from tests import tool_files as tools
from tests.shop_workspace import shop
from workspace.runs import runs

WRITERS = {
    "lm-eval": tools.lm_eval,
    "inspect": lambda folder: tools.inspect_json(folder),
    "promptfoo": tools.promptfoo,
    "lighteval": tools.lighteval,
    "helm": tools.helm,
    "opencompass": tools.opencompass,
    "deepeval": tools.deepeval,
}


def drop(shown, key, path):
    shown.file_uploader(key=key).upload(path.name, path.read_bytes(), "application/octet-stream")


def press(shown, label):
    button = next((b for b in shown.button if b.label == label), None)
    if button is not None:
        button.click().run()
    assert not shown.exception
    return shown


def red_line(shown):
    [error] = shown.error
    assert not shown.metric
    return error.value.replace("\\", "")


@pytest.fixture
def score_tab(page, nowhere):
    shown = page("files", nowhere)
    shown.session_state["files_view"] = "Score and compare"
    return shown.run()


@pytest.mark.parametrize("name", WRITERS)
def test_half_a_file_of_any_tool_is_one_red_line_on_any_file(score_tab, tmp_path, name):
    path = WRITERS[name](tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    drop(score_tab, "files.candidate", path)
    press(score_tab.run(), "Score")
    told = red_line(score_tab)
    assert "cut off" in told or "not written to its end" in told


def broken(folder, kind):
    """A file of DeepEval with one thing wrong."""
    if kind == "a key twice":
        return tools.deepeval(folder, [*tools.ROWS, tools.ROWS[0]])
    if kind == "keys of another data set":
        return tools.deepeval(folder, [row | {"id": f"X{row['id']}"} for row in tools.ROWS])
    path = tools.deepeval(folder)
    content = {"an empty file": b" \n", "a pickle": pickle.dumps({"testCases": [1]})}
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("an empty file", "is empty. Expected one row for each example"),
        ("a pickle", "is a pickle, and opening one can run any code"),
        ("a key twice", "key 'P0' stands at test case 1 already"),
    ],
)
def test_a_broken_file_is_one_red_line_on_any_file(score_tab, tmp_path, kind, told):
    drop(score_tab, "files.candidate", broken(tmp_path, kind))
    press(score_tab.run(), "Score")
    assert told in red_line(score_tab)


def test_two_runs_over_other_rows_are_one_red_line(score_tab, tmp_path):
    drop(score_tab, "files.candidate", tools.deepeval(tmp_path / "a", tools.ROWS[:4]))
    drop(score_tab, "files.baseline", tools.promptfoo(tmp_path / "b"))
    press(score_tab.run(), "Compare")
    assert "are on different rows: 2 examples only in the first" in red_line(score_tab)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("an empty file", "is empty. Expected one row for each example"),
        ("a pickle", "is a pickle, and opening one can run any code"),
        ("a key twice", "key 'P0' stands at test case 1 already"),
        ("keys of another data set", "none of 6 rows has an example_id of split test"),
    ],
)
def test_a_broken_file_is_not_imported_on_results(page, tmp_path, kind, told):
    workspace = shop(tmp_path)
    shown = page("results", workspace.root)
    drop(shown, "results.predictions", broken(tmp_path, kind))
    press(shown, "Import the run")
    assert told in red_line(shown)
    assert runs(workspace).is_empty()


@pytest.mark.parametrize("form", ["helm", "goldshelf"])
def test_a_wrong_format_on_results_names_the_likely_one(page, tmp_path, form):
    workspace = shop(tmp_path)
    shown = page("results", workspace.root)
    drop(shown, "results.predictions", tools.deepeval(tmp_path))
    shown.selectbox(key="results.format").set_value(form)
    press(shown, "Import the run")
    assert f"is not of format {form}: it looks like deepeval" in red_line(shown)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"example_id": "P0", "raw_output": "x", "score": NaN}\n', "NaN is no JSON value"),
        ('{"example_id": "P0", "raw_output": "x"}\n{"example_id"', "the last line is cut off"),
        ('{"example_id": "P0", "raw_output": "x"}\n' * 2, "example_id 'P0' stands in 2 rows"),
        ('{"example_id": "Q0", "raw_output": "x"}\n', "none of 1 row has an example_id of"),
    ],
)
def test_predictions_of_ours_that_are_broken_are_one_red_line_on_both_pages(
    page, nowhere, tmp_path, line, told
):
    path = tmp_path / "predictions.jsonl"
    path.write_text(line)
    gold = "".join(f"{row['id']},{row['gold']}\n" for row in tools.ROWS)
    (tmp_path / "gold.csv").write_text(f"id,category\n{gold}")
    shown = page("files", nowhere)
    shown.session_state["files_view"] = "Score and compare"
    shown.run()
    drop(shown, "files.gold", tmp_path / "gold.csv")
    drop(shown, "files.candidate", path)
    press(shown.run(), "Score")
    assert told in red_line(shown)
    workspace = shop(tmp_path)
    shown = page("results", workspace.root)
    card = tools.write_json(tmp_path / "run.json", {"model": "mine"})
    drop(shown, "results.predictions", path)
    drop(shown, "results.card", card)
    press(shown, "Import the run")
    assert told in red_line(shown)
    assert runs(workspace).is_empty()
