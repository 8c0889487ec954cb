import sqlite3
import time

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.errors import InputError, WorkspaceError
from catalog.votes import conform_votes
from workspace import way
from workspace.opening import Declared, init_workspace
from workspace.review.bulk import verdicts_from_file
from workspace.review.decisions import Verdict, decide, decisions_frame, decisions_hash, log
from workspace.review.queue import QueueFilter, card, lease, queue, standing
from workspace.review.undoing import undo
from workspace.snapshots import Output
from workspace.workspace import Workspace

VOTE = pl.Struct({"annotator_id": pl.String, "value": pl.String, "score": pl.Float64})


def put(workspace, step, **tables):
    workspace.snapshots.write(
        step, Output(tables), fingerprint=step, inputs={}, settings={}, started_at=time.time()
    )


@pytest.fixture
def workspace(tmp_path):
    source = tmp_path / "catalog.csv"
    source.write_text(
        "id,title,category\n1,Mug,Home > Mugs\n2,Pot,Home > Pots\n3,Spade,Garden > Tools\n4,Cup,Home > Mugs\n"
    )
    init_workspace(tmp_path / "ws", Declared([str(source)]))
    made = Workspace(tmp_path / "ws")
    way.run(made, "load")
    votes = [
        ("1", "source", "Home > Mugs"),
        ("1", "knn", "Home > Pots"),
        ("1", "linear", "Home > Pots"),
        ("2", "knn", "Garden > Tools"),
    ]
    frame = pl.LazyFrame(
        [(r, "category", a, v, 0.5) for r, a, v in votes],
        schema={
            "record_id": pl.String,
            "question": pl.String,
            "annotator_id": pl.String,
            "value": pl.String,
            "score": pl.Float64,
        },
        orient="row",
    )
    put(made, "label", votes=conform_votes(frame))
    put(
        made,
        "agree",
        consensus=pl.DataFrame(
            {
                "record_id": ["1"],
                "question": ["category"],
                "value": ["Home > Pots"],
                "is_tie": [False],
            }
        ),
    )
    put(
        made,
        "check",
        issues=pl.DataFrame({"record_id": ["3"], "check": ["small_category"], "message": ["few"]}),
    )
    put(
        made,
        "queue",
        queue=pl.DataFrame(
            {
                "record_id": ["2", "1", "3"],
                "source": ["Home > Pots", "Home > Mugs", "Garden > Tools"],
                "level": [1, 2, None],
                "checks": [None, None, ["small_category"]],
                "priority": [1.0, 0.5, 0.2],
            },
            schema_overrides={"checks": pl.List(pl.String), "level": pl.Int32},
        ),
    )
    return made


def ids(workspace, who="ann", **wanted):
    return queue(workspace, who, wanted=QueueFilter(**wanted))["record_id"].to_list()


def test_the_queue_gives_the_most_useful_first_and_can_be_filtered(workspace):
    assert ids(workspace) == ["2", "1", "3"]
    assert ids(workspace, level=2) == ["1"]
    assert ids(workspace, check="small_category") == ["3"]
    assert ids(workspace, category="Home") == ["2", "1"]


def test_a_decision_leaves_the_queue_and_holds(workspace):
    decide(workspace, [Verdict("2", "choose", "Home > Mugs")], "ann")
    assert ids(workspace) == ["1", "3"]
    assert decisions_frame(workspace).rows() == [
        ("2", "category", "choose", "Home > Mugs", "ann", None)
    ]
    assert standing(workspace) == {"waiting": 2, "decided": 1}


def test_a_skip_decides_nothing_and_comes_back_last_for_that_person_alone(workspace):
    decide(workspace, [Verdict("2", "skip")], "ann")
    assert ids(workspace) == ["1", "3", "2"]
    assert ids(workspace, "bob") == ["2", "1", "3"]
    assert decisions_frame(workspace).is_empty()


def test_undo_brings_back_what_held_before_and_the_log_keeps_both(workspace):
    before = decisions_hash(workspace)
    decide(workspace, [Verdict("1", "choose", "Home > Mugs")], "ann")
    decide(workspace, [Verdict("1", "choose", "Home > Pots", reason="it is a pot")], "ann")
    undo(workspace, "ann")
    assert decisions_frame(workspace)["value"].to_list() == ["Home > Mugs"]
    undo(workspace, "ann")
    assert decisions_hash(workspace) == before
    assert [entry.action for entry in log(workspace)] == ["undo", "undo", "choose", "choose"]
    assert log(workspace)[2].reason == "it is a pot"
    with pytest.raises(InputError, match="nothing to undo for ann"):
        undo(workspace, "ann")


def test_undo_takes_back_ones_own_last_act_and_not_anothers(workspace):
    decide(workspace, [Verdict("1", "choose", "Home > Mugs")], "ann")
    decide(workspace, [Verdict("2", "choose", "Home > Mugs")], "bob")
    undo(workspace, "ann")
    assert decisions_frame(workspace)["record_id"].to_list() == ["2"]


def test_undo_is_refused_where_somebody_decided_since(workspace):
    decide(workspace, [Verdict("1", "choose", "Home > Mugs")], "ann")
    decide(workspace, [Verdict("1", "choose", "Home > Pots")], "bob")
    with pytest.raises(InputError, match="was decided again by bob"):
        undo(workspace, "ann")
    assert decisions_frame(workspace)["reviewer"].to_list() == ["bob"]


def test_a_bulk_action_is_stored_and_undone_as_one(workspace, tmp_path):
    path = tmp_path / "decisions.csv"
    path.write_text("record_id,category,reason\n1,Home > Mugs,seen\n3,Home > Pots,\n")
    entries = decide(workspace, verdicts_from_file(workspace, path), "ann")
    assert len({entry.bulk_id for entry in entries}) == 1
    assert decisions_frame(workspace).height == 2
    undo(workspace, "ann")
    assert decisions_frame(workspace).is_empty()


def test_one_wrong_verdict_of_many_stores_none(workspace):
    with pytest.raises(InputError, match="'Home > Nowhere' is not in taxonomy"):
        decide(
            workspace,
            [Verdict("1", "choose", "Home > Mugs"), Verdict("2", "choose", "Home > Nowhere")],
            "ann",
        )
    with pytest.raises(InputError, match="record '99' is not in this workspace"):
        decide(workspace, [Verdict("99", "drop")], "ann")
    assert decisions_frame(workspace).is_empty()
    assert log(workspace) == []


def test_the_log_cannot_be_rewritten(workspace):
    decide(workspace, [Verdict("1", "drop")], "ann")
    with sqlite3.connect(workspace.layout.database) as direct:
        for statement in ("UPDATE log SET reviewer = 'eve'", "DELETE FROM log"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                direct.execute(statement)


def test_a_card_shows_who_said_what_and_where_they_part(workspace):
    shown = card(workspace, "1")
    assert shown.suggestion == "Home > Pots"
    assert shown.choices == ["Home > Pots", "Home > Mugs"]
    assert [(v["annotator_id"], v["parts_at"]) for v in shown.votes] == [
        ("source", 2),
        ("knn", None),
        ("linear", None),
    ]
    assert card(workspace, "3").suggestion == "Garden > Tools"
    assert card(workspace, "3").issues[0]["check"] == "small_category"
    with pytest.raises(InputError, match="not in this workspace"):
        card(workspace, "99")


def test_a_persons_response_is_a_vote_among_the_others(workspace):
    decide(workspace, [Verdict("1", "choose", "Home > Mugs")], "ann")
    assert {
        "annotator_id": "person:ann",
        "value": "Home > Mugs",
        "score": None,
        "parts_at": 2,
    } in card(workspace, "1").votes


def test_a_record_that_somebody_has_open_is_not_offered_to_others(workspace):
    lease(workspace, "2", "bob")
    assert ids(workspace, "ann") == ["1", "3"]
    assert ids(workspace, "bob") == ["2", "1", "3"]
    lease(workspace, "1", "bob")
    assert ids(workspace, "ann") == ["2", "3"]


def test_a_lease_ends_by_itself(workspace):
    lease(workspace, "2", "bob")
    with sqlite3.connect(workspace.layout.database) as direct:
        direct.execute("UPDATE leases SET until = '2000-01-01 00:00:00'")
    assert ids(workspace, "ann") == ["2", "1", "3"]


def test_a_database_of_a_newer_version_is_refused(workspace):
    decide(workspace, [Verdict("1", "drop")], "ann")
    with sqlite3.connect(workspace.layout.database) as direct:
        direct.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WorkspaceError, match="newer Goldshelf"):
        _ = Workspace(workspace.root).database


def test_tables_and_migrations_agree(workspace):
    from workspace.database.tables import Base

    engine = sa.create_engine(f"sqlite:///{workspace.layout.database}")
    _ = workspace.database
    found = sa.inspect(engine)
    for name, table in Base.metadata.tables.items():
        assert {c["name"] for c in found.get_columns(name)} == {c.name for c in table.columns}, name
