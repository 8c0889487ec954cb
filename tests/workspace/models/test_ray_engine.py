"""Over a Ray cluster the votes, the keys of the cache, the budget and the pace are the same."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.errors import GoldshelfError, InputError
from curation.llm.pace import Pace
from curation.llm.requests import Reply
from tests.workspace.models.conftest import cost_of, openai
from workspace.database.tables import Call
from workspace.models.annotators import chosen
from workspace.models.calls import Held, done, now
from workspace.models.labelling import label_with_models
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.questionnaire import of_catalog
from workspace.models.ray_engine.books import Books, Order
from workspace.models.ray_engine.labeller import NUMBER, Labelled, Labeller
from workspace.models.ray_engine.run import _assigned
from workspace.models.ray_engine.session import joined
from workspace.workspace import Workspace

ray = pytest.importorskip("ray")
ROOT = Path(__file__).resolve().parents[3]
KEY = "sk-of-a-cluster-1234567890"


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Path]:
    """A small Ray of this machine; gives the folder of its logs."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=200_000_000,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
    )
    yield Path(ray._private.worker._global_node.get_logs_dir_path())
    ray.shutdown()


def states(workspace: Workspace) -> dict[str, int]:
    with workspace.database.session() as session:
        query = sa.select(Call.state, sa.func.count()).group_by(Call.state)
        return dict(tuple(row) for row in session.execute(query))


def errors(workspace: Workspace) -> list[str | None]:
    with workspace.database.session() as session:
        return list(session.scalars(sa.select(Call.error).where(Call.state == "failed")))


def answered(name: str, key: str, reply: Reply) -> Call:
    """A call of the ledger that has its answer."""
    about = {"job_id": "job", "provider": "openai", "model": "m", "annotator": "one"}
    more = {"question": "category", "record_id": name, "n_characters": 1, "asked_at": now()}
    return Call(call_id=name, request_key=key, **about, **more, **done(reply, 0.1))


async def results(books: Books, worker: str, n: int) -> dict[int | None, Any]:
    """What came of ``n`` orders of a worker, by their number."""
    found: dict[int | None, Any] = {}
    while len(found) < n:
        _, answers = await books.collect(worker)
        found |= {number: value for number, value, _ in answers}
    return found


def test_both_engines_give_the_same_and_what_one_paid_for_the_other_finds(
    shop, llm_server, cluster, monkeypatch
):
    monkeypatch.setenv("CLUSTER_KEY", KEY)  # set after Ray began: it must be handed over
    shown = [{"value": "number", "quote": "number"}]
    one = llm_server("openai", key=KEY, answers=[("attribute", {"colour": shown})])
    other = llm_server("anthropic", key=KEY)
    more: dict[str, Any] = {"key_variable": "CLUSTER_KEY", "samples": 2, "temperature": 0.7}
    asks = {"questions": ["propose", "extract"], "attributes": ["Colour"], "concurrent": 3}
    workspace = shop(
        30,
        {
            "one": openai(one, **more, **asks),
            "other": {**openai(other, **more, questions=["validate"]), "provider": "anthropic"},
        },
    )
    over_ray = label_with_models(workspace, budget_usd=1000, engine="ray")
    counts = one.counts(), other.counts()
    assert errors(workspace) == []
    assert states(workspace) == {"done": 180}, counts
    assert [count["n_billed"] for count in counts] == [120, 60]
    assert counts[0]["most_in_flight"] <= 3
    assert over_ray.spent_usd == pytest.approx(sum(map(cost_of, counts)))
    here = label_with_models(workspace, budget_usd=0)
    assert here.spent_usd == 0
    assert (one.counts(), other.counts()) == counts
    assert over_ray.snapshot.counts == {"votes": 90, "samples": 180, "evidences": 30}
    for table in ("votes", "samples", "evidences"):
        assert over_ray.snapshot.read(table).equals(here.snapshot.read(table)), table
    assert over_ray.figures == here.figures
    for folder in (cluster, workspace.root):
        for file in folder.rglob("*"):
            assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_workers_share_one_budget_one_pace_and_their_answers(shop, llm_server):
    server = llm_server("openai", latency_s=0.02)
    sections = {name: openai(server, concurrent=4) for name in ("one", "twin")}
    workspace = shop(1100, sections)  # more than a block
    made = label_with_models(workspace, budget_usd=20, engine="ray")
    counts = server.counts()
    assert made.stopped == "budget"
    assert 17 < cost_of(counts) <= 20  # the bound of one request is about 2.5 dollars
    one_answer = cost_of(counts) / counts["n_billed"]  # the last news of a worker may lack one
    assert made.spent_usd == pytest.approx(cost_of(counts), abs=1.5 * one_answer)
    assert counts["n_billed_again"] == 0
    assert counts["most_in_flight"] <= 4
    assert states(workspace) == {"done": counts["n_billed"]}
    for figures in made.figures.values():
        assert 0 < figures["n_votes"] <= counts["n_billed"]
        assert figures["n_votes"] + figures["n_missing"] == 1100


def test_a_block_that_ray_hands_out_twice_is_asked_about_once(shop, llm_server, cluster):
    """Ray runs a block again where it has lost sight of a worker that may still be at work."""
    server = llm_server("openai", latency_s=0.02)
    asks: dict[str, Any] = {"questions": ["propose", "extract"], "attributes": ["Colour"]}
    asks |= {"samples": 2, "temperature": 0.7}
    workspace = shop(30, {"one": openai(server, **asks)})
    load = workspace.snapshot("load")
    records = load.scan("records").with_columns(pl.lit(0).alias(NUMBER)).collect().to_arrow()

    async def work() -> tuple[list[Labelled], float]:
        async with opened(of_catalog(workspace), chosen(workspace, None)) as [job]:
            books = ray.remote(Books).remote(Purse(1000.0), [job.pace])
            await books.open.remote(str(workspace.root), {}, [_assigned(job, [job.pace])])
            first, other = (Labeller(books, "one", "job") for _ in range(2))
            tables = await asyncio.gather(
                first(records), first(records), _later(other, records, 0.3), other(records)
            )
            told = await books.close.remote()
        rows = [row for table in tables for row in table.to_pylist()]
        assert [row["error"] for row in rows] == [None] * 4
        return [Labelled.of_row(row) for row in rows], told.spent_usd

    labelled, spent = asyncio.run(work())
    counts = server.counts()
    assert (counts["n_billed"], counts["n_billed_again"]) == (120, 0)
    assert states(workspace) == {"done": 120}
    assert spent == pytest.approx(cost_of(counts))
    for again in labelled[1:]:
        assert again.samples.drop("latency_s").equals(labelled[0].samples.drop("latency_s"))


async def _later(labeller: Labeller, records: Any, after_s: float) -> Any:
    await asyncio.sleep(after_s)
    return await labeller(records)


@pytest.mark.parametrize("n_whole", [1, 20_000])
def test_an_answer_that_is_in_the_ledger_only_is_asked_for_by_no_other_worker(
    shop, llm_server, n_whole
):
    workspace = shop(2, {"one": openai(llm_server("openai"))})
    keys = ["a" * 64, "b" * 64, "c" * 64]

    async def work() -> list[tuple[bool, Any]]:
        books = Books(Purse(10.0), [Pace(1)], n_whole=n_whole)
        await books.open(str(workspace.root), {}, [])
        reply = Reply("answered", "tea")
        with workspace.database.session() as session:
            for n, key in enumerate(keys):
                session.add(answered(f"{n}", key, reply))
        await books.post("one", [Order(n, "claim", (key,), {}) for n, key in enumerate(keys)])
        assert len(await results(books, "one", 3)) == 3
        held = Held(reply, 0.1)
        await books.post("one", [Order(None, "release", (key, held), {}) for key in keys])
        await books.post("other", [Order(n, "claim", (key,), {}) for n, key in enumerate(keys)])
        found = await results(books, "other", 3)
        await books.close()
        return [found[n] for n in range(3)]

    assert [(is_ours, held.reply.text) for is_ours, held in asyncio.run(work())] == [
        (False, "tea"), (False, "tea"), (False, "tea"),
    ]  # fmt: skip


def test_what_a_worker_that_is_gone_had_in_hand_is_free_again(shop, llm_server):
    workspace = shop(2, {"one": openai(llm_server("openai"))})

    async def work() -> float:
        books = Books(Purse(10.0), [Pace(1)], silent_s=0.6)
        await books.open(str(workspace.root), {}, [])
        takes = [
            Order(1, "claim", ("key",), {}),
            Order(2, "enter", (1, 0, 0), {}),
            Order(3, "reserve", (6.0,), {}),
        ]
        await books.post("gone", takes)
        assert (await results(books, "gone", 3))[1] == (True, None)
        await books.post("here", [*takes[:2], Order(3, "reserve", (3.0,), {})])
        found = await asyncio.wait_for(results(books, "here", 3), 30)
        assert found[1] == (False, None)  # nobody has an answer: it is asked for another time
        with pytest.raises(GoldshelfError, match="was silent"):
            await books.post("gone", takes)
        return (await books.close()).spent_usd

    # What it may have been billed for is spent.
    assert asyncio.run(work()) == 6.0


def test_an_error_of_a_worker_is_one_clear_line(shop, llm_server):
    workspace = shop(5, {"one": openai(llm_server("openai"))})
    with workspace.database.session() as session:
        session.execute(
            sa.text(
                "CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'no room'); END"
            )
        )
    with pytest.raises(GoldshelfError, match="no room") as caught:
        label_with_models(workspace, budget_usd=100, engine="ray")
    assert str(caught.value).startswith("annotators.one: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_interrupt_lets_out_what_is_in_flight_and_ray_says_nothing(shop, llm_server):
    server = llm_server("openai", latency_s=0.2)
    workspace = shop(400, {"one": openai(server, concurrent=4)})
    words = [sys.executable, "cli.py", "label", "-w", str(workspace.root), "--json"]
    words += ["--budget-usd", "10000", "--engine", "ray"]
    words += ["--address", ray.get_runtime_context().gcs_address]
    running = subprocess.Popen(
        words, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for _ in range(1200):
        if server.counts()["n_billed"] >= 20:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert "are in the cache. Go on with --resume" in told
    assert "ray" not in (out + told).lower()
    assert len(told.strip().splitlines()) == 1, told
    assert states(workspace) == {"done": server.counts()["n_billed"]}
    assert 20 <= server.counts()["n_billed"] < 400


def test_the_address_of_a_client_is_refused():
    with (
        pytest.raises(InputError, match="must be on a machine of the cluster"),
        joined("ray://head:10001"),
    ):
        pass


def test_only_all_records_are_asked_about_over_ray(shop, llm_server):
    workspace = shop(2, {"one": openai(llm_server("openai"))})
    words = [
        sys.executable,
        "cli.py",
        "label",
        "-w",
        str(workspace.root),
        "--plan",
        "--engine",
        "ray",
    ]
    ended = subprocess.run(words, cwd=ROOT, text=True, capture_output=True)
    assert ended.returncode == 2
    assert "leave out --plan" in ended.stderr
    assert json.dumps(ended.stdout) == '""'
