"""What people say of answers to questions, which a judge is held against."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("criterion", sa.String(16), nullable=False),
        sa.Column("example_id", sa.Text, nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("rater", sa.String(255), nullable=False),
        sa.Column("value", sa.String(4), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("criterion", "example_id", "mark", "rater"),
    )
