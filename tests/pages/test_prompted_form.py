"""Models asked about the test split from the Results page, by the verbs that it starts."""

import pytest

from tests.workspace.models.conftest import openai
from tests.workspace.prompted.conftest import exported, gold_answers, lines  # noqa: F401
from tests.workspace.prompted.ranked import (  # noqa: F401
    gold_rankings,
    judged_queries,
    prompts,
    ranked,
)
from ui import jobs
from workspace import way
from workspace.snapshots import Snapshot


@pytest.fixture
def asked(exported, llm_server):  # noqa: F811
    """A server, and a workspace whose model asks it."""
    server = llm_server("openai")
    workspace = exported(80, {"one": openai(server)})
    server.follow(answers=gold_answers(workspace))
    return server, workspace


def drawn(shown):
    assert [e.message for e in shown.exception] == []
    return shown


def named(widgets, label):
    return next(w for w in widgets if w.label == label)


def finished(folder):
    job = jobs._jobs()[folder]
    assert job.process.wait(120) == 0, (folder / jobs.LOG).read_text()
    return job.verb


def test_a_model_is_planned_and_prompted_from_the_page(page, asked):
    server, workspace = asked
    shown = drawn(page("results", workspace.root))
    named(shown.selectbox, "Examples before each question").set_value("few-shot").run()
    named(shown.number_input, "How many").set_value(2)
    named(shown.number_input, "Budget in $").set_value(500.0)
    drawn(named(shown.button, "Plan").click().run())
    n_rows = len(lines(workspace, "test"))
    assert any(f"{n_rows} requests, 0 of them in the cache" in i.value for i in shown.info)
    assert server.counts()["n_requests"] == 0
    drawn(named(shown.button, "Ask").click().run())
    assert finished(workspace.root) == (
        "predict --annotator one --prompt few-shot --task classification --export openai-chat "
        "--examples 2 --budget-usd 500.00"
    )
    run = workspace.snapshots.current("predictions/one-few-shot")
    assert isinstance(run, Snapshot)
    assert run.figures["coverage"] == 1
    drawn(page("results", workspace.root))


def test_a_served_checkpoint_is_asked_from_the_page(page, asked):
    server, workspace = asked
    shown = drawn(page("results", workspace.root))
    named(shown.text_input, "Address").set_value("somewhere")
    named(shown.text_input, "Model, by its name there").set_value("tuned")
    drawn(named(shown.button, "Ask the checkpoint").click().run())
    assert any("expected an address such as" in error.value for error in shown.error)
    named(shown.text_input, "Address").set_value(server.base_url)
    named(shown.text_input, "Its weights").set_value("step-800")
    drawn(named(shown.button, "Ask the checkpoint").click().run())
    verb = finished(workspace.root)
    assert verb.startswith(f"predict --endpoint {server.base_url} --model tuned --export")
    assert workspace.snapshots.current("predictions/tuned-step-800") is not None


def test_what_has_no_price_is_not_asked_with_a_budget(page, asked):
    server, workspace = asked
    workspace.change("annotators.one", price=None)
    shown = drawn(page("results", workspace.root))
    drawn(named(shown.button, "Ask").click().run())
    assert any("no price is known" in error.value for error in shown.error)
    assert workspace.root not in jobs._jobs()
    assert server.counts()["n_requests"] == 0


def test_without_an_export_or_a_model_the_page_says_where_to_go(page, exported):  # noqa: F811
    workspace = exported(80, {})
    shown = drawn(page("results", workspace.root))
    assert any("No language model is declared yet" in c.value for c in shown.caption)
    for file in (workspace.layout.exports / "openai-chat").glob("manifest.json"):
        file.unlink()
    shown = drawn(page("results", workspace.root))
    assert any("there is none yet" in c.value for c in shown.caption)


def test_rankings_are_planned_and_asked_from_the_page_without_an_export(page, ranked):  # noqa: F811
    server, workspace = ranked
    server.follow(answers=gold_rankings(workspace))
    shown = drawn(page("results", workspace.root))
    assert named(shown.selectbox, "Asked for").options == ["ranking"]
    assert named(shown.selectbox, "As asked by the export").disabled
    assert any("One question goes out for each query" in c.value for c in shown.caption)
    assert any("is sent the prompts of an export" in c.value for c in shown.caption)
    named(shown.number_input, "Budget in $").set_value(500.0)
    drawn(named(shown.button, "Plan").click().run())
    assert any(f"{len(prompts(workspace))} requests" in i.value for i in shown.info)
    drawn(named(shown.button, "Ask").click().run())
    assert finished(workspace.root) == (
        "predict --annotator one --prompt zero-shot --task ranking --budget-usd 500.00"
    )
    run = workspace.snapshots.current("predictions/one-zero-shot-ranking")
    assert run.figures["coverage"] == 1
    shown = drawn(page("results", workspace.root))
    assert any("nDCG 100.0 %" in m.value.replace("\\", "") for m in shown.markdown)


def test_tags_stand_beside_what_an_export_asks(page, exported):  # noqa: F811
    workspace = exported(80, {"one": {"provider": "openai", "model": "m"}})
    tagged = workspace.root.parent / "catalog.csv"
    head, *rows = tagged.read_text().split("\n")
    tagged.write_text("\n".join([f"{head},tags", *(f'{row},"new, sale"' for row in rows)]))
    way.run(workspace, "export")
    shown = drawn(page("results", workspace.root))
    assert named(shown.selectbox, "Asked for").options == ["classification", "tags"]
    assert not named(shown.selectbox, "As asked by the export").disabled
    named(shown.selectbox, "Asked for").set_value("tags").run()
    assert named(drawn(shown).selectbox, "As asked by the export").disabled
    assert [len(box.options) for box in shown.selectbox if box.label == "Asked for"] == [2, 1]
