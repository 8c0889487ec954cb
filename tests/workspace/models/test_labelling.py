"""Models vote within a budget, each answer is paid for once, and what is missing is said."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.errors import InputError, StoppedError
from catalog.votes import VOTE_SCHEMA
from tests.workspace.models.conftest import PATHS, cost_of, openai
from workspace import way
from workspace.database.tables import Call
from workspace.models.labelling import label_with_models
from workspace.models.votes import missing_votes
from workspace.progress import Progress, ProgressState, read_progress
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]


def states(workspace: Workspace) -> dict[str, int]:
    with workspace.database.session() as session:
        query = sa.select(Call.state, sa.func.count()).group_by(Call.state)
        return dict(tuple(row) for row in session.execute(query))


def test_each_model_votes_once_on_every_record(shop, llm_server):
    one, other = llm_server("openai"), llm_server("anthropic")
    second = {**openai(other), "provider": "anthropic"}
    workspace = shop(30, {"one": openai(one), "other": second})
    made = label_with_models(workspace, budget_usd=100)
    votes = made.snapshot.read("votes")
    assert votes.schema == VOTE_SCHEMA
    assert votes.group_by("annotator_id").len().sort("annotator_id").rows() == [
        ("one", 30), ("other", 30),
    ]  # fmt: skip
    assert votes.select("record_id", "annotator_id").is_unique().all()
    assert votes["value"].is_in(PATHS).all()
    assert made.figures["one"]["n_votes"] == 30
    assert made.spent_usd == pytest.approx(cost_of(one.counts()) + cost_of(other.counts()))
    assert votes["cost_usd"].sum() == pytest.approx(made.spent_usd)


def test_the_same_is_paid_for_once_whoever_asks(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(20, {"one": openai(server), "twin": openai(server)})
    made = label_with_models(workspace, budget_usd=100)
    assert server.counts()["n_billed"] == 20
    again = label_with_models(workspace, ["twin"], budget_usd=0)
    assert server.counts()["n_billed"] == 20
    assert again.spent_usd == 0
    before, after = (one.snapshot.read("votes") for one in (made, again))
    order = ["annotator_id", "record_id"]
    assert before.sort(order).equals(after.sort(order))


def test_votes_of_models_stand_beside_the_others(shop, llm_server):
    workspace = shop(12, {"one": openai(llm_server("openai"))})
    way.run(workspace, "agree")
    assert missing_votes(workspace) == {"one": "never asked"}
    label_with_models(workspace, budget_usd=100)
    assert missing_votes(workspace) == {}
    assert way.statuses(workspace)["agree"].state == "stale"
    [made] = way.run(workspace, "agree")
    assert set(made.read("annotators")["annotator_id"]) == {"one", "source"}
    workspace.change("annotators", one=None)
    [made] = way.run(workspace, "agree")
    assert set(made.read("annotators")["annotator_id"]) == {"source"}


def test_running_the_steps_asks_nobody(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(12, {"one": openai(server)})
    way.run(workspace, "agree")
    assert server.counts()["n_requests"] == 0


def test_other_settings_make_the_votes_missing(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(5, {"one": openai(server)})
    label_with_models(workspace, budget_usd=100)
    workspace.change("annotators", one=openai(server, concurrent=3))
    assert missing_votes(workspace) == {}
    workspace.change("annotators", one=openai(server, instructions="Be strict."))
    assert missing_votes(workspace) == {"one": "its settings have changed since"}


@pytest.mark.parametrize("budget_usd", [0.0, 3.0, 9.0])
def test_a_budget_is_never_passed_by_the_servers_own_count(shop, llm_server, budget_usd):
    server = llm_server("openai", latency_s=0.01)
    workspace = shop(200, {"one": openai(server), "other": openai(server, model="n")})
    made = label_with_models(workspace, budget_usd=budget_usd)
    spent = cost_of(server.counts())
    assert made.stopped == "budget"
    assert spent <= budget_usd
    assert made.spent_usd == pytest.approx(spent)
    # The bound of one request is about 1.9 dollars: less than that may be left over.
    assert spent > budget_usd - 3
    n_votes = sum(figures["n_votes"] for figures in made.figures.values())
    assert n_votes == server.counts()["n_billed"] < 400
    assert sum(figures["n_missing"] for figures in made.figures.values()) == 400 - n_votes
    assert "requests without an answer" in missing_votes(workspace)["one"]


def test_answers_that_were_lost_count_against_the_budget(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "drop", "times": None, "every": 2}])
    workspace = shop(100, {"one": openai(server, concurrent=2, max_tries=2)})
    made = label_with_models(workspace, budget_usd=10)
    assert made.stopped == "budget"
    assert cost_of(server.counts()) <= 10


def test_a_resumed_run_shares_the_budget_of_the_last(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(100, {"one": openai(server)})
    label_with_models(workspace, budget_usd=6)
    made = label_with_models(workspace, budget_usd=12, resume=True)
    assert made.stopped == "budget"
    assert 6 < cost_of(server.counts()) <= 12


def test_a_budget_needs_a_price(shop, llm_server):
    workspace = shop(2, {"one": {**openai(llm_server("openai")), "price": None}})
    with pytest.raises(InputError, match=r"no price is known for 'm'.*annotators\.one\.price"):
        label_with_models(workspace, budget_usd=1)
    made = label_with_models(workspace, budget_usd=None)
    assert made.figures["one"]["cost_usd"] is None
    assert made.figures["one"]["n_votes"] == 2


def test_an_annotator_that_is_refused_stops_alone_and_its_key_stays_secret(
    shop, llm_server, monkeypatch
):
    monkeypatch.setenv("LEAKED_KEY", "sk-very-secret-1234567890")
    good = llm_server("openai")
    bad = llm_server("openai", faults=[{"kind": "leak", "times": None}])
    section = openai(bad, key_variable="LEAKED_KEY", concurrent=2)
    workspace = shop(40, {"good": openai(good), "bad": section})
    made = label_with_models(workspace, budget_usd=100)
    assert made.figures["good"]["n_votes"] == 40
    assert made.figures["bad"]["n_votes"] == 0
    assert made.figures["bad"]["n_missing"] == 40
    assert bad.counts()["n_requests"] < 40
    assert any(note.startswith("bad was not asked further") for note in made.notes)
    for file in workspace.root.rglob("*"):
        assert not file.is_file() or b"very-secret" not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("kind", "figure"),
    [("refusal", "n_refused"), ("truncated", "n_truncated"), ("filtered", "n_filtered"),
     ("malformed", "n_malformed")],
)  # fmt: skip
def test_a_useless_answer_is_kept_and_counted(shop, llm_server, kind, figure):
    server = llm_server("openai", faults=[{"kind": kind, "times": 3}])
    workspace = shop(10, {"one": openai(server)})
    made = label_with_models(workspace, budget_usd=100)
    assert made.figures["one"][figure] == 3
    assert made.figures["one"]["n_votes"] == 7
    votes = made.snapshot.read("votes")
    assert votes.height == 10
    assert votes["error"].count() == 3


def test_a_request_that_failed_is_asked_again_by_the_next_run(shop, llm_server):
    server = llm_server("openai", faults=[{"kind": "server_error", "times": 1}])
    workspace = shop(5, {"one": openai(server, max_tries=1)})
    made = label_with_models(workspace, budget_usd=100)
    assert (made.figures["one"]["n_failed"], made.figures["one"]["n_votes"]) == (1, 4)
    made = label_with_models(workspace, budget_usd=100)
    assert (made.figures["one"]["n_failed"], made.figures["one"]["n_votes"]) == (0, 5)
    assert server.counts()["n_billed"] == 5


def test_several_samples_measure_a_model_against_itself(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(10, {"one": openai(server, samples=3)})
    made = label_with_models(workspace, budget_usd=100)
    assert server.counts()["n_billed"] == 30
    assert made.snapshot.counts["votes"] == 10
    assert made.snapshot.counts["samples"] == 30
    found = made.figures["one"]["self_agreement"]
    assert 0 <= found["value"] <= 1
    assert found["n"] == 10


def verb(workspace: Workspace, *more: str) -> subprocess.Popen[str]:
    """``label`` in a process of its own."""
    words = [sys.executable, "cli.py", "label", "-w", str(workspace.root), "--json", *more]
    return subprocess.Popen(
        words, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_until(server: Any, n_billed: int) -> None:
    for _ in range(1200):
        if server.counts()["n_billed"] >= n_billed:
            return
        time.sleep(0.05)
    raise AssertionError(f"the server billed {server.counts()}")


def test_killed_twice_nothing_is_billed_twice_but_what_was_in_flight(shop, llm_server):
    server = llm_server("openai", latency_s=0.1, limit_in_flight=20)
    sections = {name: openai(server, model=name, concurrent=10) for name in ("one", "other")}
    workspace = shop(300, sections)
    in_flight = 0
    for n_billed in (100, 300):
        running = verb(workspace, "--budget-usd", "10000")
        wait_until(server, n_billed)
        running.kill()
        running.communicate()
        in_flight += states(workspace)["sent"]
        assert in_flight <= 40
        time.sleep(0.3)
    told, _ = verb(workspace, "--budget-usd", "10000").communicate()
    counts = server.counts()
    assert counts["n_billed_again"] <= in_flight
    assert counts["n_billed"] <= 600 + in_flight
    votes = workspace.snapshots.current("model_votes").read("votes")  # type: ignore[union-attr]
    assert votes.height == 600
    assert votes.select("record_id", "annotator_id").is_unique().all()
    assert votes["value"].null_count() == 0
    assert "of an ended process were in flight and may have cost up to $" in told
    assert "sent" not in states(workspace)


def test_killed_with_the_library_apart_no_more_is_billed_again_than_was_in_flight(shop, llm_server):
    server = llm_server("openai", latency_s=0.1, limit_in_flight=16)
    workspace = shop(2_000, {"one": openai(server, concurrent=16)})
    running = verb(workspace, "--budget-usd", "100000")
    wait_until(server, 700)
    running.kill()
    running.communicate()
    assert list(workspace.layout.answers.iterdir())
    while server.counts()["n_in_flight"]:
        time.sleep(0.05)
    verb(workspace, "--budget-usd", "100000").communicate()
    counts = server.counts()
    assert counts["n_billed_again"] <= 16
    assert counts["n_billed"] == 2_000 + counts["n_billed_again"]
    assert counts["most_in_flight"] <= 16
    votes = workspace.snapshots.current("model_votes").read("votes")  # type: ignore[union-attr]
    assert votes["record_id"].n_unique() == votes.height == 2_000
    assert votes["value"].null_count() == 0
    assert not list(workspace.layout.answers.iterdir())
    assert set(states(workspace)) <= {"done", "failed"}


def test_an_interrupt_lets_out_what_is_in_flight(shop, llm_server):
    server = llm_server("openai", latency_s=0.2)
    workspace = shop(400, {"one": openai(server, concurrent=10)})
    running = verb(workspace, "--budget-usd", "10000")
    wait_until(server, 50)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    n_billed = server.counts()["n_billed"]
    assert (
        f"stopped; {n_billed} votes kept, {400 - n_billed} requests not asked; {n_billed} new"
        in told
    )
    assert "are in the cache. Go on with --resume" in told
    assert states(workspace) == {"done": n_billed}
    assert n_billed < 400
    figures = workspace.snapshots.current("model_votes").figures["annotators"]["one"]  # type: ignore[union-attr]
    assert (figures["n_votes"], figures["n_missing"]) == (n_billed, 400 - n_billed)
    assert missing_votes(workspace) == {"one": f"{400 - n_billed} requests without an answer"}


def test_a_second_interrupt_ends_at_once_and_breaks_nothing(shop, llm_server):
    server = llm_server("openai", latency_s=0.05)
    workspace = shop(60, {"one": openai(server, concurrent=5)})
    before = label_with_models(workspace, budget_usd=10).snapshot
    server.follow(latency_s=30.0)
    n_sent = server.counts()["n_requests"]
    running = verb(workspace, "--budget-usd", "10000")
    for _ in range(1200):
        if server.counts()["n_requests"] >= n_sent + 5:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=15)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert states(workspace)["sent"] == 5
    assert workspace.snapshots.current("model_votes").id == before.id  # type: ignore[union-attr]
    server.follow(latency_s=0.01)
    made = label_with_models(workspace, budget_usd=10000)
    assert made.lost.n_calls == 5
    assert made.lost.most_usd > 0
    assert made.figures["one"]["n_votes"] == 60
    assert "sent" not in states(workspace)


def test_a_stopped_run_keeps_the_votes_of_records_that_it_did_not_come_to(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(2500, {"one": openai(server, concurrent=64)})
    made = label_with_models(workspace, budget_usd=100_000)
    stopped = Progress()
    stopped.request_stop()
    with pytest.raises(StoppedError, match="2,500 votes kept, 0 requests not asked; 0 new answers"):
        label_with_models(workspace, budget_usd=0, progress=stopped)
    assert (
        workspace.snapshots.current("model_votes")
        .read("votes")
        .equals(  # type: ignore[union-attr]
            made.snapshot.read("votes")
        )
    )


def test_progress_tells_each_annotator_apart(shop, llm_server, tmp_path):
    slow, broken = llm_server("openai", latency_s=0.2), llm_server("openai", latency_s=0.1)
    broken.follow(faults=[{"kind": "server_error", "times": 4}], latency_s=0.1)
    free = {**openai(llm_server("openai")), "price": None}
    workspace = shop(
        40,
        {"slow": openai(slow, concurrent=2), "broken": openai(broken, max_tries=1), "free": free},
    )
    states_seen: list[ProgressState] = []
    path = tmp_path / "progress.json"

    def listen(state: ProgressState) -> None:
        states_seen.append(state)
        assert read_progress(path) == state

    label_with_models(workspace, budget_usd=None, progress=Progress(path, "label", listen))
    last = {part.name: part for part in states_seen[-1].parts}
    assert list(last) == ["slow", "broken", "free"]
    assert {part.total for part in last.values()} == {40}
    assert [last[name].n_errors for name in ("slow", "broken", "free")] == [0, 4, 0]
    assert last["broken"].done == last["free"].done == 40
    assert last["broken"].usd == pytest.approx(cost_of(broken.counts()))
    assert last["broken"].projected_usd == last["broken"].usd
    assert (last["free"].usd, last["free"].projected_usd) == (None, None)
    middle = next(s.parts[0] for s in states_seen if s.parts and 0 < s.parts[0].done < 40)
    # Every answer costs about the same: what is left is projected at what the rest did.
    assert middle.projected_usd == pytest.approx(middle.usd * 40 / middle.done)  # type: ignore[operator]
    assert middle.a_second > 0  # type: ignore[operator]
    assert sum(part.done for part in states_seen[-1].parts) == states_seen[-1].done


def test_a_warm_cache_serves_a_thousand_rows_a_second(shop, llm_server):
    server = llm_server("openai")
    workspace = shop(4000, {"one": openai(server, concurrent=64)})
    label_with_models(workspace, budget_usd=100_000)
    n_billed = server.counts()["n_billed"]
    began = time.perf_counter()
    cpu = time.process_time()
    made = label_with_models(workspace, budget_usd=0)
    # By the processor's clock: other work on the machine is not ours.
    took = min(time.perf_counter() - began, time.process_time() - cpu)
    assert made.figures["one"]["n_votes"] == 4000
    assert server.counts()["n_billed"] == n_billed
    assert 4000 / took > 1000


def test_the_table_of_votes_is_the_same_whatever_came_first(shop, llm_server):
    server = llm_server("openai", latency_s=0.02)
    workspace = shop(1500, {"one": openai(server, concurrent=50)})
    first = label_with_models(workspace, budget_usd=100_000).snapshot.read("votes")
    again = label_with_models(workspace, budget_usd=0).snapshot.read("votes")
    ids = workspace.snapshot("load").read("records", ["record_id"])["record_id"]
    assert first["record_id"].to_list() == ids.to_list()
    assert first.drop("latency_s").equals(again.drop("latency_s"))
    assert isinstance(first, pl.DataFrame)
