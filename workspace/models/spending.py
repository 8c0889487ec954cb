"""The ledger as people read it: who was paid what, when, for which question, and for how much use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from catalog.errors import InputError
from catalog.paths import joined
from catalog.votes import CATEGORY
from workspace.database.tables import Call
from workspace.models.calls import DONE, FAILED, SENT
from workspace.models.votes import model_votes

if TYPE_CHECKING:
    from workspace.workspace import Workspace

BY = ("annotator", "question", "day", "model")
_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(BY, pl.String()),
        "n_calls": pl.Int64(),
        "n_answers": pl.Int64(),
        "n_failed": pl.Int64(),
        "n_tokens_in": pl.Int64(),
        "n_tokens_out": pl.Int64(),
        "cost_usd": pl.Float64(),
        "most_unknown_usd": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Ledger:
    """What was spent.

    Attributes
    ----------
    spend
        ``annotator, question, day, model, n_calls, n_answers, n_failed, n_tokens_in,
        n_tokens_out, cost_usd, most_unknown_usd``. ``cost_usd`` is null where nobody knows a
        price; ``most_unknown_usd`` is the most that calls without a known end can have cost
        beside it. Days are those of UTC.
    labels
        ``annotator, n_votes, n_accepted, cost_usd, usd_per_accepted``: of the category, a vote
        that equals the label that gold has. Null where there is none, or no gold.
    """

    spend: pl.DataFrame
    labels: pl.DataFrame

    def by(self, *names: str) -> pl.DataFrame:
        """The spending, summed by some of ``annotator``, ``question``, ``day``, ``model``.

        Raises
        ------
        InputError
            If one is none of these.
        """
        wrong = [name for name in names if name not in BY]
        if wrong:
            raise InputError(f"ledger by {wrong[0]!r}: expected {', '.join(BY)}.")
        cost = pl.col("cost_usd")
        counts = pl.col("n_calls", "n_answers", "n_failed", "n_tokens_in", "n_tokens_out").sum()
        known = pl.when(cost.count() > 0).then(cost.sum()).alias("cost_usd")
        summed = self.spend.group_by(*names).agg(counts, known, pl.col("most_unknown_usd").sum())
        return summed.sort(*names)

    @property
    def cost_usd(self) -> float:
        """All that is known to be spent."""
        return float(self.spend["cost_usd"].sum())

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "cost_usd": self.cost_usd,
            "most_unknown_usd": float(self.spend["most_unknown_usd"].sum()),
            "spend": self.spend.to_dicts(),
            "labels": self.labels.to_dicts(),
        }


def ledger(workspace: Workspace) -> Ledger:
    """Read the ledger of a workspace."""
    spend = pl.DataFrame(schema=_SCHEMA)
    if workspace.has_database:
        day = sa.cast(sa.func.date(Call.asked_at), sa.String)
        unknown = sa.case((Call.cost_usd.is_(None), Call.reserved_usd))
        query = (
            sa.select(
                Call.annotator, Call.question, day, Call.model, sa.func.count(),
                sa.func.sum(sa.case((Call.state == DONE, 1), else_=0)),
                sa.func.sum(sa.case((Call.state == FAILED, 1), else_=0)),
                sa.func.sum(sa.func.coalesce(Call.n_tokens_in, 0)),
                sa.func.sum(sa.func.coalesce(Call.n_tokens_out, 0)),
                sa.func.sum(Call.cost_usd),
                sa.func.coalesce(
                    sa.func.sum(sa.case((Call.state.in_((FAILED, SENT)), unknown))), 0.0
                ),
            )
            .group_by(Call.annotator, Call.question, day, Call.model)
            .order_by(day, Call.annotator, Call.question, Call.model)
        )  # fmt: skip
        with workspace.database.session() as session:
            rows = [tuple(row) for row in session.execute(query)]
        spend = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return Ledger(spend, _labels(workspace, spend))


def _labels(workspace: Workspace, spend: pl.DataFrame) -> pl.DataFrame:
    paid = (
        spend.lazy()
        .filter(question=CATEGORY)
        .group_by("annotator", maintain_order=True)
        .agg(pl.when(pl.col("cost_usd").count() > 0).then(pl.col("cost_usd").sum()))
    )
    votes = model_votes(workspace).filter(pl.col("question") == CATEGORY)
    votes = votes.drop_nulls("value").select("record_id", "value", annotator="annotator_id")
    curated = workspace.snapshots.current("curate")
    is_accepted = pl.lit(None, pl.Boolean)
    if curated is not None:
        gold = curated.scan("gold").select("record_id", joined("category_path").alias("label"))
        votes = votes.join(gold, on="record_id", how="left")
        is_accepted = (pl.col("value") == pl.col("label")).fill_null(False)
    counts = votes.group_by("annotator").agg(
        pl.len().alias("n_votes"),
        pl.when(is_accepted.count() > 0).then(is_accepted.sum()).alias("n_accepted"),
    )
    a_label = pl.when(pl.col("n_accepted") > 0).then(pl.col("cost_usd") / pl.col("n_accepted"))
    return (
        counts.join(paid, on="annotator", how="left")
        .with_columns(a_label.alias("usd_per_accepted"))
        .sort("annotator")
        .collect()
    )
