"""An engineer declares a model, plans, tries, runs within a budget, and reads what it cost."""

import re

import pytest

from workspace import way
from workspace.models.spending import ledger
from workspace.settings import validated
from workspace.workspace import Workspace

N_ROWS = 60
N_TRIED = 30
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


def test_plan_try_run_the_ledger_and_the_end_of_a_model(shop, server, serve_for):
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

        visitor.page.set_viewport_size({"width": 900, "height": 1000})
        assert all(visitor.shows_whole(told) for told in ("Count what the last run spent", "Run"))
        tab(visitor, "Batches")
        assert all(
            visitor.shows_whole(told) for told in ("Count what the last run spent", "Hand in")
        )

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

    counts = server.counts()
    assert counts["n_billed"] == N_ROWS
    assert counts["n_billed_again"] == 0
    assert spent == pytest.approx((10 * counts["n_tokens_in"] + 40 * counts["n_tokens_out"]) / 1e6)


def test_a_try_and_a_run_show_their_spend_and_stop_keeps_what_is_answered(shop, server, serve_for):
    server.follow(latency_s=0.5, **RIGHT)
    declare(shop, server)
    with serve_for(shop) as visitor:
        visitor.visit("labels", **{"labels.tab": "Language models", "models.step": "Try"})
        fill(visitor, "Rows", f"{N_TRIED}", "spinbutton")
        visitor.main.get_by_role("button", name="Try", exact=True).click()
        visitor.main.get_by_text(re.compile(rf"^label --try: a few rows {SPENT}")).wait_for()
        server.follow(latency_s=4, **RIGHT)  # on a slow machine too it is stopped before its end
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; everything that was finished is kept.")
        visitor.sees(re.compile('"category_path": "Kitchen > Mugs"'))
        n_tried = server.counts()["n_billed"]
        assert 0 < n_tried < N_TRIED
        visitor.main.get_by_role("button", name="Dismiss").click()
        visitor.main.get_by_text("Stopped; everything").wait_for(state="detached")

        server.follow(latency_s=0.5, **RIGHT)
        tab(visitor, "Run")
        visitor.main.get_by_role("button", name="Run", exact=True).click()
        visitor.main.get_by_text(re.compile(rf"^label: model votes {SPENT} of about")).wait_for()
        server.follow(latency_s=4, **RIGHT)
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
    assert n_tried < n_calls < N_ROWS
    assert (
        server.counts()["n_billed"] == n_calls == ledger(Workspace(shop)).spend["n_answers"].sum()
    )
