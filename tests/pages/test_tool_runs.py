"""Runs of other tools in the browser: scored on the Any file page, imported on Results."""

import shutil
from pathlib import Path

import pytest

from tests import tool_files as tools
from tests.pages.still_tables import still_tables
from tests.shop_workspace import shop
from tests.static_models import static_model
from workspace.runs import runs


def drop(shown, key, path):
    shown.file_uploader(key=key).upload(path.name, path.read_bytes(), "application/octet-stream")


def press(shown, label):
    next(b for b in shown.button if b.label == label).click().run()
    assert not shown.exception
    return shown


def texts(shown):
    return [text.value for text in shown.markdown]


@pytest.fixture
def score_tab(page, nowhere):
    shown = page("files", nowhere)
    shown.session_state["files_view"] = "Score and compare"
    return shown.run()


def test_a_log_with_its_gold_is_scored_and_says_what_was_unscored(score_tab, tmp_path):
    drop(score_tab, "files.candidate", tools.inspect_eval(tmp_path))
    press(score_tab.run(), "Score")
    assert not score_tab.error
    # Four of six are right.
    assert any("Accuracy 66\\.7 %" in text for text in texts(score_tab))
    assert any("unscored" in caption.value for caption in score_tab.caption)


def test_another_reading_is_chosen(score_tab, tmp_path):
    drop(score_tab, "files.candidate", tools.lm_eval(tmp_path))
    score_tab.run()
    score_tab.text_input(key="files.filter").set_value("loose").run()
    press(score_tab, "Score")
    assert any("Accuracy 0\\.0 %" in text for text in texts(score_tab))


def test_two_runs_are_compared_in_groups(score_tab, tmp_path):
    drop(score_tab, "files.candidate", tools.deepeval(tmp_path, tools.rows_with(P2=tools.POTS)))
    drop(score_tab, "files.baseline", tools.promptfoo(tmp_path))
    score_tab.run()
    group = next(s for s in score_tab.selectbox if s.label.startswith("Rows that depend"))
    group.set_value("brand")
    press(score_tab, "Compare")
    assert not score_tab.error
    assert any("of 3 brands" in text for text in texts(score_tab))


def test_a_wrong_format_is_one_red_line_with_the_name_of_the_file(score_tab, tmp_path):
    drop(score_tab, "files.candidate", tools.deepeval(tmp_path))
    score_tab.run()
    score_tab.selectbox(key="files.format").set_value("helm").run()
    assert len(score_tab.error) == 1
    assert score_tab.error[0].value.startswith("test\\_run\\_20261121")
    assert "it looks like deepeval" in score_tab.error[0].value


def test_an_embedding_model_is_named_and_one_that_is_missing_is_a_red_line(score_tab, tmp_path):
    pytest.importorskip("model2vec", reason="model2vec is not installed: goldshelf[embeddings]")
    drop(score_tab, "files.candidate", tools.deepeval(tmp_path))
    score_tab.run()
    score_tab.text_input(key="files.embedding").set_value(str(tmp_path / "none")).run()
    press(score_tab, "Score")
    assert "no such folder" in score_tab.error[0].value
    model = static_model(tmp_path / "model", [["garden"], ["pots", "tools"]])
    score_tab.text_input(key="files.embedding").set_value(model).run()
    press(score_tab, "Score")
    assert not score_tab.error
    [table] = [t for t in still_tables(score_tab) if "metric" in t.columns]
    found = dict(zip(table["metric"].str.lower(), table["value"], strict=True))
    assert found["semantic f1 embedding"] == "90.9 %"


def test_a_run_of_a_tool_is_imported_on_results(page, tmp_path):
    workspace = shop(tmp_path)
    shown = page("results", workspace.root)
    drop(shown, "results.predictions", tools.lm_eval(tmp_path))
    press(shown, "Import the run")
    # The results file, which tells the model, does not lie beside a file that was dropped.
    assert "does not tell which model answered" in shown.error[0].value
    shown.text_input(key="results.model").set_value("shop-7b")
    press(shown, "Import the run")
    assert not shown.error
    assert "is in" in shown.success[0].value
    assert runs(workspace)["model"].to_list() == ["shop-7b"]
    assert any("of strict, loose" in caption.value for caption in shown.caption)
    assert not shown.run().exception


def test_what_cannot_be_imported_is_one_red_line(page, tmp_path):
    workspace = shop(tmp_path)
    shown = page("results", workspace.root)
    others = [row | {"id": f"X{row['id']}"} for row in tools.ROWS]
    drop(shown, "results.predictions", tools.deepeval(tmp_path, others))
    press(shown, "Import the run")
    assert len(shown.error) == 1
    assert "none of 6 rows has an example\\_id of split test" in shown.error[0].value


def test_a_helm_folder_comes_as_a_zip_file(score_tab, tmp_path):
    folder = tools.helm(tmp_path / "helm").parent
    packed = shutil.make_archive(str(tmp_path / "run"), "zip", folder)
    drop(score_tab, "files.candidate", Path(packed))
    press(score_tab.run(), "Score")
    assert not score_tab.error
    # Four of six are right.
    assert any("Accuracy 66\\.7 %" in text for text in texts(score_tab))


def test_a_zip_without_a_run_is_one_red_line(score_tab, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    drop(
        score_tab,
        "files.candidate",
        Path(shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path / "empty")),
    )
    score_tab.run()
    [told] = [error.value for error in score_tab.error]
    assert told.startswith("z\\.zip\\: no HELM run in it")


def test_strict_and_published_stand_side_by_side(score_tab, shared_data):
    runs_of = shared_data / "attributes/extractgpt/predictions"
    drop(score_tab, "files.candidate", next(runs_of.glob("*ae_110k*ensembling*")))
    score_tab.run()
    score_tab.selectbox(key="files.definition").set_value("extractgpt").run()
    press(score_tab, "Score")
    tiles = {tile.label: tile.value for tile in score_tab.metric}
    assert tiles == {r"Strict\: F1": "85.8 %", r"Published by extractgpt\: F1": "85.9 %"}
    assert any("surface forms" in caption.value for caption in score_tab.caption)
    assert any("AE\\-110K" in caption.value for caption in score_tab.caption)


def test_each_side_of_a_comparison_has_its_own_error_file(score_tab, tmp_path):
    # the candidate answers all but P5, whose call failed; the baseline fails on P0 and P1
    gold = "id,category,brand\n" + "".join(
        f"{row['id']},{row['gold']},{row['brand']}\n" for row in tools.ROWS
    )
    (tmp_path / "gold.csv").write_text(gold)
    failed = {"candidate": ("P5",), "baseline": ("P0", "P1")}
    drop(score_tab, "files.gold", tmp_path / "gold.csv")
    for side, keys in failed.items():
        answered = [tools.batch_row(row) for row in tools.ROWS if row["id"] not in keys]
        drop(score_tab, f"files.{side}", tools.write_lines(tmp_path / f"{side}.jsonl", answered))
    score_tab.run()
    for key, side in (("files.errors", "candidate"), ("files.baseline_errors", "baseline")):
        rows = [tools.failed_batch_row(key) for key in failed[side]]
        drop(score_tab, key, tools.write_lines(tmp_path / f"{side}-errors.jsonl", rows))
    press(score_tab.run(), "Compare")
    assert not score_tab.error
    # right: P0, P1 and P3 against P3 and P5
    assert any("50\\.0 % against 33\\.3 %" in text for text in texts(score_tab))
    told = [caption.value for caption in score_tab.caption]
    assert any("1 row of candidate\\-errors\\.jsonl added" in text for text in told)
    assert any("2 rows of baseline\\-errors\\.jsonl added" in text for text in told)
