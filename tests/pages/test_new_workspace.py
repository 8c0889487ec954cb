"""A new workspace from the Overview page: what is guessed of a source, and overruled."""

import json
import time

import pytest

from workspace.workspace import Workspace

MAVE = {
    "id": "A1",
    "category": "Shelves",
    "paragraphs": [{"text": "Red oak shelf", "source": "title"}],
    "attributes": [{"key": "Material", "evidences": []}],
}


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home" / "shops"
    folder.mkdir(parents=True)
    return folder


def named(page, home, *lines):
    shown = page("overview", home)
    shown.text_area(key="open.path").set_value("\n".join(map(str, lines))).run()
    assert not shown.exception
    return shown


def plain(text):
    return text.replace("\\", "")


def captions(shown):
    return plain(" ".join(c.value for c in shown.caption))


def wait_for_load(folder):
    """The page starts the work in a process of its own: until it has loaded."""
    for _ in range(300):
        if (folder / "goldshelf.toml").exists():
            found = Workspace(folder).snapshots.current("load")
            if found is not None:
                return found
        time.sleep(0.2)
    raise AssertionError(f"{folder} was not loaded")


def test_a_kind_of_source_is_guessed_shown_and_made(page, home, tmp_path):
    source = tmp_path / "train.jsonl"
    source.write_text("\n".join(json.dumps({**MAVE, "id": str(n)}) for n in range(3)))
    shown = named(page, home, source)
    assert "Read as mave" in captions(shown)
    becomes = shown.dataframe[0].value["becomes"].to_list()
    assert becomes == ["record_id", "category_path", "paragraphs, title, description, brand",
                       "attributes"]  # fmt: skip
    shown.text_area(key="open.options").set_value("merge=id").run()
    shown.button(key="open.make").click().run()
    assert not shown.exception
    folder = home / "train"
    assert wait_for_load(folder).counts["records"] == 3
    assert Workspace(folder).settings.source.options == {"merge": "id"}


def test_the_kind_can_be_overruled(page, home, tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text(json.dumps({**MAVE, "name": "Red oak shelf"}) + "\n")
    shown = named(page, home, source)
    shown.selectbox(key="open.kind").set_value("catalog").run()
    assert not shown.exception
    assert "Read as jsonl" in captions(shown)


def test_delimiter_and_encoding_can_be_overruled(page, home, tmp_path):
    source = tmp_path / "a.csv"
    source.write_bytes("id|title|x;y\n1|Café crème|a;b\n2|Tea|c;d\n".encode("cp1252"))
    shown = named(page, home, source)
    shown.selectbox(key="open.delimiter").set_value("|").run()
    shown.text_input(key="open.encoding").set_value("cp1252").run()
    assert not shown.exception
    assert "delimiter '|', encoding 'cp1252', 2 rows" in captions(shown)


@pytest.mark.parametrize(
    ("options", "told"),
    [("merge", "expected NAME=VALUE"), ("merge=sideways", "option merge"), ("mrge=id", "'merge'")],
)
def test_wrong_options_are_one_red_line(page, home, tmp_path, options, told):
    source = tmp_path / "a.jsonl"
    source.write_text(json.dumps(MAVE) + "\n")
    shown = named(page, home, source)
    shown.text_area(key="open.options").set_value(options).run()
    assert not shown.exception
    assert len(shown.error) == 1
    assert told in plain(shown.error[0].value)


def test_a_path_that_is_not_there_is_one_red_line(page, home, tmp_path):
    shown = named(page, home, tmp_path / "nothing.csv")
    assert len(shown.error) == 1
    assert "nothing.csv" in plain(shown.error[0].value)
