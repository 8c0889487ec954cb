"""What people answered, as votes beside those of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from catalog.votes import VOTE_SCHEMA, conform_votes
from workspace.atomic import digest_of
from workspace.database.tables import Response

if TYPE_CHECKING:
    from workspace.workspace import Workspace

PERSON = "person:"
"""Stands before the name of a reviewer in ``annotator_id``."""
_VOTING = ("accept", "choose")


def response_votes(workspace: Workspace) -> pl.DataFrame:
    """One vote a person, record and question, in `VOTE_SCHEMA`.

    Only who accepted or chose a value has voted; to skip or to drop is no vote.
    """
    columns = ("record_id", "question", "reviewer", "value")
    query = (
        sa.select(*(getattr(Response, name) for name in columns))
        .where(Response.action.in_(_VOTING), Response.value.is_not(None))
        .order_by(Response.record_id, Response.question, Response.reviewer)
    )
    if not workspace.settings.database_url and not workspace.layout.database.exists():
        return pl.DataFrame(schema=VOTE_SCHEMA)
    with workspace.database.session() as session:
        rows = [tuple(row) for row in session.execute(query)]
    held = pl.LazyFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return conform_votes(
        held.with_columns(pl.concat_str(pl.lit(PERSON), "reviewer").alias("annotator_id"))
    ).collect()


def responses_hash(workspace: Workspace) -> str:
    """A hash of the votes of people, so that agreement knows when someone answered."""
    votes = response_votes(workspace).select("record_id", "question", "annotator_id", "value")
    return digest_of(votes.rows())
