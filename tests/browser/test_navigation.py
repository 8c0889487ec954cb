"""Any address of the workbench may be the first that somebody opens."""

import pytest

from ui.links import PAGES


@pytest.mark.parametrize("name", ["review", *(page for page in PAGES if page != "review")])
def test_every_page_opens_by_its_address_with_the_navigation(name, visitor):
    visitor.visit("" if name == "overview" else name)
    links = visitor.page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert [link.split("\n")[-1] for link in links] == [title for title, _ in PAGES.values()]
    assert visitor.main.locator("h1").first.inner_text() == PAGES[name][0]
    assert visitor.exceptions() == []
