"""An engineer declares a model, plans, tries, runs within a budget, and reads what it cost."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from workspace import way
from workspace.models.spending import ledger
from workspace.settings import validated
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
N_ROWS = 60
PATHS = ["Kitchen > Mugs", "Kitchen > Pans", "Food > Tea"]
SPENT = r"\$0\.(?!0+\b)\d+"  # more than nothing: an answer is there
LATENCY_S = 0.05
RIGHT = {"answers": [["{", {"category_path": PATHS[0], "confidence": 0.9}]]}


@pytest.fixture
def server(llm_server):
    return llm_server("openai", latency_s=LATENCY_S, **RIGHT)


@pytest.fixture
def shop(tmp_path):
    """A loaded workspace in which no model is declared."""
    rows = [f"{n},thing {n},Brand {n % 7},{PATHS[n % len(PATHS)]}" for n in range(N_ROWS)]
    source = tmp_path / "catalog.csv"
    source.write_text("\n".join(["id,title,brand,category", *rows]), "utf-8")
    columns = {"record_id": "id", "title": "title", "brand": "brand", "category": ["category"]}
    body = {"source": {"paths": [str(source)], "columns": columns, "category_separator": ">"}}
    made = Workspace.create(tmp_path / "home" / "shop", validated(body, "test"))
    way.run(made, "load")
    return made.root


def declare(folder, server):
    price = {"input_usd_per_million": 10.0, "output_usd_per_million": 40.0}
    Workspace(folder).change(
        "annotators.house", provider="openai", model="m", base_url=server.base_url, price=price,
        concurrent=2,
    )  # fmt: skip


def fill(visitor, label, value, role="textbox"):
    box = visitor.main.get_by_role(role, name=label, exact=True)
    box.fill(value)
    box.press("Tab")


def press(visitor, name):
    visitor.main.get_by_role("button", name=name, exact=True).click()
    visitor.wait()


def tab(visitor, name):
    visitor.main.get_by_role("tab", name=name, exact=True).click()
    visitor.wait()


def metric(visitor, label, value):
    visitor.main.get_by_test_id("stMetric").filter(has_text=label).filter(has_text=value).wait_for()


def test_plan_try_run_and_the_ledger(shop, server, serve_for):
    with serve_for(shop) as visitor:
        visitor.visit("labels")
        tab(visitor, "Language models")
        visitor.sees("No language model is declared yet")
        fill(visitor, "Name", "house")
        fill(visitor, "Model", "m")
        fill(visitor, "Server", server.base_url)
        visitor.main.get_by_text("All other settings").click()
        fill(visitor, "$ per 1M tokens in", "10", "spinbutton")
        fill(visitor, "$ per 1M tokens out", "40", "spinbutton")
        press(visitor, "Declare")

        press(visitor, "Plan")
        metric(visitor, "Requests", f"{N_ROWS}")
        visitor.chart("Cost by annotator, one by one and as a batch").wait_for()
        assert server.counts()["n_requests"] == 0

        tab(visitor, "Try")
        fill(visitor, "Rows", "2", "spinbutton")
        press(visitor, "Try")
        visitor.sees(re.compile('"category_path": "Kitchen > Mugs"'))
        assert server.counts()["n_billed"] == 2
        visitor.reload()
        visitor.sees(re.compile('"category_path": "Kitchen > Mugs"'))

        tab(visitor, "Run")
        fill(visitor, "Budget in $", "3", "spinbutton")
        press(visitor, "Run")
        visitor.page.get_by_text(re.compile(r"label --annotators house .*: done")).wait_for()
        visitor.wait()
        metric(visitor, "Calls", f"{N_ROWS}")
        spent = ledger(Workspace(shop)).cost_usd
        metric(visitor, "Spent", f"${spent:,.4f}")
        visitor.chart("Spend by annotator").wait_for()
        visitor.main.get_by_role("button", name="Bring agreement and gold up to date").wait_for()
        assert visitor.exceptions() == []

    counts = server.counts()
    assert counts["n_billed"] == N_ROWS
    assert counts["n_billed_again"] == 0
    assert spent == pytest.approx((10 * counts["n_tokens_in"] + 40 * counts["n_tokens_out"]) / 1e6)


def test_a_run_shows_its_spend_and_stop_keeps_what_is_answered(shop, server, serve_for):
    server.follow(latency_s=0.5, **RIGHT)
    declare(shop, server)
    with serve_for(shop) as visitor:
        visitor.visit("labels")
        tab(visitor, "Language models")
        tab(visitor, "Run")
        visitor.main.get_by_role("button", name="Run", exact=True).click()
        visitor.main.get_by_text(re.compile(rf"^label: model votes {SPENT} of about")).wait_for()
        server.follow(latency_s=4, **RIGHT)  # on a slow machine too it is stopped before its end
        visitor.page.reload()
        visitor.main.get_by_text(re.compile(rf"^label: model votes {SPENT} of about")).wait_for()
        visitor.main.get_by_role("tab", name="Run", exact=True, selected=True).wait_for()
        cells = visitor.main.get_by_test_id("stDataFrame").filter(has_text="answers a second")
        cells.get_by_text(re.compile(rf"^\d+ of {N_ROWS}$")).first.wait_for(state="attached")
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; everything that was finished is kept.")
        visitor.wait()
        n_calls = ledger(Workspace(shop)).spend["n_calls"].sum()
        metric(visitor, "Calls", f"{n_calls}")
        assert visitor.exceptions() == []
    assert 0 < n_calls < N_ROWS
    assert (
        server.counts()["n_billed"] == n_calls == ledger(Workspace(shop)).spend["n_answers"].sum()
    )


def test_a_try_can_be_stopped_and_what_was_answered_is_shown(shop, server, serve_for):
    server.follow(latency_s=0.5, **RIGHT)
    declare(shop, server)
    with serve_for(shop) as visitor:
        visitor.visit("labels", **{"labels.tab": "Language models", "models.step": "Try"})
        fill(visitor, "Rows", "50", "spinbutton")
        visitor.main.get_by_role("button", name="Try", exact=True).click()
        visitor.main.get_by_text(re.compile(rf"^label --try: a few rows {SPENT}")).wait_for()
        server.follow(latency_s=4, **RIGHT)
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; everything that was finished is kept.")
        visitor.sees(re.compile('"category_path": "Kitchen > Mugs"'))
        assert visitor.exceptions() == []
    assert 0 < server.counts()["n_billed"] < 50


def test_a_model_is_removed_after_a_question(shop, server, serve_for):
    declare(shop, server)
    with serve_for(shop) as visitor:
        visitor.visit("labels", **{"labels.tab": "Language models"})
        visitor.main.get_by_text("Declare, change or remove a model").click()
        visitor.main.get_by_role("combobox", name="Declare").click()
        visitor.page.get_by_role("option", name="house").click()
        visitor.wait()
        press(visitor, "Remove")
        box = visitor.page.get_by_role("dialog")
        box.get_by_text("What it answered stays in the database").wait_for()
        box.get_by_role("button", name="Keep it").click()
        box.wait_for(state="hidden")
        assert list(Workspace(shop).settings.annotators) == ["house"]
        press(visitor, "Remove")
        box.get_by_role("button", name="Remove it").click()
        visitor.sees("No language model is declared yet")
        assert visitor.exceptions() == []
    assert Workspace(shop).settings.annotators == {}


def fits(visitor, text):
    """Whether a text is shown whole."""
    found = visitor.main.get_by_text(text, exact=True).first
    found.wait_for()
    return found.evaluate(
        "e => { for (; e; e = e.parentElement) {"
        " if (getComputedStyle(e).overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)"
        " return false; if (e.dataset.testid === 'stMain') break; } return true; }"
    )


def test_nothing_is_cut_where_the_page_is_narrow(shop, server, serve_for):
    declare(shop, server)
    workspace = Workspace(shop)
    workspace.change("annotators.twin", **workspace.settings.annotators["house"].model_dump())
    for verb in (["label", "--budget-usd", "100"], ["run", "agree"]):
        subprocess.run([sys.executable, "-m", "cli", *verb, "-w", str(shop)], cwd=ROOT, check=True)
    pairs = ("Cohen's kappa by pair of annotators", "Percent agreement by pair of annotators")
    with serve_for(shop) as visitor:
        visitor.page.set_viewport_size({"width": 900, "height": 1000})
        visitor.visit("labels", **{"labels.tab": "Language models", "models.step": "Batches"})
        assert all(fits(visitor, told) for told in ("Count what the last run spent", "Hand in"))
        tab(visitor, "Run")
        assert all(fits(visitor, told) for told in ("Count what the last run spent", "Run"))
        places = {}
        for width in (900, 1400):
            visitor.page.set_viewport_size({"width": width, "height": 1000})
            visitor.visit("agreement")
            for name in ("Krippendorff's alpha", "Alpha with taxonomy distance"):
                assert fits(visitor, name)
            for alt in pairs:
                visitor.chart(alt).wait_for()
            places[width] = [visitor.chart(alt).bounding_box() for alt in pairs]
        assert visitor.exceptions() == []
    first, second = places[900]
    assert second["y"] > first["y"] + first["height"] / 2
    assert first["width"] > 400
    first, second = places[1400]
    assert abs(second["y"] - first["y"]) < 40
