"""Each kind of database keeps the same: decisions and their log, leases, calls and what they cost."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.errors import InputError, WorkspaceError
from tests.workspace.database.test_senders import call, put
from tests.workspace.models.conftest import cost_of, openai
from workspace import way
from workspace.database.store import HEAD, Database
from workspace.database.tables import Base, Batch, Call, Decision
from workspace.models.calls import DONE, now
from workspace.models.labelling import label_with_models
from workspace.models.spending import ledger
from workspace.review.decisions import Verdict, decide, decisions_frame, log
from workspace.review.queue import lease, queue
from workspace.review.undoing import undo
from workspace.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def workspace(any_database: str, shop: Any, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A small shop whose database is of either kind."""
    monkeypatch.setenv("GOLDSHELF_DATABASE_URL", any_database)
    return shop(12, {})


def test_tables_and_migrations_agree(any_database):
    database = Database(any_database)
    with database.connection() as connection:
        found = sa.inspect(connection)
        for name, table in Base.metadata.tables.items():
            columns = {c["name"]: c for c in found.get_columns(name)}
            assert columns.keys() == {c.name for c in table.columns}, name
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, (name, column.name)
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD


def test_many_who_open_a_new_database_at_once_make_its_tables_once(any_database):
    open_it = f"from workspace.database.store import Database; Database({any_database!r})"
    running = [
        subprocess.Popen([sys.executable, "-c", open_it], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    told = [one.communicate(timeout=120)[1] for one in running]
    assert [one.returncode for one in running] == [0] * 4, told
    assert Database(any_database)


def test_a_database_of_a_newer_version_is_refused(any_database):
    with Database(any_database).session() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WorkspaceError, match="newer Goldshelf"):
        Database(any_database)


@pytest.mark.parametrize("statement", ["UPDATE log SET reviewer = 'eve'", "DELETE FROM log"])
def test_the_log_cannot_be_rewritten(workspace, statement):
    decide(workspace, [Verdict("1", "drop")], "ann")
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        workspace.database.connection() as connection,
    ):
        connection.execute(sa.text(statement))
    assert [line.reviewer for line in log(workspace)] == ["ann"]


def test_decisions_are_logged_and_taken_back(workspace):
    decide(workspace, [Verdict("1", "accept", "Kitchen > Pans"), Verdict("2", "drop")], "ann")
    decide(workspace, [Verdict("1", "choose", "Food > Tea")], "bob")
    held = decisions_frame(workspace).select("record_id", "value", "reviewer").rows()
    assert held == [("1", "Food > Tea", "bob"), ("2", None, "ann")]
    with pytest.raises(InputError, match="decided again by bob"):
        undo(workspace, "ann")
    undo(workspace, "bob")
    undo(workspace, "ann")
    assert decisions_frame(workspace).is_empty()
    lines = log(workspace)
    assert [line.action for line in lines] == ["undo", "undo", "undo", "choose", "drop", "accept"]
    assert {line.undoes for line in lines[:3]} == {line.id for line in lines[3:]}
    assert lines[3].before["value"] == "Kitchen > Pans"
    moment = datetime.datetime.fromisoformat(lines[0].at).replace(tzinfo=datetime.UTC)
    assert abs(now() - moment) < datetime.timedelta(minutes=5)


def test_of_two_decisions_at_the_same_moment_the_second_knows_of_the_first(
    postgres_url, shop, tmp_path
):
    workspace = shop(3, {})
    decide(workspace, [Verdict("1", "choose", "Food > Tea")], "ann")
    change = sa.update(Decision).where(Decision.record_id == "1")
    with ThreadPoolExecutor(1) as pool:
        with workspace.database.session() as session:
            session.execute(change.values(reviewer="bob"))
            second = pool.submit(decide, workspace, [Verdict("1", "drop")], "eve")
            time.sleep(0.5)
            assert not second.done()
        [line] = second.result(timeout=30)
    assert line.before["reviewer"] == "bob"


def test_of_two_first_decisions_at_the_same_moment_one_is_told_to_try_again(postgres_url, shop):
    workspace = shop(3, {})
    held = {
        "record_id": "1", "question": "category", "action": "drop", "reviewer": "bob", "at": now(),
    }  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        with workspace.database.session() as session:
            session.execute(sa.insert(Decision).values(**held))
            second = pool.submit(decide, workspace, [Verdict("1", "drop")], "eve")
            time.sleep(0.5)
            assert not second.done()
        with pytest.raises(WorkspaceError, match="at the same moment"):
            second.result(timeout=30)
    assert log(workspace) == []


def test_a_record_that_somebody_has_open_is_offered_to_nobody_else(
    any_database, shop, llm_server, monkeypatch
):
    monkeypatch.setenv("GOLDSHELF_DATABASE_URL", any_database)
    workspace = shop(12, {"one": openai(llm_server("openai"))})
    label_with_models(workspace, budget_usd=100)
    way.run(workspace, "queue")
    offered = queue(workspace, "bob")["record_id"].to_list()
    lease(workspace, offered[0], "ann")
    lease(workspace, offered[0], "bob")
    assert queue(workspace, "ann")["record_id"].to_list() == offered
    assert queue(workspace, "bob")["record_id"].to_list() == offered[1:]


def test_the_ledger_counts_days_of_utc(workspace):
    evening = datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC)
    done = {"state": DONE, "outcome": "answered", "n_tokens_in": 10, "n_tokens_out": 2}
    put(workspace.database, Call, **call(asked_at=evening, cost_usd=0.5, **done))
    put(workspace.database, Call, **call(asked_at=evening.replace(hour=0), cost_usd=0.25, **done))
    put(workspace.database, Call, **call(asked_at=evening + datetime.timedelta(hours=1)))
    days = ledger(workspace).by("day")
    assert days.select("day", "n_calls", "n_answers", "cost_usd", "most_unknown_usd").rows() == [
        ("2026-03-01", 2, 2, 0.75, 0.0),
        ("2026-03-02", 1, 0, None, 0.25),
    ]


def test_batches_and_ids_of_any_length_are_kept(any_database):
    database = Database(any_database)
    batch = {
        "batch_id": "b", "provider": "openai", "model": "m", "annotator": "one", "state": "open",
        "submitted_at": now(), "settings": {"model": "m", "questions": ["propose"], "é": None},
    }  # fmt: skip
    put(database, Batch, **batch)
    record_id, question = "https://shop.example/" + "x" * 900, "attribute:" + "y" * 400
    put(database, Call, **call(batch_id="b", record_id=record_id, question=question))
    with database.session() as session:
        assert session.scalars(sa.select(Batch.settings)).one() == batch["settings"]
        assert session.execute(sa.select(Call.record_id, Call.question)).one() == (
            record_id, question,
        )  # fmt: skip


def test_models_are_asked_once_and_the_ledger_adds_up(any_database, shop, llm_server, monkeypatch):
    monkeypatch.setenv("GOLDSHELF_DATABASE_URL", any_database)
    one, other = llm_server("openai"), llm_server("anthropic")
    second = {**openai(other), "provider": "anthropic"}
    workspace = shop(60, {"one": openai(one), "other": second})
    made = label_with_models(workspace, budget_usd=1000)
    assert made.snapshot.counts["votes"] == 120
    assert label_with_models(workspace, budget_usd=0).spent_usd == 0
    assert ledger(workspace).cost_usd == pytest.approx(
        cost_of(one.counts()) + cost_of(other.counts())
    )
    assert one.counts()["n_billed"] + other.counts()["n_billed"] == 120
    assert label_with_models(workspace, budget_usd=1000, resume=True).spent_usd == 0


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(WorkspaceError, match=r"database: cannot be opened: .*"):
        Database(f"postgresql+psycopg://goldshelf@/none?host={tmp_path}")


def test_a_connection_that_is_cut_ends_a_run_with_one_line_and_loses_no_answer(
    postgres_url, shop, llm_server
):
    server = llm_server("openai", latency_s=0.1)
    workspace = shop(400, {"one": openai(server, concurrent=5)})
    words = ["label", "-w", str(workspace.root), "--budget-usd", "1000"]
    running = subprocess.Popen(
        [sys.executable, "cli.py", *words],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until_s = time.monotonic() + 120
    while server.counts()["n_billed"] < 20:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    with workspace.database.session() as session:
        cut = "pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        session.execute(sa.text(f"SELECT count({cut} AND datname = current_database()"))
    _, told = running.communicate(timeout=60)
    assert running.returncode == 2, told
    # The driver may say a word of its own before.
    assert told.splitlines()[-1].startswith("goldshelf: database: "), told
    assert "Traceback" not in told
    made = label_with_models(workspace, budget_usd=1000)
    assert made.figures["one"]["n_votes"] == 400
    assert 0 < made.lost.n_calls <= 10
    assert server.counts()["n_billed_again"] <= made.lost.n_calls
