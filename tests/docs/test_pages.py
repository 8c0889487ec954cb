"""The pages of the documentation: their commands are run, their links lead somewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
PLAYED = [page for page in PAGES if page.parent == DOCS and "```console" in page.read_text("utf-8")]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LARGEST_IMAGE = 200_000
_WIDEST_IMAGE = 1400


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PLAYED, ids=_name)
def test_every_command_prints_what_the_page_shows(
    page: Path, built_sample: Path, at_work: Path, shows: Callable[[str], list[object]]
) -> None:
    shutil.copytree(built_sample, at_work / "shop")
    assert shows(page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """The addresses of the headings, as GitHub gives them."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def _links(page: Path) -> Iterator[str]:
    yield from _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_to_what_is_there(page: Path) -> None:
    for link in _links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}"
        if anchor:
            assert anchor in _anchors(target), f"{_name(page)} links to {link}"


def test_every_page_can_be_found_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in _links(page)]
        waiting += [target for target in targets if target.suffix == ".md" and target.exists()]
        waiting += [page for target in targets if target.is_dir() for page in target.glob("*.md")]
    assert not {_name(page) for page in PAGES} - {_name(page) for page in seen}


@pytest.mark.parametrize("image", sorted(DOCS.rglob("*.png")), ids=_name)
def test_an_image_is_small_enough_for_a_page(image: Path) -> None:
    head = image.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(head[16:20], "big") <= _WIDEST_IMAGE
    assert image.stat().st_size <= _LARGEST_IMAGE
    assert any(image.name in link for page in PAGES for link in _links(page)), "nobody shows it"
