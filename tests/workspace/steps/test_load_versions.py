"""A kind of source that is read in a new way is read again; no other is."""

from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.steps import load
from workspace.workspace import Workspace


def opened(folder, name, text):
    folder.mkdir()
    (folder / name).write_text(text)
    init_workspace(folder / "w", Declared([str(folder / name)]))
    return Workspace(folder / "w")


def test_the_version_of_a_kind_decides_and_a_first_version_is_not_told(tmp_path):
    row = '{"input": "Mug", "category": "Mugs", "target_scores": {"Size": {"n/a": 1, "1 l": 1}}}\n'
    values = opened(tmp_path / "values", "test.jsonl", row)
    catalog = opened(tmp_path / "catalog", "catalog.csv", "id,title\n1,Mug\n")
    assert load.STEP.decides(values.settings)["kind_version"] == 2
    assert "kind_version" not in load.STEP.decides(catalog.settings)
    assert way.run(values, "load")[0].read("records")["extra"][0] == (
        '{"surface_forms": {"Size": ["n/a", "1 l"]}}'
    )
