"""First tables: responses, decisions, the append-only log, leases, runs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)
_SQLITE_GUARDS = [
    f"CREATE TRIGGER log_no_{verb} BEFORE {verb.upper()} ON log "
    "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    for verb in ("update", "delete")
]
_POSTGRES_GUARDS = [
    "CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$",
    "CREATE TRIGGER log_no_change BEFORE UPDATE OR DELETE ON log "
    "FOR EACH ROW EXECUTE FUNCTION log_is_append_only()",
]


def _answer() -> list[sa.Column[Any]]:
    return [
        sa.Column("record_id", sa.String(255), nullable=False),
        sa.Column("question", sa.String(255), nullable=False),
        sa.Column("reviewer", sa.String(255), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("at", _MOMENT, nullable=False),
    ]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "responses",
        sa.Column("id", sa.Integer, primary_key=True),
        *_answer(),
        sa.Column("seconds", sa.Float),
        sa.UniqueConstraint("record_id", "question", "reviewer"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        *_answer(),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("record_id", "question"),
    )
    op.create_table(
        "log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("reviewer", sa.String(255), nullable=False),
        sa.Column("record_id", sa.String(255), nullable=False),
        sa.Column("question", sa.String(255), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("reason", sa.Text),
        sa.Column("bulk_id", sa.String(36)),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("log.id"), unique=True),
    )
    op.create_index("log_by_record", "log", ["record_id", "question"])
    op.create_table(
        "leases",
        sa.Column("record_id", sa.String(255), primary_key=True),
        sa.Column("question", sa.String(255), primary_key=True),
        sa.Column("reviewer", sa.String(255), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(255), primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("split", sa.String(64), nullable=False),
        sa.Column("dataset_sha", sa.String(64), nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for guard in _SQLITE_GUARDS if is_sqlite else _POSTGRES_GUARDS:
        op.execute(guard)
