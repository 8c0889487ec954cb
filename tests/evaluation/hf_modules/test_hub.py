import ast

import evaluate
import pytest
import yaml

from catalog.errors import InputError
from evaluation.hf_modules.hub import hub_folder, module_names


@pytest.mark.parametrize("name", module_names())
def test_a_folder_for_the_hub_has_what_a_space_of_evaluate_needs(tmp_path, name):
    folder = hub_folder(name, tmp_path / name)
    files = {path.name for path in folder.iterdir()}
    assert files == {f"{name}.py", "README.md", "app.py", "requirements.txt"}
    card = yaml.safe_load((folder / "README.md").read_text("utf-8").split("---")[1])
    assert card["sdk"] == "gradio" and card["app_file"] == "app.py"
    assert {"title", "tags", "description", "pinned"} <= set(card)
    assert set(card["tags"]) == {"evaluate", "metric"}
    assert f'evaluate.load("{name}.py")' in (folder / "app.py").read_text("utf-8")
    ast.parse((folder / "app.py").read_text("utf-8"))
    assert (folder / "requirements.txt").read_text("utf-8").startswith("goldshelf>=")


def test_the_folder_for_the_hub_loads_as_a_module(tmp_path):
    folder = hub_folder("hierarchical_f1", tmp_path / "hierarchical_f1")
    metric = evaluate.load(str(folder))
    found = metric.compute(predictions=[["A", "B"]], references=[["A", "C"]])
    assert found["hierarchical_f1"] == 0.5


def test_an_unknown_module_and_a_folder_with_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no module 'f2'\. Known: accuracy_at_level"):
        hub_folder("f2", tmp_path / "new")
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(InputError, match="has files"):
        hub_folder("hierarchical_f1", tmp_path)
    assert (tmp_path / "kept.txt").read_text() == "mine"
