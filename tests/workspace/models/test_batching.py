"""Batches are handed in part by part within a budget, and collected once, from any machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.errors import InputError, StoppedError
from curation.llm.providers.parts import PartLimits
from tests.workspace.models.conftest import cost_of, openai
from workspace import way
from workspace.database.tables import Batch, Call
from workspace.models.batch_store import batches_frame
from workspace.models.batching import hand_in
from workspace.models.collecting import Collected, collect, give_up
from workspace.models.labelling import label_with_models
from workspace.models.planning import plan
from workspace.models.spending import ledger
from workspace.models.votes import missing_votes
from workspace.progress import Progress
from workspace.workspace import Workspace

PROVIDERS = ["openai", "anthropic", "gemini"]
SMALL = PartLimits(4, 10**6)


def section(server: Any, **more: Any) -> dict[str, Any]:
    return openai(server, **{"provider": server.provider, **more})


def beside(workspace: Workspace, name: str) -> Workspace:
    """The same shop in another folder."""
    other = Workspace.create(workspace.root.parent / name, workspace.settings)
    way.run(other, "load")
    return other


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One database for all workspaces, as where several machines label together."""
    monkeypatch.setenv("GOLDSHELF_DATABASE_URL", f"sqlite:///{tmp_path}/shared.db")


def states(workspace: Workspace) -> dict[str, int]:
    with workspace.database.session() as session:
        query = sa.select(Call.state, sa.func.count()).group_by(Call.state)
        return dict(tuple(row) for row in session.execute(query))


def said(votes: pl.DataFrame) -> pl.DataFrame:
    """What votes say, without what they cost."""
    shown = ["record_id", "question", "annotator_id", "value", "score", "error"]
    return votes.select(shown).sort("record_id", "question", "annotator_id")


def kept(workspace: Workspace) -> pl.DataFrame:
    snapshot = workspace.snapshots.current("model_votes")
    assert snapshot is not None
    return snapshot.read("votes")


def to_the_end(workspace: Workspace) -> Collected:
    return collect(workspace, wait=True, every_s=0.01)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_failed_rows_alone_are_handed_in_again(shop, llm_server, provider):
    bad = {"batch_fails": ["number 3"], "batch_expires": ["number 5"], "batch_loses": ["number 7"]}
    server = llm_server(provider, **bad)
    workspace = shop(10, {"one": section(server)})
    first = hand_in(workspace, budget_usd=100, limits=SMALL)
    assert (first.annotators["one"].n_handed_in, first.annotators["one"].n_batches) == (10, 3)
    assert server.counts()["n_batches"] == 3
    [planned] = plan(workspace).annotators
    assert (planned.n_requests, planned.n_waiting, planned.cost_usd) == (10, 10, 0)
    at_work = collect(workspace)
    assert (at_work.n_at_work, at_work.cost_usd) == (3, 0)
    assert "3 batches still at work: `label --collect` again later" in at_work.notes
    found = collect(workspace)
    assert sum(one.n_answers for one in found.batches) == 7
    assert sum(one.n_failed + one.n_lost for one in found.batches) == 3
    assert found.snapshot is not None
    assert found.snapshot.figures["annotators"]["one"]["n_missing"] == 3
    assert found.notes[-1] == "3 requests can be asked now: `label --batch` again"
    server.follow()
    again = hand_in(workspace, budget_usd=100, limits=SMALL)
    assert (again.annotators["one"].n_handed_in, again.annotators["one"].n_kept) == (3, 7)
    last = to_the_end(workspace)
    counts = server.counts()
    assert (counts["n_batch_rows"], counts["n_billed"], counts["n_billed_again"]) == (13, 10, 0)
    assert found.cost_usd + last.cost_usd == pytest.approx(cost_of(counts))
    assert ledger(workspace).cost_usd == pytest.approx(cost_of(counts))
    assert missing_votes(workspace) == {}
    plain = label_with_models(workspace, budget_usd=0)
    assert (plain.stopped, server.counts()["n_requests"]) == ("", 0)
    assert said(plain.snapshot.read("votes")).equals(said(last.snapshot.read("votes")))  # type: ignore[union-attr]
    online = beside(workspace, "online")
    label_with_models(online, budget_usd=100)
    assert server.counts()["n_requests"] == 10
    assert said(kept(online)).equals(said(kept(workspace)))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_rests_on_an_answer_comes_after_it(shop, llm_server, provider):
    server = llm_server(provider, batch_polls=0)
    more = {"questions": ["propose", "extract"], "attributes": ["Colour", "Size"], "samples": 2}
    workspace = shop(6, {"one": section(server, **more)})
    first = hand_in(workspace, budget_usd=1000).annotators["one"]
    assert (first.n_handed_in, first.n_resting) == (12, 6)
    found = collect(workspace)
    assert found.notes[-1] == "12 requests can be asked now: `label --batch` again"
    assert set(kept(workspace)["question"]) == {"category"}
    second = hand_in(workspace, budget_usd=1000).annotators["one"]
    assert (second.n_kept, second.n_handed_in, second.n_resting) == (12, 12, 0)
    collect(workspace)
    assert missing_votes(workspace) == {}
    online = beside(workspace, "online")
    label_with_models(online, budget_usd=1000)
    assert said(kept(online)).equals(said(kept(workspace)))
    assert server.counts()["n_billed"] == 48


def test_levels_come_one_after_the_other(shop, llm_server):
    below = ['"under"', {"category_path": "Food > Tea", "confidence": 1}]
    first = ["number", {"category_path": "Food", "confidence": 1}]
    server = llm_server("openai", batch_polls=0, answers=[below, first])
    workspace = shop(8, {"one": section(server, level_by_level=True)})
    hand_in(workspace, budget_usd=1000)
    collect(workspace)
    assert hand_in(workspace, budget_usd=1000).n_handed_in == 8
    collect(workspace)
    online = beside(workspace, "online")
    label_with_models(online, budget_usd=1000)
    assert said(kept(online)).equals(said(kept(workspace)))


def test_another_machine_collects_and_nothing_is_paid_twice(shop, llm_server, shared):
    server = llm_server("openai", batch_polls=0)
    here = shop(10, {"one": section(server)})
    hand_in(here, budget_usd=100, limits=SMALL)
    there = beside(here, "there")
    found = collect(there)
    assert [one.n_answers for one in found.batches] == [4, 4, 2]
    time.sleep(1.1)  # snapshots tell their time in seconds
    late = collect(here)
    assert late.batches == []
    assert late.snapshot is not None
    assert said(kept(here)).equals(said(kept(there)))
    assert collect(here).snapshot is None
    assert server.counts()["n_billed"] == 10


def test_two_machines_at_once_count_a_batch_once(shop, llm_server, shared):
    server = llm_server("openai", batch_polls=0)
    here = shop(300, {"one": section(server)})
    hand_in(here, budget_usd=10_000, limits=PartLimits(100, 10**7))
    there = beside(here, "there")
    found: list[Collected] = []
    begin = threading.Barrier(2)

    def take(workspace: Workspace) -> None:
        begin.wait()
        found.append(collect(workspace))

    threads = [threading.Thread(target=take, args=(one,)) for one in (here, there)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.n_answers for made in found for one in made.batches) == 300
    assert sum(made.cost_usd for made in found) == pytest.approx(cost_of(server.counts()))
    assert states(here) == {"done": 300}
    collect(here)
    collect(there)
    assert said(kept(here)).equals(said(kept(there)))


def test_a_plain_run_leaves_alone_what_waits_in_batches(shop, llm_server):
    server = llm_server("openai")
    more = {"questions": ["propose", "extract"], "attributes": ["Colour"]}
    workspace = shop(6, {"one": section(server, **more)})
    hand_in(workspace, budget_usd=100)
    assert missing_votes(workspace) == {"one": "6 requests in batches, for `label --collect`"}
    plain = label_with_models(workspace, budget_usd=100)
    assert server.counts()["n_requests"] == 0
    assert plain.figures["one"]["n_waiting"] == 6
    assert plain.figures["one"]["n_missing"] == 0
    assert "one: 6 requests in batches at work" in plain.notes
    assert states(workspace) == {"sent": 6}
    assert hand_in(workspace, budget_usd=100).n_handed_in == 0
    to_the_end(workspace)
    plain = label_with_models(workspace, budget_usd=100)
    assert plain.figures["one"]["n_waiting"] == 0
    assert server.counts()["n_requests"] == 6
    assert missing_votes(workspace) == {}


@pytest.mark.parametrize("budget_usd", [0.0, 9.0, 20.0])
def test_batches_at_work_count_against_every_budget(shop, llm_server, budget_usd):
    server = llm_server("openai", batch_polls=0)
    workspace = shop(100, {"one": section(server), "other": section(server, model="n")})
    made = hand_in(workspace, budget_usd=budget_usd, limits=SMALL)
    assert made.stopped == "budget"
    # The bound of one request is about 1.9 dollars: less than that may be left over.
    assert budget_usd - 3 < made.most_usd <= budget_usd
    assert hand_in(workspace, budget_usd=budget_usd).n_handed_in == 0
    assert label_with_models(workspace, budget_usd=budget_usd).stopped == "budget"
    assert server.counts()["n_requests"] == 0
    collect(workspace)
    spent = cost_of(server.counts())
    assert spent <= budget_usd
    again = hand_in(workspace, budget_usd=budget_usd, resume=True)
    assert again.most_usd <= budget_usd - spent
    collect(workspace)
    assert cost_of(server.counts()) <= budget_usd


def test_a_batch_that_fails_as_a_whole_is_handed_in_again(shop, llm_server):
    broken, fine = llm_server("openai", batch_breaks=True), llm_server("gemini", batch_polls=0)
    workspace = shop(5, {"one": section(broken), "other": section(fine)})
    hand_in(workspace, budget_usd=1000)
    to_the_end(workspace)
    found = batches_frame(workspace).sort("annotator").select("annotator", "state", "cost_usd")
    assert found.rows()[0] == ("one", "failed", 0.0)
    assert found["state"][1] == "collected"
    [error] = batches_frame(workspace).filter(annotator="one")["error"]
    assert error == "failed as a whole: Enqueued token limit reached"
    broken.follow(batch_polls=0)
    assert hand_in(workspace, budget_usd=1000).n_handed_in == 5


def test_a_batch_of_gemini_that_broke_is_closed(shop, llm_server):
    workspace = shop(3, {"one": section(llm_server("gemini", batch_breaks=True))})
    hand_in(workspace, budget_usd=100)
    found = to_the_end(workspace)
    assert [(one.state, one.n_failed) for one in found.batches] == [("failed", 3)]
    assert "failed as a whole: JOB_STATE_FAILED" in found.notes[0]


def test_an_unknown_batch_is_one_line_and_can_be_given_up(shop, llm_server):
    gone, fine = llm_server("openai"), llm_server("anthropic", batch_polls=0)
    workspace = shop(5, {"one": section(gone), "other": section(fine)})
    hand_in(workspace, budget_usd=1000)
    with workspace.database.session() as session:
        session.execute(sa.update(Batch).where(Batch.annotator == "one").values(remote_id="b_9"))
    found = collect(workspace)
    assert {one.annotator: one.state for one in found.batches} == {
        "one": "not reached", "other": "collected",
    }  # fmt: skip
    [note] = [note for note in found.notes if "b_9" in note]
    assert "no such batch (404)" in note
    assert "`label --collect --give-up b_9`" in note
    assert hand_in(workspace, ["one"], budget_usd=1000).n_handed_in == 0
    with pytest.raises(InputError, match=r"no batch 'b_7'.*Open batches: b_9"):
        give_up(workspace, "b_7")
    give_up(workspace, "b_9")
    assert hand_in(workspace, ["one"], budget_usd=1000).n_handed_in == 5


def test_a_missing_or_wrong_key_stops_one_annotator_alone(shop, llm_server, monkeypatch):
    monkeypatch.setenv("ONES_KEY", "sk-secret-0123456789")
    strict, fine = llm_server("openai", key="sk-other"), llm_server("gemini", batch_polls=0)
    sections = {"one": section(strict, key_variable="ONES_KEY"), "other": section(fine)}
    workspace = shop(4, sections)
    made = hand_in(workspace, budget_usd=100)
    assert made.annotators["other"].n_handed_in == 4
    assert "ONES_KEY was not accepted" in str(made.annotators["one"].rejected)
    assert batches_frame(workspace, only_open=True)["annotator"].to_list() == ["other"]
    strict.follow(key="sk-secret-0123456789", batch_polls=0)
    assert hand_in(workspace, ["one"], budget_usd=100).n_handed_in == 4
    strict.follow(key="sk-other")
    found = collect(workspace)
    assert [one.state for one in found.batches if one.annotator == "one"] == ["not reached"]
    assert any("ONES_KEY was not accepted" in note for note in found.notes)
    for file in workspace.root.rglob("*"):
        assert not file.is_file() or b"sk-secret" not in file.read_bytes(), file


def test_without_a_key_nothing_is_written(shop, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    workspace = shop(3, {"one": {"provider": "openai", "model": "gpt-4o-mini"}})
    made = hand_in(workspace, budget_usd=1)
    assert "Set the environment variable OPENAI_API_KEY" in str(made.annotators["one"].rejected)
    assert batches_frame(workspace).is_empty()
    assert states(workspace) == {}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_rows_were_refused_for_is_left_out_the_next_time(shop, llm_server, provider):
    server = llm_server(provider, refuses_temperature=True, batch_polls=0)
    workspace = shop(3, {"one": section(server, temperature=0.0)})
    hand_in(workspace, budget_usd=100)
    found = collect(workspace)
    assert [(one.n_answers, one.n_failed, one.cost_usd) for one in found.batches] == [(0, 3, 0.0)]
    hand_in(workspace, budget_usd=100)
    collect(workspace)
    assert kept(workspace)["value"].null_count() == 0


def test_a_json_schema_that_rows_were_refused_for_is_asked_for_in_words(shop, llm_server):
    server = llm_server("openai", refuses_json_schema=True, batch_polls=0)
    answers = [["number", {"category_path": "Food > Tea", "confidence": 1}]]
    workspace = shop(3, {"one": section(server)})
    hand_in(workspace, budget_usd=100)
    collect(workspace)
    server.follow(refuses_json_schema=True, batch_polls=0, answers=answers)
    hand_in(workspace, budget_usd=100)
    collect(workspace)
    assert kept(workspace)["value"].to_list() == ["Food > Tea"] * 3


def test_waiting_can_be_stopped_and_what_is_collected_is_kept(shop, llm_server):
    slow, fast = llm_server("openai", batch_polls=10**6), llm_server("gemini", batch_polls=0)
    workspace = shop(3, {"one": section(slow), "other": section(fast)})
    hand_in(workspace, budget_usd=100)
    progress = Progress()
    threading.Timer(1.0, progress.request_stop).start()
    with pytest.raises(StoppedError, match="1 batch to collect later"):
        collect(workspace, wait=True, every_s=0.05, progress=progress)
    assert set(kept(workspace)["annotator_id"]) == {"other"}
    assert kept(workspace)["value"].null_count() == 0


def test_answers_of_a_batch_have_no_latency(shop, llm_server):
    workspace = shop(3, {"one": section(llm_server("openai", batch_polls=0))})
    hand_in(workspace, budget_usd=100)
    found = collect(workspace)
    assert kept(workspace)["latency_s"].null_count() == 3
    assert found.snapshot is not None
    assert found.snapshot.figures["annotators"]["one"]["mean_latency_s"] is None


def test_a_batch_is_collected_after_its_annotator_is_gone(shop, llm_server):
    workspace = shop(3, {"one": section(llm_server("openai", batch_polls=0))})
    hand_in(workspace, budget_usd=100)
    workspace.change("annotators", one=None)
    found = collect(workspace)
    assert [one.n_answers for one in found.batches] == [3]
    assert found.snapshot is None
    assert states(workspace) == {"done": 3}


def test_the_same_of_two_annotators_is_handed_in_once(shop, llm_server):
    server = llm_server("openai", batch_polls=0)
    workspace = shop(5, {"one": section(server), "twin": section(server)})
    made = hand_in(workspace, budget_usd=100)
    assert (made.annotators["one"].n_handed_in, made.annotators["twin"].n_handed_in) == (5, 0)
    collect(workspace)
    label_with_models(workspace, budget_usd=0)
    assert kept(workspace)["value"].count() == 10
    assert server.counts()["n_billed"] == 5
