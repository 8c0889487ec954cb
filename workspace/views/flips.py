"""Rows that one run fixes or breaks against another, as people look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from catalog.paths import SEPARATOR, join_path
from catalog.records import titled
from workspace.review.decisions import Logged, log
from workspace.runs.views import run_rows
from workspace.views.flip_causes import caused_flips
from workspace.workspace import Workspace

ROWS_A_PAGE = 50
MOST_CATEGORIES = 500


@dataclass(frozen=True)
class Asked:
    """Which two runs are compared, and by what."""

    baseline: str
    candidate: str
    metric: str | None = None

    def flips(self, workspace: Workspace) -> pl.DataFrame:
        """The rows that changed, with their cause (`workspace.views.flip_causes`)."""
        return caused_flips(workspace, self.baseline, self.candidate)


@dataclass(frozen=True)
class FlipFilter:
    """Which changed rows are wanted; None is all.

    Attributes
    ----------
    change
        ``fixed``: the candidate alone is right; ``broken``: the baseline alone.
    category
        Gold at or below a path (or an attribute, for runs of attributes).
    cause
        Why the wrong side is wrong (`evaluation.comparing.flip_causes.CAUSES`).
    text
        What the title or the id holds, in any case.
    """

    change: str = "fixed"
    category: str | None = None
    cause: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class FlipPage:
    """Some of the rows that changed, and how many there are.

    Attributes
    ----------
    rows
        ``example_id, title, gold, baseline, candidate, cause``, and ``attribute`` where runs are of those.
    """

    rows: pl.DataFrame
    n_found: int

    @property
    def n_pages(self) -> int:
        """Pages of `ROWS_A_PAGE`, at least one."""
        return max(1, -(-self.n_found // ROWS_A_PAGE))


def flip_page(workspace: Workspace, asked: Asked, wanted: FlipFilter, number: int = 1) -> FlipPage:
    """The rows of a comparison that changed, filtered, a page of them."""
    found = _wanted(asked.flips(workspace).lazy(), wanted)
    titles = workspace.snapshot("load").scan("records").select("record_id", titled())
    if wanted.text:
        found = found.join(
            titles, left_on="example_id", right_on="record_id", how="left", maintain_order="left"
        ).filter(
            pl.concat_str("example_id", "title", separator=" ", ignore_nulls=True)
            .str.to_lowercase()
            .str.contains(wanted.text.lower(), literal=True)
        )
    held = found.collect()
    page = held.slice((number - 1) * ROWS_A_PAGE, ROWS_A_PAGE)
    if "title" not in page.columns:
        named = titles.filter(pl.col("record_id").is_in(page["example_id"].implode())).collect()
        page = page.join(
            named, left_on="example_id", right_on="record_id", how="left", maintain_order="left"
        )
    attribute = [] if page["attribute"].is_null().all() else ["attribute"]
    columns = ["example_id", "title", *attribute, "gold", "baseline", "candidate", "cause"]
    return FlipPage(page.select(columns), held.height)


def _wanted(flips: pl.LazyFrame, wanted: FlipFilter) -> pl.LazyFrame:
    found = flips.filter(pl.col("change") == wanted.change)
    if wanted.cause is not None:
        found = found.filter(pl.col("cause") == wanted.cause)
    if wanted.category is None:
        return found
    path = wanted.category
    return found.filter(
        (pl.col("gold") == path)
        | pl.col("gold").str.starts_with(path + SEPARATOR)
        | (pl.col("attribute") == path).fill_null(False)
    )


def flip_categories(workspace: Workspace, asked: Asked) -> list[str]:
    """The gold categories (or attributes) in which rows changed and all above them, most first."""
    flips = asked.flips(workspace)
    if not flips["attribute"].is_null().all():
        counted = (
            flips.group_by("attribute").len().sort("len", "attribute", descending=[True, False])
        )
        return counted["attribute"].head(MOST_CATEGORIES).to_list()
    totals: dict[str, int] = {}
    for path, n in flips.group_by("gold").len().drop_nulls().iter_rows():
        parts = path.split(SEPARATOR)
        for depth in range(1, len(parts) + 1):
            above = SEPARATOR.join(parts[:depth])
            totals[above] = totals.get(above, 0) + n
    ranked = sorted(totals, key=lambda path: (-totals[path], path))
    return ranked[:MOST_CATEGORIES]


def answers_of(workspace: Workspace, example_id: str, runs: list[str]) -> pl.DataFrame:
    """What each run said of one row: its answer, the outcome, and its raw output."""
    found = []
    for run in runs:
        row = run_rows(workspace, run).filter(pl.col("example_id") == example_id)
        raw = (
            workspace.snapshot(f"predictions/{run}")
            .scan("predictions")
            .filter(pl.col("example_id") == example_id)
            .select("raw_output")
            .collect()
        )
        found += [
            {
                "run": run,
                "answer": line["prediction"],
                "right": line["is_correct"],
                "outcome": line["outcome"],
                "raw output": raw["raw_output"][0] if raw.height else None,
            }
            for line in row.collect().to_dicts()
        ]
    return pl.DataFrame(found)


@dataclass(frozen=True)
class GoldHistory:
    """How the gold of one record came to what it is.

    Attributes
    ----------
    steps
        ``who, what, why`` from the source's label to the gold of now.
    log
        What people did to it, the newest first.
    """

    steps: pl.DataFrame
    log: list[Logged]


def gold_history(
    workspace: Workspace, example_id: str, attribute: str | None = None
) -> GoldHistory:
    """The source's label, what annotators agreed on, what was changed, and the gold.

    Parameters
    ----------
    attribute
        Whose values are told; None for the answer of the record's task, else its category.
    """
    mine = pl.col("record_id") == example_id
    steps: list[dict[str, Any]] = []

    def say(who: str, what: str | None, why: str = "") -> None:
        steps.append({"who": who, "what": what, "why": why})

    has_target = False
    for row in _rows(workspace, "load", "records", mine):
        has_target = bool(row["target"]) and attribute is None
        say("catalog", _gold_text(row, attribute), "the label of the source")
    question = "category" if attribute is None else f"attribute:{attribute}"
    asked = mine & (pl.col("question") == question) & pl.lit(not has_target)
    for row in _rows(workspace, "agree", "consensus", asked):
        say("annotators", row["value"], "a tie" if row["is_tie"] else "the consensus")
    for row in _rows(workspace, "curate", "changes", mine):
        say("curate", row["after"], f"{row['field']} was {row['before']!r}: {row['reason']}")
    for row in _rows(workspace, "curate", "gold", mine):
        source = row.get("label_source")
        say("gold", _gold_text(row, attribute), f"label by {source}" if source else "")
    schema = dict.fromkeys(("who", "what", "why"), pl.String)
    return GoldHistory(pl.DataFrame(steps, schema=schema), log(workspace, record_id=example_id))


def _gold_text(row: dict[str, Any], attribute: str | None) -> str | None:
    """What is right of a record: the values of an attribute, its own answer, else its category."""
    if attribute is not None:
        held = [a["evidences"] or [] for a in row["attributes"] or [] if a["key"] == attribute]
        values = dict.fromkeys(e["value"] for evidences in held for e in evidences)
        return ", ".join(values) or ("none: asked, and there is no value" if held else None)
    target: str | None = row["target"]
    return target or join_path(row["category_path"])


def _rows(workspace: Workspace, step: str, table: str, wanted: pl.Expr) -> list[dict[str, Any]]:
    snapshot = workspace.snapshots.current(step)
    if snapshot is None or table not in snapshot.counts:
        return []
    return snapshot.scan(table).filter(wanted).collect().to_dicts()
