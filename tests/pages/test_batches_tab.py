"""Batches on the Labels page, handed in and collected by the verbs that it starts."""

import pytest

from ui import jobs
from workspace import way
from workspace.settings import validated
from workspace.workspace import Workspace

PRICE = {"input_usd_per_million": 1000.0, "output_usd_per_million": 4000.0}


@pytest.fixture
def folder(tmp_path, llm_server):
    """A loaded workspace with one model."""
    source = tmp_path / "catalog.csv"
    rows = [f"{n},tea {n},Brand {n},{('Food > Tea', 'Kitchen > Mugs')[n % 2]}" for n in range(6)]
    source.write_text("\n".join(["id,title,brand,category", *rows]), "utf-8")
    columns = {"record_id": "id", "title": "title", "brand": "brand", "category": ["category"]}
    mini = {
        "provider": "openai", "model": "m", "price": PRICE, "max_tokens": 64,
        "base_url": llm_server("openai", batch_polls=0).base_url,
    }  # fmt: skip
    body = {
        "source": {"paths": [str(source)], "columns": columns, "category_separator": ">"},
        "annotators": {"mini": mini},
    }
    made = Workspace.create(tmp_path / "home" / "shop", validated(body, "test"))
    way.run(made, "load")
    return made.root


@pytest.fixture
def tab(page):
    """The tab of batches on the Labels page."""

    def opened(folder):
        shown = page("labels", folder)
        shown.session_state["labels.tab"] = "Language models"
        shown.session_state["models.step"] = "Batches"
        return drawn(shown.run())

    return opened


def drawn(shown):
    assert [e.message for e in shown.exception] == []
    return shown


def press(shown, label, folder):
    """Press a button, and wait for the verb that it starts."""
    drawn(next(b for b in shown.button if b.label == label).click().run())
    job = jobs._jobs()[folder]
    assert job.process.wait(120) == 0
    return job.verb


def test_batches_are_handed_in_and_collected_from_the_page(tab, folder):
    shown = tab(folder)
    assert any("No batch was handed in yet" in info.value for info in shown.info)
    next(n for n in shown.number_input if n.label == "Budget in $").set_value(50.0)
    verb = press(shown, "Hand in", folder)
    assert verb == "label --batch --annotators mini --budget-usd 50.00"
    shown = tab(folder)
    assert any("**1** batch at work with **6** requests" in text.value for text in shown.markdown)
    assert press(shown, "Collect", folder) == "label --collect"
    shown = tab(folder)
    assert any("No batch is at work" in text.value for text in shown.markdown)
    [batch] = next(
        frame.value for frame in shown.dataframe if "n_answers" in frame.value.columns
    ).to_dict("records")
    assert (batch["state"], batch["n_requests"], batch["n_answers"]) == ("collected", 6, 6)


def test_what_has_no_price_is_not_handed_in(tab, folder):
    Workspace(folder).change("annotators.mini", price=None)
    shown = tab(folder)
    drawn(next(b for b in shown.button if b.label == "Hand in").click().run())
    assert any("no price is known" in error.value for error in shown.error)
    assert folder not in jobs._jobs()
