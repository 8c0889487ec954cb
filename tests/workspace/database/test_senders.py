"""Whose calls are lost, and whose are in flight: several machines at one database."""

from __future__ import annotations

import asyncio
import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from catalog.errors import InputError
from tests.workspace.models.conftest import openai
from workspace.database import store
from workspace.database.store import Database
from workspace.database.tables import Batch, Call, Sender
from workspace.models.calls import DONE, FAILED, LOST, SENT, Calls, call_id, now
from workspace.models.labelling import label_with_models
from workspace.models.senders import SILENT_S, Me
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
ASKS_FOREVER = """
import asyncio, sys
from tests.workspace.database.test_senders import call
from workspace.database.store import Database
from workspace.models.calls import Calls

async def ask():
    calls = Calls(Database(sys.argv[1]))
    with calls.writing():
        await calls.add(call())
        print("sent", flush=True)
        await asyncio.sleep(600)

asyncio.run(ask())
"""

HAS_ANSWERS = """
import asyncio, sys
from pathlib import Path
from curation.llm.journal import Journal
from curation.llm.requests import Reply
from tests.workspace.database.test_senders import call
from workspace.database.store import Database
from workspace.models.calls import Calls, call_id

async def ask():
    calls = Calls(Database(sys.argv[1]), Path(sys.argv[2]))
    with calls.writing(), Journal(calls.journal(0), None) as journal:
        for key in ("answered", "in flight"):
            await calls.add(call(request_key=key, call_id=call_id()))
        journal.put("of another call", Reply("answered", "no"))
        journal.put("answered", Reply("answered", "yes", 3, 4))
        print("there", flush=True)
        await asyncio.sleep(600)

asyncio.run(ask())
"""


def call(**values: Any) -> dict[str, Any]:
    """A call in flight that can cost a quarter."""
    told = {
        "call_id": call_id(), "request_key": "k", "job_id": "job", "provider": "openai",
        "model": "m", "annotator": "one", "question": "category", "record_id": "1",
        "state": SENT, "n_characters": 1, "reserved_usd": 0.25, "asked_at": now(),
    }  # fmt: skip
    return {**told, **values}


def put(database: Database, table: type, **values: Any) -> None:
    with database.session() as session:
        session.execute(sa.insert(table), [values])


def sender(**values: Any) -> dict[str, Any]:
    """A process of another machine that has just said that it is there."""
    told = {
        "sender_id": "s", "host": "elsewhere", "machine": "another", "pid": 1, "born": "7",
        "began_at": now(), "beat_at": now(),
    }  # fmt: skip
    return {**told, **values}


def states(database: Database) -> list[tuple[str, str | None]]:
    with database.session() as session:
        return [tuple(row) for row in session.execute(sa.select(Call.state, Call.error))]


def test_calls_of_a_process_that_is_at_work_are_in_flight_until_it_ends(any_database):
    database = Database(any_database)
    others = Calls(database)

    async def ask() -> None:
        calls = Calls(database)
        with calls.writing():
            await calls.add(call())
            assert others.settle_lost().n_calls == 0
            with pytest.raises(InputError, match=rf"still at work on .* \(process {os.getpid()}\)"):
                others.last_job()

    asyncio.run(ask())
    assert states(database) == [(SENT, None)]
    lost = others.settle_lost()
    assert (lost.n_calls, lost.most_usd, lost.n_unpriced) == (1, 0.25, 0)
    assert states(database) == [(FAILED, LOST)]
    assert others.settle_lost().n_calls == 0
    assert others.last_job() == ("job", 0.25)


def test_calls_of_a_killed_process_of_this_machine_are_lost_at_once(any_database):
    database = Database(any_database)
    running = subprocess.Popen(
        [sys.executable, "-c", ASKS_FOREVER, any_database], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "sent\n"
    assert Calls(database).settle_lost().n_calls == 0
    running.send_signal(signal.SIGSTOP)
    assert Calls(database).settle_lost().n_calls == 0
    running.kill()
    running.communicate()
    assert Calls(database).settle_lost().n_calls == 1


def test_answers_of_a_killed_process_are_kept(any_database, tmp_path):
    database, journals = Database(any_database), tmp_path / "answers"
    running = subprocess.Popen(
        [sys.executable, "-c", HAS_ANSWERS, any_database, str(journals)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "there\n"
    calls = Calls(database, journals)
    assert calls.settle_lost().notes == []
    assert len(list(journals.iterdir())) == 1
    running.kill()
    running.communicate()
    assert calls.settle_lost().notes == [
        "1 answer of an ended process were there, and are kept",
        "1 request of an ended process were in flight and may have cost up to $0.2500",
    ]
    held = calls.held(["answered", "in flight", "of another call"])
    assert {key: one.reply.text for key, one in held.items()} == {"answered": "yes"}
    assert list(journals.iterdir()) == []
    assert calls.settle_lost().notes == []


def test_a_process_of_another_machine_is_dead_after_a_minute_of_silence(any_database):
    database = Database(any_database)
    put(database, Sender, **sender())
    put(database, Call, **call(sender_id="s"))
    assert Calls(database).settle_lost().n_calls == 0
    silent = now() - datetime.timedelta(seconds=SILENT_S + 1)
    with database.session() as session:
        session.execute(sa.update(Sender).values(beat_at=silent))
    assert Calls(database).settle_lost().n_calls == 1


def test_another_process_with_the_number_of_a_dead_one_is_not_taken_for_it(any_database):
    database = Database(any_database)
    me = Me.here()
    if me.born is None:
        pytest.skip("this system does not say when a process began")
    put(database, Sender, **sender(machine=me.machine, pid=me.pid, born="1"))
    put(database, Call, **call(sender_id="s"))
    assert Calls(database).settle_lost().n_calls == 1


def test_a_process_that_was_taken_for_dead_is_back_with_its_next_word(any_database):
    database = Database(any_database)
    me = Me.here()
    for _ in range(2):
        with database.session() as session:
            me.beat(session.connection())
            session.execute(sa.delete(Sender))
    with database.session() as session:
        me.beat(session.connection())
    put(database, Call, **call(sender_id=me.sender_id))
    assert Calls(database).settle_lost().n_calls == 0


def test_an_answer_that_comes_after_all_counts(any_database):
    database = Database(any_database)

    async def ask() -> None:
        calls = Calls(database)
        with calls.writing():
            sent = call()
            await calls.add(sent)
            with database.session() as session:
                session.execute(sa.delete(Sender))
            assert Calls(database).settle_lost().n_calls == 1
            await calls.change(sent["call_id"], state=DONE, error=None, text="{}", cost_usd=0.1)

    asyncio.run(ask())
    assert states(database) == [(DONE, None)]


def test_calls_in_a_batch_are_in_flight_until_it_is_collected(any_database):
    database = Database(any_database)
    batch = {
        "batch_id": "b", "provider": "openai", "model": "m", "annotator": "one", "state": "open",
        "submitted_at": now(), "settings": {},
    }  # fmt: skip
    put(database, Batch, **batch)
    put(database, Call, **call(batch_id="b"))
    assert Calls(database).settle_lost().n_calls == 0
    with database.session() as session:
        session.execute(sa.update(Batch).values(collected_at=now()))
    assert Calls(database).settle_lost().n_calls == 1


def test_a_database_from_before_is_brought_up_to_date_and_its_calls_in_flight_are_lost(
    any_database,
):
    engine = sa.create_engine(any_database)
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.commit()
        names = {column["name"] for column in sa.inspect(connection).get_columns("calls")}
        assert "sender_id" not in names
        old = sa.table("calls", *(sa.column(name) for name in call()))
        connection.execute(sa.insert(old), [call(), call(state=DONE, reserved_usd=None)])
        connection.commit()
    engine.dispose()
    database = Database(any_database)
    assert Calls(database).settle_lost().n_calls == 1
    assert sorted(states(database)) == [(DONE, None), (FAILED, LOST)]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_runs_at_one_database_leave_each_other_alone(
    kind, shop, llm_server, tmp_path, request, monkeypatch
):
    if kind == "postgres":
        request.getfixturevalue("postgres_url")
    else:
        monkeypatch.setenv("GOLDSHELF_DATABASE_URL", f"sqlite:///{tmp_path / 'shared.db'}")
    slow, quick = llm_server("openai", latency_s=1.0), llm_server("openai")
    first = shop(40, {"slow": openai(slow, concurrent=4), "quick": openai(quick, model="n")})
    shutil.copytree(first.root, tmp_path / "second")
    words = ["label", "-w", str(first.root), "--annotators", "slow", "--budget-usd", "1000"]
    running = subprocess.Popen(
        [sys.executable, "cli.py", *words], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until_s = time.monotonic() + 120
    while slow.counts()["n_billed"] < 4:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    made = label_with_models(Workspace(tmp_path / "second"), ["quick"], budget_usd=1000)
    assert running.poll() is None
    assert made.lost.n_calls == 0
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    found = states(first.database)
    assert found == [(DONE, None)] * 80
    assert slow.counts()["n_billed"] == 40
