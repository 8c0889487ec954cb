"""Any address of the workbench may be the first that somebody opens."""

import pytest

from ui.links import PAGES

PAIRS = ("Cohen's kappa by pair of annotators", "Percent agreement by pair of annotators")


@pytest.mark.parametrize("name", ["review", *(page for page in PAGES if page != "review")])
def test_every_page_opens_by_its_address_with_the_navigation(name, visitor):
    visitor.visit("" if name == "overview" else name)
    links = visitor.page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert [link.split("\n")[-1] for link in links] == [title for title, _ in PAGES.values()]
    assert visitor.main.locator("h1").first.inner_text() == PAGES[name][0]
    assert visitor.exceptions() == []


def test_figures_of_agreement_stand_below_each_other_where_the_page_is_narrow(visitor):
    places = {}
    for width in (900, 1400):
        visitor.page.set_viewport_size({"width": width, "height": 1000})
        visitor.visit("agreement")
        for name in ("Krippendorff's alpha", "Alpha with taxonomy distance"):
            assert visitor.shows_whole(name)
        for alt in PAIRS:
            visitor.chart(alt).wait_for()
        places[width] = [visitor.chart(alt).bounding_box() for alt in PAIRS]
    first, second = places[900]
    assert second["y"] > first["y"] + first["height"] / 2
    assert first["width"] > 400
    first, second = places[1400]
    assert abs(second["y"] - first["y"]) < 40
