"""Pictures beside the catalog are shown by their bytes, and nothing outside of its folder is read."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curation.llm.pictures import LARGEST_SIDE
from tests.workspace.models.conftest import PRICE, openai
from workspace import way
from workspace.files.picture_files import MOST_BYTES, loader
from workspace.models.labelling import label_with_models
from workspace.models.planning import plan
from workspace.models.trying import try_rows
from workspace.workspace import Workspace

PROVIDERS = ["openai", "anthropic", "gemini"]
LINK = "https://shop.example/tea.jpg"


def draw(path: Path, colour: str = "red", size: tuple[int, int] = (1600, 800)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def with_pictures(shop: Any, tmp_path: Path, section: dict[str, Any]) -> Workspace:
    """Of eight rows the first has a file, the second a link, the third a file that is not there."""
    workspace = shop(8, {"one": section})
    draw(tmp_path / "pictures" / "mug.png")
    catalog = tmp_path / "catalog.csv"
    head, *rows = catalog.read_text().split("\n")
    given = ["pictures/mug.png", LINK, "pictures/nowhere.png", *[""] * 5]
    rows = [f"{row},{picture}" for row, picture in zip(rows, given, strict=True)]
    catalog.write_text("\n".join([f"{head},image", *rows]))
    workspace.change("source.columns", image_urls=["image"])
    way.run(workspace, "load")
    return workspace


def shown(body: dict[str, Any]) -> list[str]:
    """The pictures of a request, by link or by their bytes in base64."""
    parts = body.get("contents", [{}])[0].get("parts") or body["messages"][-1]["content"]
    if isinstance(parts, str):
        return []
    found = []
    for part in parts:
        if "image_url" in part:
            found.append(part["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        elif "source" in part:
            found.append(part["source"].get("url") or part["source"]["data"])
        elif "fileData" in part:
            found += [told for told in part["fileData"].values() if told != "image/jpeg"]
        elif "inlineData" in part:
            found.append(part["inlineData"]["data"])
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_files_go_by_their_bytes_links_as_links_and_the_others_by_text(
    shop, llm_server, tmp_path, provider
):
    server = llm_server(provider)
    section = {"provider": provider, "model": "m", "base_url": server.base_url, "price": PRICE}
    workspace = with_pictures(shop, tmp_path, {**section, "max_tokens": 64, "images": True})
    made = label_with_models(workspace, budget_usd=1000)
    assert made.figures["one"]["n_votes"] == 8
    sent = [picture for call in server.requests() for picture in shown(call["body"])]
    assert len(sent) == 2
    assert LINK in sent
    [picture] = [picture for picture in sent if picture != LINK]
    content = base64.b64decode(picture.replace("-", "+").replace("_", "/"))  # Google's alphabet
    with Image.open(io.BytesIO(content)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (LARGEST_SIDE, LARGEST_SIDE // 2))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_takes_no_picture_is_asked_by_text(shop, llm_server, tmp_path, provider):
    server = llm_server(provider, refuses_images=True)
    section = {"provider": provider, "model": "m", "base_url": server.base_url, "price": PRICE}
    workspace = with_pictures(shop, tmp_path, {**section, "max_tokens": 64, "images": True})
    made = label_with_models(workspace, budget_usd=1000)
    assert made.figures["one"]["n_votes"] == 8
    assert server.counts()["by_status"] == {"400": 2, "200": 8}


def test_the_tokens_of_pictures_are_in_the_plan(shop, llm_server, tmp_path):
    section = openai(llm_server("openai"))
    workspace = with_pictures(shop, tmp_path, section)
    [without] = plan(workspace).annotators
    workspace.change("annotators.one", images=True)
    [planned] = plan(workspace).annotators
    # 768 by 384 is two tiles of 512; a picture of unknown size counts as one of 2048 by 768.
    by_bytes, by_link = 85 + 2 * 170, 85 + 8 * 170
    assert planned.n_tokens_in == without.n_tokens_in + by_bytes + by_link


def test_another_picture_under_the_same_name_is_another_question(shop, llm_server, tmp_path):
    server = llm_server("openai")
    workspace = with_pictures(shop, tmp_path, openai(server, images=True))
    label_with_models(workspace, budget_usd=1000)
    label_with_models(workspace, budget_usd=1000)
    assert server.counts()["n_billed"] == 8
    draw(tmp_path / "pictures" / "mug.png", "blue")
    label_with_models(workspace, budget_usd=1000)
    assert server.counts()["n_billed"] == 9


def test_what_a_try_shows_holds_the_bytes_that_were_sent(shop, llm_server, tmp_path):
    server = llm_server("openai")
    tried = try_rows(with_pictures(shop, tmp_path, openai(server, images=True)), n=8)
    [first] = [one for one in tried if one.record_id == "0"]
    assert first.request.images[0].startswith("data:image/jpeg;base64,")
    assert first.request.images[0] in json.dumps([call["body"] for call in server.requests()])


@pytest.mark.parametrize(
    "address",
    [
        "../secret.png", "pictures/../../secret.png", "out.png", "outside/secret.png", "/etc/hosts",
        "{home}/secret.png", "file://{home}/secret.png", "~/secret.png", "a\0b.png", "pictures", "",
        "x" * 5000,
    ],
)  # fmt: skip
def test_nothing_outside_of_the_folder_is_read(tmp_path, address):
    home = tmp_path / "catalog"
    draw(home / "pictures" / "mug.png")
    draw(tmp_path / "secret.png")
    (home / "out.png").symlink_to(tmp_path / "secret.png")
    (home / "outside").symlink_to(tmp_path)
    load = loader([home])
    assert load("pictures/mug.png") == (home / "pictures" / "mug.png").read_bytes()
    assert load(address.replace("{home}", str(tmp_path))) is None


def test_a_link_inside_of_the_folder_is_followed(tmp_path):
    draw(tmp_path / "mug.png")
    (tmp_path / "same.png").symlink_to(tmp_path / "mug.png")
    assert loader([tmp_path])("same.png") == (tmp_path / "mug.png").read_bytes()


def test_a_file_is_looked_for_beside_each_file_of_the_source(tmp_path):
    draw(tmp_path / "b" / "mug.png")
    load = loader([tmp_path / "a", tmp_path / "b"])
    assert load("mug.png") is not None
    assert load("other.png") is None


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert loader([tmp_path])("big.png") is None
