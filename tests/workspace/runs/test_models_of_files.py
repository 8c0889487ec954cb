"""Metrics of meaning on plain files: the model is named, in the terminal as in the browser."""

import json

import pytest

from catalog.errors import InputError
from terminal.main import run
from tests import tool_files as tools
from tests.static_models import static_model
from workspace.runs import compare_run_files, score_run_file
from workspace.runs.plain import model_settings, refuse_models


@pytest.fixture
def model(tmp_path):
    pytest.importorskip("model2vec", reason="model2vec is not installed: goldshelf[embeddings]")
    return static_model(tmp_path / "model", [["garden"], ["pots", "tools"]])


def test_semantic_f1_by_embedding_of_a_run_file(tmp_path, model):
    path = tools.deepeval(tmp_path)
    settings = model_settings(embedding=model)
    found = score_run_file(path, settings=settings).strict.metrics["semantic_f1_embedding"]
    # To this model pots are tools: the wrong answer P2 is near, P4 has none: 2 x 5 / (5 + 6).
    assert found.value == pytest.approx(10 / 11, abs=1e-3)
    other = tools.deepeval(tmp_path / "b", tools.rows_with(P4=tools.POTS))
    twin = compare_run_files(
        path, other, metric="semantic_f1_embedding", score_settings=settings
    ).strict
    assert twin.difference.value == pytest.approx(1 - 10 / 11, abs=1e-3)


def test_the_terminal_takes_both_models_for_files_alone(tmp_path, capsys, model):
    path = str(tools.deepeval(tmp_path))
    assert run(["score", "--run", path, "--embedding", model, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["semantic_f1_embedding"]
    assert found["value"] == pytest.approx(10 / 11, abs=1e-3)
    assert run(["score", "--run", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["semantic_f1_embedding"]
    assert found["reason"].startswith("no embedding model is set: --embedding")
    assert run(["score", "a-run", "--bertscore", "x", "-w", str(tmp_path)]) == 2
    assert "are for files: a workspace names its models in [score]" in capsys.readouterr().err
    with pytest.raises(InputError, match="are for files"):
        refuse_models(None, "x")


def test_a_model_that_is_not_here_is_one_line(tmp_path, capsys):
    pytest.importorskip("model2vec", reason="model2vec is not installed: goldshelf[embeddings]")
    path = str(tools.deepeval(tmp_path))
    assert run(["score", "--run", path, "--embedding", str(tmp_path / "none")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert "no such folder" in told[-1]
