"""Every page of a workspace whose records have no category: pairs of products."""

import pytest

from ui import links
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.progress import Progress
from workspace.workspace import Workspace

N_PAIRS = 60


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A workspace of pairs, taken the whole way; six second products stand in ten pairs each."""
    folder = tmp_path_factory.mktemp("pairs")
    lines = [
        f"COL title VAL w{n} x{n} y{n} COL manufacturer VAL m{n} COL price VAL {n}.0\t"
        f"COL title VAL other {n % 6} COL manufacturer VAL o COL price VAL 1.0\t{n % 2}\n"
        for n in range(N_PAIRS)
    ]
    (folder / "pairs.txt").write_text("".join(lines))
    init_workspace(folder / "shop", Declared([str(folder / "pairs.txt")], kind="pairs"))
    way.run(Workspace(folder / "shop"), progress=Progress())
    return folder / "shop"


@pytest.mark.parametrize("name", sorted(links.PAGES))
def test_every_page_draws_without_any_category(name, page, pairs):
    shown = page(name, pairs)
    assert [e.message for e in shown.exception] == []
    assert [e.value for e in shown.error] == []


def test_the_split_page_says_that_there_is_none_and_what_is_not_tied(page, pairs):
    shown = page("split", pairs)
    told = [each.value for each in shown.caption]
    assert "No record has a category." in told
    [said] = [line for line in told if "the second product of" in line]
    assert "of a pair of products only the first ties" in said
    assert "Balance" in [header.value for header in shown.header]
