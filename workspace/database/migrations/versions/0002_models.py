"""Calls of models, which are cache and ledger in one, and batches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(32), primary_key=True),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("base_url", sa.Text),
        sa.Column("annotator", sa.String(255), nullable=False),
        sa.Column("question", sa.String(255), nullable=False),
        sa.Column("record_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("text", sa.Text),
        sa.Column("n_characters", sa.Integer, nullable=False),
        sa.Column("n_tokens_in", sa.Integer),
        sa.Column("n_tokens_out", sa.Integer),
        sa.Column("n_tokens_cached", sa.Integer),
        sa.Column("cost_usd", sa.Float),
        sa.Column("reserved_usd", sa.Float),
        sa.Column("latency_s", sa.Float),
        sa.Column("error", sa.Text),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT),
        sa.Column("batch_id", sa.String(255)),
    )
    op.create_index("calls_by_key", "calls", ["request_key"])
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(255), primary_key=True),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("base_url", sa.Text),
        sa.Column("annotator", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request_keys", sa.JSON, nullable=False),
        sa.Column("submitted_at", _MOMENT, nullable=False),
        sa.Column("collected_at", _MOMENT),
    )
