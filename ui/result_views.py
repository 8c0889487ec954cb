"""What can be looked at below the leaderboard, one view at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from charts.bars import counts
from charts.calibration import kept_part, reliability
from charts.frontier import Priced, frontier
from charts.frontier import cascade as cascade_curve
from charts.intervals import Dot, dots, series
from charts.intervals import differences as differences_of
from charts.matrix import matrix
from charts.shares import divided
from charts.tree import treemap
from ui import address, links, result_tables, results, safe, tables, twins
from workspace.runs.published import definitions_of, twin_of
from workspace.views import differences
from workspace.views import results as views
from workspace.views.calibration import calibration as calibration_of
from workspace.views.experiments import FACTS, run_facts
from workspace.views.experiments import experiments as experiments_of
from workspace.views.frontier import COSTS, OPTIMISM, cascade, cost_frontier
from workspace.views.regressions import forgotten as forgotten_of
from workspace.views.regressions import models
from workspace.views.score_history import rescored
from workspace.views.slices import marked_slices, slices_of
from workspace.workspace import Workspace

ATTRIBUTE_KINDS = {
    "VC": "right value",
    "NN": "rightly none",
    "VW": "wrong value",
    "VN": "value missed",
    "NV": "value invented",
    "NX": "none asked, unreadable",
}
COST_COLUMNS = {"money": "cost_usd_per_1000", "latency": "latency_ms_median"}
_MOST_ATTRIBUTES = 40
MOST_PARTS = 30


def metrics(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Every metric with its definition, and accuracy by level."""
    result_tables.metrics(results.of_run(opened, version, run, "metric_table"))
    levels = results.levels(opened, version, tuple(board["run"]))
    if any(levels.values()):
        st.subheader("Accuracy by level")
        st.plotly_chart(
            series(results.level_dots(levels), x_title="level, 1 is the root", y_title="accuracy"),
            alt="Accuracy by level and run",
        )

    changed = results.cached(opened, version, rescored, board_metric()).drop_nulls("change")
    if changed.height:
        st.subheader("The gold has changed since")
        st.caption(
            "The same predictions, scored on the gold of before and of now. All figures above are on "
            "the gold of now."
        )
        result_tables.gold_versions(changed)


def board_metric() -> str:
    """The metric that the page is about."""
    return str(st.session_state.get("metric") or results.MAIN_METRIC)


def categories(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Where this run is better and worse than another, and the F1 of each category."""
    other = _other(board, run)
    if other is not None:
        compared = results.comparison(opened, version, other, run, "", "")
        difference_map(compared.categories, better=run, than=other)
    table = results.of_run(opened, version, run, "categories")
    worst = table.filter(pl.col("support") >= 5, pl.col("f1") < 1).sort("f1").head(15)
    if worst.height:
        st.subheader("Hardest categories")
        st.plotly_chart(
            dots(
                results.dots_of(worst, "category", "f1"),
                title="F1 of the hardest categories with five rows or more",
            ),
            alt="F1 by category",
        )
    result_tables.categories(table)


def _other(board: pl.DataFrame, run: str) -> str | None:
    """The run that this one is held against; None where there is no other."""
    others = [name for name in board["run"] if name != run]
    if not others:
        return None
    chosen = address.kept(st.selectbox, "Against", others, key="against", default=others[0])
    return None if chosen is None else str(chosen)


def difference_map(table: pl.DataFrame, *, better: str, than: str) -> None:
    """A treemap of categories: area is rows, colour the difference."""
    found = differences.difference_tree(table)
    if not found.nodes:
        st.info("No category has rows of both runs.")
        return
    st.plotly_chart(
        treemap(found.nodes, differences=found.differences),
        alt="Categories by rows, coloured by difference",
    )
    told = (
        f"Area is rows. Blue: {better} is better than {than}; orange: worse; the deeper, the more. "
        "A click goes into a category."
    )
    if found.n_left_out:
        told += f" {found.n_left_out:,} deeper categories are drawn as part of those above them."
    st.caption(safe.markdown(told))


def confusion(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Gold against answers among siblings; a click shows the rows, and goes deeper."""
    parted = results.of_run(opened, version, run, "parted_levels")
    if not parted:
        st.success("Every answer is right: there is nothing to confuse.")
        return
    st.caption("Wrong answers by the level at which they leave the gold path")
    st.plotly_chart(counts(parted), alt="Wrong answers by level")
    if "confusion.into" in st.session_state:
        st.session_state["below"] = st.session_state.pop("confusion.into")
    parent = address.kept(
        st.selectbox,
        "Below",
        views.inner_categories(opened),
        key="below",
        index=None,
        placeholder="the roots",
    )
    found = results.of_run(opened, version, run, "siblings", parent)
    if not found.names:
        st.info("No gold row of the test split lies below this category. Choose another.")
        return
    picked = st.plotly_chart(
        matrix(
            found.names,
            found.columns,
            found.square,
            row_title="gold",
            column_title="answer",
            as_count=True,
            can_be_clicked=True,
        ),
        alt="Gold against answers among siblings",
        key=f"confusion.{run}.{parent}",
        on_select="rerun",
        selection_mode="points",
    )
    if found.n_left_out:
        st.caption(f"{found.n_left_out:,} smaller siblings are not shown.")
    points = picked.selection.points
    if not points:
        st.caption("Click a cell to see its rows.")
        return
    row, column = points[0]["customdata"]
    _cell(opened, version, run, found, row, column)


def _cell(
    opened: Workspace, version: str, run: str, found: views.Siblings, row: int, column: int
) -> None:
    answer = found.paths[column] if column < len(found.paths) else None
    st.subheader(safe.markdown(f"Gold {found.names[row]}, answer {found.columns[column]}"))
    if found.is_inner[row] and st.button(
        safe.markdown(f"Look inside {found.names[row]}"), icon=":material/zoom_in:"
    ):
        st.session_state["confusion.into"] = found.paths[row]
        st.rerun()
    rows = results.of_run(
        opened, version, run, "rows_between", found.paths[row], answer, tuple(found.paths)
    )
    errors(rows)


def attributes(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """What became of each attribute: right, wrong, missed, invented."""
    table = results.of_run(opened, version, run, "attribute_kinds")
    shown = table.head(_MOST_ATTRIBUTES)
    st.plotly_chart(
        divided(
            shown["category"].to_list(),
            {f"{kind} {told}": shown[kind].to_list() for kind, told in ATTRIBUTE_KINDS.items()},
            title="share of products asked",
            noun="products",
        ),
        alt="What became of each attribute",
    )
    result_tables.attributes(table)


def slices(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """The metric of the page in every part of a slice."""
    metric = board_metric()
    left, right = st.columns(2)
    with right:
        other = _other(board, run)
    if other is None:
        table = results.cached(opened, version, slices_of, run, metric)
    else:
        table = results.cached(opened, version, marked_slices, run, other, metric)
    with left:
        chosen = chosen_slice(table)
    mine = table.filter(pl.col("slice") == chosen).sort("n", descending=True, maintain_order=True)
    shown = mine.head(MOST_PARTS)
    st.plotly_chart(
        dots(
            results.dots_of(shown, "part", note=None if other is None else "mark"),
            title=tables.words(mine["metric"][0]),
            is_marked=other is not None,
        ),
        alt="The parts of a slice",
    )
    told = []
    if mine.height > shown.height:
        told.append(f"The {shown.height} largest of {mine.height:,} parts are drawn.")
    if other is not None:
        told.append(
            f"Marks say how {run} differs from {other} in a part, corrected over all parts of all "
            "slices; filled ones are shown, hollow ones perhaps."
        )
    if mine.filter(pl.col("n_clusters") == 1).height:
        told.append(
            "A part of one group alone has no interval: its rows depend on each other, and nothing "
            "says how another group would do."
        )
    st.caption(safe.markdown(" ".join(told)))
    result_tables.parts(mine)


def chosen_slice(table: pl.DataFrame) -> str:
    """The slice to look at."""
    named = table["slice"].unique(maintain_order=True).to_list()
    return str(
        address.kept(
            st.selectbox, "Slice", named, key="slice", default=named[0], format_func=tables.words
        )
    )


def calibration(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Whether the run is as right as it is sure."""
    found = results.cached(opened, version, calibration_of, run)
    if found.reason is not None:
        st.info(
            safe.markdown(
                f"Nothing to draw: {found.reason}. Give predictions a score from 0 to 1, or "
                "logprobs, and import them again."
            )
        )
        return
    meant = results.of_run(opened, version, run, "metrics_of")
    for place, (name, told) in zip(
        st.columns(len(found.numbers)), found.numbers.items(), strict=True
    ):
        value = tables.three(told["value"])
        place.metric(tables.words(name), value, help=safe.markdown(meant.get(name, "")) or None)
    left, right = st.columns(2)
    left.plotly_chart(
        reliability(
            [
                (
                    row["confidence"],
                    Dot(
                        str(row["bin"]),
                        *results.interval(row, "accuracy"),
                        row["n"],
                    ),
                )
                for row in found.reliability.to_dicts()
            ]
        ),
        alt="Accuracy by confidence",
    )
    right.plotly_chart(
        kept_part(found.risk_coverage.select("coverage", "accuracy", "threshold").rows()),
        alt="Accuracy of the surest part",
    )
    left.caption(
        "On the dashed line the run is as right as it is sure; below it, it is too sure of itself, "
        "above it, not sure enough."
    )
    right.caption(
        "If the run answers only what it is surest of, and people do the rest: how right it is then."
    )


def cost(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Score against money or time, and what two runs in a row would give."""
    metric = st.session_state.get("metric")
    task = results.task_of(opened, run)
    told = results.cached(opened, version, cost_frontier, task=task, metric=metric, by="money")
    has_money = told[COST_COLUMNS["money"]].is_not_nan().any()
    by = address.kept(
        st.segmented_control,
        "Cost",
        list(COSTS),
        key="by",
        default="money" if has_money else "latency",
        required=True,
    )
    table = results.cached(opened, version, cost_frontier, task=task, metric=metric, by=by)
    column = COST_COLUMNS[by]
    known = table.filter(pl.col(column).is_not_nan(), pl.col(column) > 0)
    if known.is_empty():
        st.info(
            "No run tells it. Give predictions `latency_ms`, and `usage` with tokens or "
            "`cost_usd`, and import them again."
        )
    else:
        rows = [
            Priced(
                r["run"],
                *results.interval(r),
                r[column],
                bool(r["is_dominated"]),
            )
            for r in known.to_dicts()
        ]
        st.plotly_chart(
            frontier(rows, cost_title=COSTS[by], title=tables.words(metric or ""),
                     in_usd=by == "money"),
            alt="Score by cost",
        )  # fmt: skip
        if table.height > known.height:
            st.caption(
                f"{table.height - known.height} of {table.height} runs do not tell what they cost."
            )
    result_tables.costs(table)
    if board.height > 1:
        _cascade(opened, version, board["run"].to_list(), metric)


def _cascade(opened: Workspace, version: str, runs: list[str], metric: str | None) -> None:
    st.subheader("A small model first, a large one where it is unsure")
    left, right = st.columns(2)
    small = address.kept(
        left.selectbox, "Small", runs, key="small", index=None, placeholder="choose a run"
    )
    large = address.kept(
        right.selectbox, "Large", [r for r in runs if r != small], key="large", index=None,
        placeholder="choose a run",
    )  # fmt: skip
    if not (small and large):
        return
    try:
        curve = results.cached(opened, version, cascade, small, large, metric=metric)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    has_price = curve["cost_usd_per_1000"].is_not_nan().any()
    column = "cost_usd_per_1000" if has_price else "share_large"
    points = [
        (
            r[column],
            Dot(
                "",
                *results.interval(r),
                0,
                f"threshold {r['threshold']:.3f}, {r['share_large']:.1%} to the large one",
            ),
        )
        for r in curve.to_dicts()
    ]
    title = COSTS["money"] if has_price else "share of rows that go to the large one"
    st.plotly_chart(
        cascade_curve(points, cost_title=title, title=tables.words(metric or ""), in_usd=has_price),
        alt="Score of a cascade by cost",
    )
    st.caption(OPTIMISM)


def forgotten(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """One checkpoint over all its tasks against another model."""
    named = models(opened)
    if len(named) < 2:
        st.info("It takes runs of two models or checkpoints. Import one of the base model.")
        return
    left, middle, right = st.columns(3)
    candidate = address.kept(
        left.selectbox, "Checkpoint", named, key="checkpoint", default=named[0]
    )
    others = [name for name in named if name != candidate]
    base = address.kept(middle.selectbox, "Base model", others, key="base", default=others[0])
    last = address.kept(
        right.selectbox, "Checkpoint before", [n for n in others if n != base], key="before",
        index=None, placeholder="none",
    )  # fmt: skip
    try:
        found = results.cached(opened, version, forgotten_of, candidate, base, last)
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    (st.success if found.is_passed else st.error)(safe.markdown(found.sentence))
    rows = found.table.with_columns(
        pl.format("{}, {}: {}", "name", "against", "metric").alias("told")
    )
    st.plotly_chart(
        differences_of(
            results.dots_of(rows, "told", "difference", "mark"),
            title="difference",
            is_corrected=True,
        ),
        alt="Difference by task",
    )
    result_tables.forgotten(found.table)
    for note in found.notes:
        st.caption(safe.markdown(note))


def experiments(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Runs grouped by what differed in how they came to be."""
    facts = [name for name in results.cached(opened, version, run_facts).columns if name != "run"]
    by = address.kept(
        st.selectbox, "What differed", facts, key="fact", default=facts[0],
        format_func=lambda name: tables.words(name) + (f": {FACTS[name]}" if name in FACTS else ""),
    )  # fmt: skip
    try:
        found = results.cached(
            opened,
            version,
            experiments_of,
            by,
            task=results.task_of(opened, run),
            metric=st.session_state.get("metric"),
        )
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        return
    st.plotly_chart(
        dots(results.dots_of(found.table, "group"), title=tables.words(found.table["metric"][0])),
        alt="Runs by what differed",
    )
    result_tables.experiments(found.table)
    for note in found.notes:
        st.caption(safe.markdown(note))


def worst(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """The rows that are wrong, the furthest from their gold first."""
    found = results.of_run(opened, version, run, "worst_errors")
    if found.is_empty():
        st.success("Every row is right.")
        return
    st.caption("Wrong rows, those furthest from their gold first; 200 at most.")
    errors(found)


def errors(rows: pl.DataFrame) -> None:
    """Rows with their answers; one that is chosen can be taken to Review."""
    picked = tables.show(rows, key="results.rows", on_select="rerun", selection_mode="single-row")
    for place in picked.selection.rows[:1]:
        example = rows["example_id"][place]
        links.to("review", f"Is the gold of {example} wrong? Review it", record=example)


def published(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """The strict scores of every run, and those of a paper's own script beside them."""
    known = definitions_of(results.task_of(opened, run))
    definition = address.kept(
        st.selectbox,
        "Beside the strict scores, as published by",
        list(known),
        key="definition",
        default=next(iter(known)),
        format_func=lambda name: f"{name}: {known[name]}",
    )
    bodies = {
        name: results.cached(opened, version, twin_of, name, definition) for name in board["run"]
    }
    twins.board(bodies)
    st.subheader(safe.markdown(f"{run}: two definitions"))
    twins.scores(bodies[run])


VIEWS: dict[str, dict[str, Callable[[Workspace, str, str, pl.DataFrame], None]]] = {
    "classification": {
        "Metrics": metrics,
        "Categories": categories,
        "Confusion": confusion,
        "Slices": slices,
        "Calibration": calibration,
        "Cost": cost,
        "Forgotten": forgotten,
        "Experiments": experiments,
        "Errors": worst,
    },
    "attributes": {
        "Metrics": metrics,
        "Published": published,
        "Attributes": attributes,
        "Slices": slices,
        "Cost": cost,
        "Forgotten": forgotten,
        "Experiments": experiments,
        "Errors": worst,
    },
}
"""By task, what can be looked at."""


def look(task: str, *given: Any) -> None:
    """Choose a view of a task and draw it."""
    named = VIEWS[task]
    chosen = address.kept(
        st.segmented_control,
        "Look at",
        list(named),
        key="view",
        default=next(iter(named)),
        required=True,
        label_visibility="collapsed",
    )
    named[chosen](*given)
