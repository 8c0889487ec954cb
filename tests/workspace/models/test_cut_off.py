"""A batch whose process ended before it was told its name is looked for, and paid for once."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from tests.workspace.models.conftest import cost_of, openai
from workspace import way
from workspace.database.tables import Batch
from workspace.models.batch_store import BatchStore, batches_frame
from workspace.models.batching import hand_in
from workspace.models.collecting import collect, give_up
from workspace.models.labelling import label_with_models
from workspace.models.spending import ledger
from workspace.models.votes import missing_votes
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
PROVIDERS = ["openai", "anthropic", "gemini"]


def section(server: Any, **more: Any) -> dict[str, Any]:
    return openai(server, **{"provider": server.provider, **more})


def states(workspace: Workspace) -> list[str]:
    return batches_frame(workspace)["state"].to_list()


def votes(workspace: Workspace) -> pl.DataFrame:
    snapshot = workspace.snapshots.current("model_votes")
    assert snapshot is not None
    return snapshot.read("votes")


def handing_in(workspace: Workspace) -> subprocess.Popen[bytes]:
    """Hand in from a process of its own."""
    told = ["--batch", "--budget-usd", "100", "--json"]
    return subprocess.Popen(
        [sys.executable, "cli.py", "label", "-w", str(workspace.root), *told],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(1200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it never came so far")


def cut_off(workspace: Workspace, server: Any, **script: Any) -> None:
    """A process hands a batch in, and is killed before it is told its name."""
    server.follow(batch_latency_s=60)
    n_before = server.counts()["n_batches"]
    running = handing_in(workspace)
    until(lambda: server.counts()["n_batches"] > n_before)
    assert states(workspace) == ["handing in"]
    running.kill()
    running.communicate()
    server.follow(**script)


def cut_off_before(workspace: Workspace, server: Any, **script: Any) -> None:
    """A process is killed while it hands a batch in, of which nothing is taken."""
    server.follow(batch_hangs=True)
    running = handing_in(workspace)
    until(lambda: states(workspace) == ["handing in"])
    running.kill()
    running.communicate()
    server.follow(**script)


def sent_ago(workspace: Workspace, minutes: int) -> None:
    """As if it had gone out so long ago."""
    ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    with workspace.database.session() as session:
        session.execute(sa.update(Batch).values(submitted_at=ago))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_that_was_cut_off_is_found_and_billed_once(shop, llm_server, provider):
    server = llm_server(provider)
    workspace = shop(5, {"one": section(server)})
    cut_off(workspace, server, batch_polls=0)
    found = collect(workspace)
    assert "a process ended while it handed this in; 5 requests found again" in found.notes[0]
    assert [(one.state, one.n_answers) for one in found.batches] == [("collected", 5)]
    assert votes(workspace)["value"].null_count() == 0
    assert missing_votes(workspace) == {}
    assert hand_in(workspace, budget_usd=100).n_handed_in == 0
    label_with_models(workspace, budget_usd=100)
    counts = server.counts()
    assert (counts["n_batches"], counts["n_billed"], counts["n_billed_again"]) == (1, 5, 0)
    assert counts["n_requests"] == 0
    assert ledger(workspace).cost_usd == pytest.approx(cost_of(counts))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_handing_in_looks_for_it_before_anything_is_asked_again(shop, llm_server, provider):
    server = llm_server(provider)
    workspace = shop(5, {"one": section(server)})
    cut_off(workspace, server, batch_polls=0)
    again = hand_in(workspace, budget_usd=100)
    assert "5 requests found again" in again.notes[0]
    assert (again.annotators["one"].n_waiting, again.n_handed_in) == (5, 0)
    assert states(workspace) == ["open"]
    assert [one.n_answers for one in collect(workspace).batches] == [5]
    assert server.counts()["n_billed"] == 5


def test_a_batch_whose_name_did_not_come_in_time_is_found_too(shop, llm_server):
    server = llm_server("openai", batch_latency_s=60)
    workspace = shop(5, {"one": section(server, timeout_s=0.3)})
    made = hand_in(workspace, budget_usd=100)
    assert "5 requests may have been handed in" in str(made.annotators["one"].rejected)
    assert "the next call looks for them" in str(made.annotators["one"].rejected)
    server.follow(batch_polls=0)
    assert [one.n_answers for one in collect(workspace).batches] == [5]
    assert server.counts()["n_billed"] == 5


def test_one_of_anthropic_is_waited_for_until_its_rows_can_be_read(shop, llm_server):
    server = llm_server("anthropic")
    workspace = shop(5, {"one": section(server)})
    cut_off(workspace, server, batch_polls=10**6)
    sent_ago(workspace, 9)
    again = hand_in(workspace, budget_usd=100)
    assert "anthropic has 1 batch at work that may hold them" in again.notes[0]
    assert "They are not asked again until that is known" in again.notes[0]
    assert again.n_handed_in == 0
    assert hand_in(workspace, budget_usd=1).stopped == ""  # nothing is left that would cost
    waiting = collect(workspace)
    assert (waiting.n_at_work, states(workspace)) == (1, ["handing in"])
    [why] = batches_frame(workspace)["error"]
    assert why == "anthropic has 1 batch at work that may hold them, and says so at the end"
    assert label_with_models(workspace, budget_usd=100).figures["one"]["n_waiting"] == 5
    assert server.counts()["n_requests"] == 0
    server.follow(batch_polls=0)
    assert [one.n_answers for one in collect(workspace, wait=True, every_s=0.1).batches] == [5]
    assert batches_frame(workspace)["error"].to_list() == [None]
    assert server.counts()["n_billed"] == 5


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_of_another_workspace_is_never_taken_for_ours(
    shop, llm_server, tmp_path: Path, provider
):
    server = llm_server(provider, batch_polls=0)
    workspace = shop(5, {"one": section(server)})
    other = Workspace.create(tmp_path / "other", workspace.settings)
    way.run(other, "load")
    hand_in(other, budget_usd=100)  # the same five questions, in a database of its own
    cut_off_before(workspace, server, batch_polls=0, batch_page=1)
    young = collect(workspace)
    assert f"{provider} does not list them, and may do so within 5 minutes" in young.notes[0]
    assert states(workspace) == ["handing in"]
    sent_ago(workspace, 9)
    found = hand_in(workspace, budget_usd=100)
    assert found.notes[0].endswith(f"a process ended before {provider} had its 5 requests")
    assert (found.n_handed_in, states(workspace)) == (5, ["open", "refused"])
    assert [one.n_answers for one in collect(workspace).batches] == [5]
    assert [one.n_answers for one in collect(other).batches] == [5]
    assert ledger(workspace).cost_usd == pytest.approx(cost_of(server.counts()) / 2)


def test_where_a_server_lists_no_batches_they_are_told_and_asked_again(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(5, {"one": section(server)})
    cut_off(workspace, server, batch_page=None, batch_polls=0)
    again = hand_in(workspace, budget_usd=100)
    assert (
        "5 requests may have been handed in when a process ended, and cost up to" in again.notes[0]
    )
    assert "the server does not list its batches, so they are asked again" in again.notes[0]
    assert (again.n_handed_in, states(workspace)) == (5, ["open", "lost"])
    assert ledger(workspace).spend["most_unknown_usd"].sum() > 0


def test_nothing_is_asked_again_while_the_server_cannot_be_reached(
    shop, llm_server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ONES_KEY", "sk-secret-0123456789")
    server = llm_server("openai", key="sk-secret-0123456789")
    workspace = shop(5, {"one": section(server, key_variable="ONES_KEY")})
    cut_off(workspace, server, key="sk-other")
    found = collect(workspace)
    assert "they could not be looked for" in found.notes[0]
    assert "ONES_KEY was not accepted" in found.notes[0]
    assert states(workspace) == ["handing in"]
    assert hand_in(workspace, budget_usd=100).n_handed_in == 0
    [batch] = BatchStore(workspace.database).open()
    assert f"--give-up {batch.batch_id}` asks them anew" in found.notes[0]
    give_up(workspace, batch.batch_id)
    server.follow(key="sk-secret-0123456789", batch_polls=0)
    assert hand_in(workspace, budget_usd=100).n_handed_in == 5
    for file in workspace.root.rglob("*"):
        assert not file.is_file() or b"sk-secret" not in file.read_bytes(), file


def test_a_batch_that_is_being_handed_in_elsewhere_is_left_alone(shop, llm_server):
    server = llm_server("openai", batch_latency_s=60)
    workspace = shop(5, {"one": section(server)})
    running = handing_in(workspace)
    until(lambda: server.counts()["n_batches"] == 1)
    meanwhile = collect(workspace)
    assert (meanwhile.n_at_work, meanwhile.snapshot) == (1, None)
    assert meanwhile.notes[0].startswith("another goldshelf is at work here")
    assert states(workspace) == ["handing in"]
    running.kill()
    running.communicate()


def test_a_batch_at_work_counts_with_the_most_it_can_cost_until_it_is_known(shop, llm_server):
    server = llm_server("anthropic")
    workspace = shop(5, {"one": section(server), "two": section(server, model="n")})
    server.follow(batch_latency_s=60)
    running = handing_in(workspace)
    until(lambda: server.counts()["n_batches"] == 1)
    running.kill()
    running.communicate()
    server.follow(batch_polls=10**6)
    most = BatchStore(workspace.database).most_usd()
    assert most > 0
    made = hand_in(workspace, ["two"], budget_usd=most + 0.01)
    assert (made.stopped, made.n_handed_in) == ("budget", 0)
