"""The models on the Labels and Agreement pages, asked over real HTTP."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from terminal.main import run
from ui import jobs
from workspace import way
from workspace.models.labelling import label_with_models
from workspace.models.spending import ledger
from workspace.progress import Progress
from workspace.settings import validated
from workspace.views.model_settings import settings
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
N_ROWS = 12
PATHS = ["Kitchen > Mugs", "Kitchen > Pans", "Food > Tea"]
PRICE = {"input_usd_per_million": 1000.0, "output_usd_per_million": 4000.0}
SECRET = "sk-nobody-may-see-this"


@pytest.fixture
def server(llm_server):
    """Answers a path of the taxonomy, whatever is asked."""
    return llm_server("openai", answers=[["{", {"category_path": PATHS[0], "confidence": 0.9}]])


@pytest.fixture
def mini(server):
    """A model of a server of one's own."""
    return {
        "provider": "openai", "model": "m", "base_url": server.base_url, "price": PRICE,
        "max_tokens": 64,
    }  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    """Makes a loaded workspace with these models, and gives its folder."""

    def make(annotators, title="thing {n}"):
        rows = [
            f"{n},{title.format(n=n)},Brand {n % 3},{PATHS[n % len(PATHS)]}" for n in range(N_ROWS)
        ]
        source = tmp_path / "catalog.csv"
        source.write_text("\n".join(["id,title,brand,category", *rows]), "utf-8")
        columns = {"record_id": "id", "title": "title", "brand": "brand", "category": ["category"]}
        body = {
            "source": {"paths": [str(source)], "columns": columns, "category_separator": ">"},
            "annotators": annotators,
        }
        made = Workspace.create(tmp_path / "home" / "shop", validated(body, "test"))
        way.run(made, "load")
        return made.root

    return make


@pytest.fixture
def models(page):
    """The Labels page with its models open, and one of plan, try, run."""

    def opened(folder, step="Plan"):
        shown = page("labels", folder)
        shown.session_state["labels.tab"] = "Language models"
        shown.session_state["models.step"] = step
        return drawn(shown.run())

    return opened


def drawn(shown):
    assert [e.message for e in shown.exception] == []
    return shown


def table(shown, *columns):
    return next(d.value for d in shown.dataframe if {*columns} <= {*d.value.columns})


def button(shown, label):
    return next(b for b in shown.button if b.label == label)


def tried(models, folder, rows=None):
    """The page after a try, opened anew."""
    shown = models(folder, "Try")
    if rows is not None:
        shown.number_input(key="models.rows").set_value(rows)
    drawn(button(shown, "Try").click().run())
    assert jobs._jobs()[folder].process.wait(60) == 0
    return models(folder, "Try")


def metric(shown, label):
    return next(m.value for m in shown.metric if m.label == label)


def text(shown, label):
    return next(box for box in shown.text_input if box.label == label)


def said(shown):
    """Everything that the page tells, tables and boxes included."""
    plain = (shown.markdown, shown.caption, shown.info, shown.warning, shown.error, shown.code,
             shown.text_input, shown.text_area, shown.metric)  # fmt: skip
    tables = [d.value.to_csv() for d in shown.dataframe]
    return "\n".join([str(e.value) for some in plain for e in some] + tables)


def test_without_a_model_the_page_says_to_declare_one(models, shop):
    shown = models(shop({}))
    assert "No language model is declared yet" in shown.info[0].value
    assert any(b.label == "Declare" for b in shown.button)
    assert not shown.metric


def test_a_model_that_is_declared_stands_in_the_settings_and_in_the_table(models, shop):
    folder = shop({})
    shown = models(folder)
    text(shown, "Name").set_value("mini")
    text(shown, "Model").set_value("gpt-4o-mini")
    next(n for n in shown.number_input if n.label == "Requests a minute").set_value(500)
    drawn(button(shown, "Declare").click().run())
    assert not shown.error
    kept = Workspace(folder).settings.annotators["mini"]
    assert (kept.provider, kept.model, kept.requests_per_minute) == ("openai", "gpt-4o-mini", 500)
    assert (kept.base_url, kept.price, kept.key_variable) == (None, None, None)
    assert table(shown, "annotator", "key")["annotator"].to_list() == ["mini"]


def test_changing_a_model_leaves_what_the_form_does_not_show(models, shop, mini):
    folder = shop({"mini": {**mini, "level_by_level": True, "timeout_s": 7.0}})
    shown = models(folder)
    shown.selectbox(key="models.declared").select("mini").run()
    text(shown, "Model").set_value("other")
    drawn(button(shown, "Change").click().run())
    kept = Workspace(folder).settings.annotators["mini"]
    assert (kept.model, kept.level_by_level, kept.timeout_s) == ("other", True, 7.0)
    assert kept.price.output_usd_per_million == PRICE["output_usd_per_million"]


def test_changing_one_setting_writes_that_one_alone(models, shop, mini):
    folder = shop({"mini": mini})
    before = (folder / "goldshelf.toml").read_text("utf-8").splitlines()
    shown = models(folder)
    shown.selectbox(key="models.declared").select("mini").run()
    next(n for n in shown.number_input if n.label == "Categories on offer").set_value(7)
    drawn(button(shown, "Change").click().run())
    after = (folder / "goldshelf.toml").read_text("utf-8").splitlines()
    assert [line for line in after if line not in before] == ["max_candidates = 7"]
    assert [line for line in before if line not in after] == ["max_candidates = 40"]


def test_every_lesser_setting_has_a_place_in_the_form(models, shop):
    shown = models(shop({}))
    boxes = (shown.number_input, shown.text_input, shown.checkbox, shown.selectbox,
             shown.multiselect)  # fmt: skip
    labels = {box.label for some in boxes for box in some}
    assert {one.label for one in settings()} <= labels


@pytest.mark.parametrize(
    ("name", "model", "told"),
    [
        ("", "m", "Give it a name"),
        ("mini", "m", "already"),
        ("a.b", "m", "letters, digits"),
        ("knn", "m", "needs no key"),
        ("other", "", "at least 1 character"),
    ],
)
def test_a_declaration_that_cannot_be_is_one_line_and_changes_nothing(
    name, model, told, models, shop, mini
):
    folder = shop({"mini": mini})
    before = (folder / "goldshelf.toml").read_bytes()
    shown = models(folder)
    text(shown, "Name").set_value(name)
    text(shown, "Model").set_value(model)
    drawn(button(shown, "Declare").click().run())
    assert [told in e.value.replace("\\", "") for e in shown.error] == [True]
    assert (folder / "goldshelf.toml").read_bytes() == before


def test_a_missing_key_is_named_and_a_set_one_is_never_shown(models, shop, monkeypatch):
    folder = shop({"mini": {"provider": "anthropic", "model": "claude-haiku-4-5"}})
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    shown = models(folder)
    assert table(shown, "key")["key"].to_list() == ["ANTHROPIC_API_KEY not set"]
    assert "ANTHROPIC_API_KEY" in shown.warning[0].value.replace("\\", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    shown = models(folder)
    assert table(shown, "key")["key"].to_list() == ["ANTHROPIC_API_KEY set"]
    assert not shown.warning
    assert SECRET not in said(shown)


@pytest.mark.parametrize("step", ["Try", "Run"])
def test_asking_without_a_key_starts_nothing_and_says_what_to_set(step, models, shop, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    folder = shop({"mini": {"provider": "openai", "model": "gpt-4o-mini"}})
    shown = models(folder, step)
    drawn(button(shown, step).click().run())
    [told] = [e.value.replace("\\", "") for e in shown.error]
    assert "OPENAI_API_KEY" in told
    assert "environment" in told
    assert folder not in jobs._jobs()


def test_plan_shows_cost_with_and_without_a_batch_and_sends_nothing(models, shop, mini, server):
    shown = models(shop({"mini": mini, "big": {"provider": "openai", "model": "gpt-4o"}}))
    drawn(button(shown, "Plan").click().run())
    assert metric(shown, "Requests") == f"{2 * N_ROWS}"
    planned = table(shown, "as a batch", "in the cache").set_index("annotator")
    assert planned.loc["big", "as a batch"] == pytest.approx(planned.loc["big", "cost"] / 2)
    assert planned["in the cache"].to_list() == [0, 0]
    drawn_bars = json.loads(shown.get("plotly_chart")[0].proto.spec)["data"]
    assert [bar["name"] for bar in drawn_bars] == ["one by one", "as a batch"]
    assert server.counts()["n_requests"] == 0


def test_plan_without_a_price_says_so(models, shop, mini):
    shown = models(shop({"mini": {**mini, "price": None}}))
    drawn(button(shown, "Plan").click().run())
    assert metric(shown, "Cost, about") == "unknown"
    assert any("no price is known" in c.value for c in shown.caption)


def test_a_plan_of_other_models_is_not_shown(models, shop, mini):
    shown = models(shop({"mini": mini, "other": mini}))
    drawn(button(shown, "Plan").click().run())
    shown.multiselect(key="models.chosen").set_value(["other"]).run()
    assert not any(m.label == "Requests" for m in shown.metric)


def test_try_shows_prompt_answer_and_votes_side_by_side(models, shop, mini, server):
    folder = shop({"mini": mini})
    shown = tried(models, folder, rows=2)
    assert jobs._jobs()[folder].verb == "label --try 2 --annotators mini"
    assert server.counts()["n_billed"] == 2
    sent = server.requests()[0]["body"]["messages"]
    prompts = {m["content"] for r in server.requests() for m in r["body"]["messages"]}
    prompt, answer = (code.value for code in shown.code)
    assert prompt.startswith(sent[0]["content"])
    assert any(prompt.endswith(told) for told in prompts)
    assert json.loads(answer)["category_path"] == PATHS[0]
    assert table(shown, "value", "question")["value"].to_list() == [PATHS[0]]
    assert metric(shown, "Calls") == "2"


def test_what_a_product_or_a_model_says_is_never_markup(models, shop, mini, server, evil):
    server.follow(answers=[["{", f"{evil} no JSON"]])
    shown = tried(models, shop({"mini": {**mini, "model": "m <b>x</b>"}}, title=evil))
    assert any(evil in code.value for code in shown.code)
    told = [e.value for some in (shown.markdown, shown.caption, shown.error) for e in some]
    assert not any(evil in value or "<b>" in value for value in told)


def test_a_refused_key_is_told_without_the_key(models, shop, mini, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    server.follow(faults=[{"kind": "leak", "times": None}])
    folder = shop({"mini": mini})
    shown = tried(models, folder)
    assert table(shown, "outcome", "votes")["outcome"].to_list() == ["not answered"] * 5
    assert shown.error
    assert SECRET not in said(shown)
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_a_run_without_a_price_starts_nothing(models, shop, mini, server):
    folder = shop({"mini": {**mini, "price": None}})
    shown = models(folder, "Run")
    drawn(button(shown, "Run").click().run())
    assert ["no price is known" in e.value for e in shown.error] == [True]
    assert folder not in jobs._jobs()
    assert server.counts()["n_requests"] == 0


def test_a_run_is_the_verb_and_its_spend_stands_in_the_ledger(models, shop, mini, server):
    folder = shop({"mini": mini})
    shown = models(folder, "Run")
    next(n for n in shown.number_input if n.label == "Budget in $").set_value(50.0)
    drawn(button(shown, "Run").click().run())
    job = jobs._jobs()[folder]
    assert job.verb == "label --annotators mini --budget-usd 50.00"
    assert job.process.wait(60) == 0
    shown = models(folder, "Run")
    counts = server.counts()
    spent = (
        counts["n_tokens_in"] * PRICE["input_usd_per_million"]
        + counts["n_tokens_out"] * PRICE["output_usd_per_million"]
    ) / 1e6
    assert counts["n_billed"] == N_ROWS
    assert metric(shown, "Calls") == f"{N_ROWS}"
    by_annotator = table(shown, "most_unknown_usd")
    assert by_annotator["cost_usd"].to_list() == [pytest.approx(spent)]
    assert table(shown, "n_missing", "n_repaired")["n_votes"].to_list() == [N_ROWS]
    shown.session_state["ledger.by"] = "day"
    days = table(drawn(shown.run()), "day", "most_unknown_usd")["day"].to_list()
    assert days == ledger(Workspace(folder)).spend["day"].unique().to_list()


def test_a_run_over_a_cluster_that_does_not_answer_is_one_line(models, shop, mini, server):
    pytest.importorskip("ray")
    folder = shop({"mini": mini})
    shown = models(folder, "Run")
    next(s for s in shown.selectbox if s.label == "Asked from").set_value("ray")
    text(shown, "Address of the cluster").set_value("127.0.0.1:9")
    drawn(button(shown, "Run").click().run())
    job = jobs._jobs()[folder]
    assert job.verb.endswith("--engine ray --address 127.0.0.1:9")
    assert job.process.wait(60) == 2
    around = drawn(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run())
    [told] = [e.value.replace("\\", "") for e in around.error]
    assert told.startswith("no Ray cluster to join at 127.0.0.1:9: ")
    assert server.counts()["n_requests"] == 0


def test_a_run_that_the_budget_stopped_says_so(models, shop, mini):
    folder = shop({"mini": mini})
    stopped = label_with_models(Workspace(folder), budget_usd=2, progress=Progress())
    assert stopped.stopped == "budget"
    shown = models(folder, "Run")
    assert any("could pass the budget" in w.value for w in shown.warning)
    assert table(shown, "annotator", "key")["votes"].to_list() == [
        f"{stopped.figures['mini']['n_missing']} requests without an answer"
    ]


def test_a_label_that_holds_has_a_cost_once_there_is_gold(models, shop, mini):
    folder = shop({"mini": mini})
    label_with_models(Workspace(folder), budget_usd=50, progress=Progress())
    assert any("once there is gold" in c.value for c in models(folder).caption)
    assert run(["run", "curate", "-w", str(folder)]) == 0
    shown = models(folder)
    [line] = table(shown, "usd_per_accepted").to_dict("records")
    # The model says "Kitchen > Mugs" of all; a third of the catalog is that.
    assert line["n_accepted"] == N_ROWS // len(PATHS)
    assert line["usd_per_accepted"] == pytest.approx(line["cost_usd"] / line["n_accepted"])


def test_agreement_flags_a_model_that_is_often_repaired(page, shop, mini, server):
    # Half of the answers name the leaf under the wrong parent.
    wrong = {"category_path": "Food > Mugs", "confidence": 0.9}
    right = {"category_path": PATHS[0], "confidence": 0.9}
    server.follow(
        answers=[["Brand 0", wrong], ["{", right]],
        faults=[{"kind": "refusal", "times": 1, "contains": "thing 11"}],
    )
    folder = shop({"mini": {**mini, "samples": 2}})
    label_with_models(Workspace(folder), budget_usd=50, progress=Progress())
    assert run(["run", "agree", "-w", str(folder)]) == 0
    shown = drawn(page("agreement", folder))
    [line] = table(shown, "repaired_share").to_dict("records")
    assert line["n_answers"] == 2 * N_ROWS
    assert line["refused_share"] == pytest.approx(1 / (2 * N_ROWS))
    assert line["repaired_share"] > 0.02
    assert any("repaired" in w.value and "mini" in w.value for w in shown.warning)
    drawings = [json.loads(one.proto.json) for one in shown.get("bidi_component")]
    assert any("share of equal answers" in text for text in drawings)


def test_agreement_leads_to_the_labels_where_no_model_was_asked(page, shop, mini):
    folder = shop({"mini": mini})
    assert run(["run", "agree", "-w", str(folder)]) == 0
    shown = drawn(page("agreement", folder))
    assert any(c.value == "No model has voted yet." for c in shown.caption)


def test_agreement_shows_how_far_two_models_agree_with_each_other(page, shop, mini):
    folder = shop({"mini": mini, "big": {**mini, "model": "big"}})
    label_with_models(Workspace(folder), budget_usd=50, progress=Progress())
    assert run(["run", "agree", "-w", str(folder)]) == 0
    shown = drawn(page("agreement", folder))
    assert any(m.value == "**Agreement between the models**" for m in shown.markdown)
    specs = [json.loads(chart.proto.spec) for chart in shown.get("plotly_chart")]
    names = [s["layout"]["yaxis"]["ticktext"] for s in specs if s["data"][0]["type"] == "heatmap"]
    assert [sorted(some) for some in names if len(some) == 2] == [["big", "mini"]]


def test_batches_are_a_step_of_their_own(models, shop, mini, server):
    shown = models(shop({"mini": mini}), "Batches")
    assert any("No batch was handed in yet" in i.value for i in shown.info)
    assert server.counts()["n_requests"] == 0
