from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.errors import InputError, WorkspaceError
from workspace.exports import Export, make_export
from workspace.hub import push_to_hub, save_to_disk
from workspace.opening import Declared, init_workspace
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
PULL = """
import json, sys
from datasets import load_dataset
pulled = load_dataset(sys.argv[1], cache_dir=sys.argv[2])
told = {split: rows.to_list() for split, rows in pulled.items()}
json.dump({"rows": told, "features": str(pulled["train"].features)}, sys.stdout)
"""


def words(seed: int) -> str:
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("abcdefghij", k=8)) for _ in range(4))


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    """A workspace of 60 products, each of a brand of its own."""
    source = tmp_path / "catalog.csv"
    pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(60)],
            "title": [words(i) for i in range(60)],
            "brand": [f"Brand {i}" for i in range(60)],
            "category": ["Food > Tea" if i % 5 else "Home > Mugs" for i in range(60)],
            "image": [f"https://shop.example/{i}.jpg" if i % 2 else None for i in range(60)],
        }
    ).write_csv(source)
    maps = ["image_urls=image"]
    init_workspace(tmp_path / "shop", Declared([str(source)], maps=maps))
    return Workspace(tmp_path / "shop")


def exported(opened: Workspace, **settings: Any) -> Export:
    opened.change("export", **settings)
    return make_export(opened)


def lines_of(export: Export) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for split in export.manifest["rows"]:
        text = (export.folder / f"{split}.jsonl").read_text("utf-8")
        found[split] = [json.loads(line) for line in text.split("\n")[:-1]]
    return found


def environment(hub: Any, home: Path, token: str | None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    kept |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return kept | ({"HF_TOKEN": token} if token else {})


def pushed(opened: Workspace, env: dict[str, str], *options: str) -> subprocess.CompletedProcess:  # type: ignore[type-arg]
    command = [sys.executable, "-m", "cli", "export", "-w", str(opened.root), *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)


def pulled(repo: str, env: dict[str, str], cache: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", PULL, repo, str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cache.parent, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "settings",
    [
        {"format": "openai-chat"},
        {"format": "openai-chat", "images": True},
        {"format": "alpaca"},
        {"format": "records"},
    ],
)
def test_what_is_loaded_from_disk_is_what_was_exported(
    opened: Workspace, tmp_path: Path, settings: dict[str, Any]
) -> None:
    from datasets import load_from_disk

    export = exported(opened, **settings)
    folder = save_to_disk(export, tmp_path / "saved")
    loaded = load_from_disk(str(folder))
    assert {split: rows.to_list() for split, rows in loaded.items()} == lines_of(export)
    assert (folder / "README.md").read_text("utf-8").startswith("---\npretty_name: ")
    assert (
        json.loads((folder / "manifest.json").read_text())["dataset_sha"]
        == (export.manifest["dataset_sha"])
    )


def test_a_saved_dataset_is_replaced_and_nothing_else_is(opened: Workspace, tmp_path: Path) -> None:
    from datasets import load_from_disk

    save_to_disk(exported(opened, format="alpaca"), tmp_path / "saved")
    changed = exported(opened, format="sharegpt")
    save_to_disk(changed, tmp_path / "saved")
    assert load_from_disk(str(tmp_path / "saved"))["test"].to_list() == lines_of(changed)["test"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="there is something else"):
        save_to_disk(changed, mine)
    assert (mine / "thesis.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("settings", [{"format": "openai-chat"}, {"format": "records"}])
def test_what_is_pulled_from_the_hub_is_what_was_pushed(
    opened: Workspace,
    hub: Any,
    token: str,
    tmp_path: Path,
    settings: dict[str, Any],
) -> None:
    export = exported(opened, **settings)
    env = environment(hub, tmp_path / "hf", token)
    done = pushed(opened, env, "--to-hub", "acme/shop", "--private", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["on_hub"]
    assert told["is_private"] is True
    assert token not in done.stdout + done.stderr
    repo = hub.repos["acme/shop"]
    assert repo.is_private
    assert sorted(repo.files) == [
        *("README.md", "data/test.parquet", "data/train.parquet", "data/validation.parquet"),
        "manifest.json",
    ]
    assert repo.commits[1:] == [told["commit"]]
    assert all(token.encode() not in content for content in repo.files.values())
    got = pulled("acme/shop", env, tmp_path / "cache")
    assert got["rows"] == lines_of(export)
    assert "'null'" not in got["features"]


def test_a_second_push_replaces_the_first(
    opened: Workspace, hub: Any, token: str, tmp_path: Path
) -> None:
    env = environment(hub, tmp_path / "hf", token)
    assert pushed(opened, env, "--to-hub", "acme/shop").returncode == 0
    changed = pushed(opened, env, "--format", "alpaca", "--to-hub", "acme/shop")
    assert changed.returncode == 0, changed.stderr
    assert "(public)" in changed.stdout
    repo = hub.repos["acme/shop"]
    assert len(repo.commits) == 3
    assert len([name for name in repo.files if name.startswith("data/")]) == 3
    rows = pulled("acme/shop", env, tmp_path / "cache")["rows"]
    assert list(rows["train"][0]) == ["instruction", "input", "output"]


def test_private_rows_never_go_into_a_public_repository(
    opened: Workspace, hub: Any, token: str, tmp_path: Path
) -> None:
    env = environment(hub, tmp_path / "hf", token)
    assert pushed(opened, env, "--to-hub", "acme/open").returncode == 0
    before = dict(hub.repos["acme/open"].files)
    done = pushed(opened, env, "--format", "alpaca", "--to-hub", "acme/open", "--private")
    assert done.returncode == 2
    assert "acme/open is public already, so nothing was uploaded" in done.stderr
    assert hub.repos["acme/open"].files == before


def test_a_token_that_may_not_write_is_one_line_that_does_not_tell_it(
    opened: Workspace, hub: Any, tmp_path: Path
) -> None:
    make_export(opened)
    env = environment(hub, tmp_path / "hf", "hf_wrongwrongwrong")
    done = pushed(opened, env, "--to-hub", "acme/shop")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "goldshelf: acme/shop: the Hub refuses the token"
    )
    assert "hf_wrong" not in done.stdout + done.stderr
    assert hub.repos == {}


def test_without_a_token_nothing_is_asked_of_the_hub(
    opened: Workspace, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = make_export(opened)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(WorkspaceError, match="needs a token that may write"):
        push_to_hub(export, "acme/shop")
    with pytest.raises(InputError, match="expected OWNER/NAME"):
        push_to_hub(export, "shop")
    assert hub.requests == []


def test_what_leaks_is_not_uploaded(
    opened: Workspace, hub: Any, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = make_export(opened)
    certificate = {**export.manifest["certificate"], "leaks": True}
    leaking = Export(export.folder, {**export.manifest, "certificate": certificate}, [])
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(WorkspaceError, match="leaks between its splits, so nothing was uploaded"):
        push_to_hub(leaking, "acme/shop")
    assert hub.requests == []


def test_the_folder_of_an_export_loads_by_its_card(
    opened: Workspace, hub: Any, tmp_path: Path
) -> None:
    export = exported(opened, format="records")
    env = environment(hub, tmp_path / "hf", None) | {"HF_HUB_OFFLINE": "1"}
    assert pulled(str(export.folder), env, tmp_path / "cache")["rows"] == lines_of(export)
