"""What one run got right and wrong: its metrics, categories, confusion, attributes and rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from charts.bars import counts
from charts.intervals import dots, series
from charts.matrix import matrix
from charts.shares import divided
from charts.tree import treemap
from ui import address, drawings, links, safe, tables
from ui.verdicts import result_tables, results, twins
from ui.verdicts.results import board_metric, other_run
from workspace.runs.published import definitions_of, twin_of
from workspace.views import differences
from workspace.views import results as views
from workspace.views.score_history import rescored
from workspace.workspace import Workspace

ATTRIBUTE_KINDS = {
    "VC": "right value",
    "NN": "rightly none",
    "VW": "wrong value",
    "VN": "value missed",
    "NV": "value invented",
    "NX": "none asked, unreadable",
}
_MOST_ATTRIBUTES = 40


def metrics(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Every metric with its definition, and accuracy by level."""
    result_tables.metrics(results.of_run(opened, version, run, "metric_table"))
    levels = results.levels(opened, version, tuple(board["run"]))
    if any(levels.values()):
        st.subheader("Accuracy by level")
        drawings.show(
            series(results.level_dots(levels), x_title="level, 1 is the root", y_title="accuracy"),
            alt="Accuracy by level and run",
        )

    changed = results.cached(opened, version, rescored, board_metric(opened, run)).drop_nulls(
        "change"
    )
    if changed.height:
        st.subheader("The gold has changed since")
        st.caption(
            "The same predictions, scored on the gold of before and of now. All figures above are on "
            "the gold of now."
        )
        result_tables.gold_versions(changed)


def categories(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Where this run is better and worse than another, and the F1 of each category."""
    other = other_run(board, run)
    if other is not None:
        compared = results.comparison(opened, version, other, run, "", "")
        difference_map(compared, better=run, than=other)
    table = results.of_run(opened, version, run, "categories")
    worst = table.filter(pl.col("support") >= 5, pl.col("f1") < 1).sort("f1").head(15)
    if worst.height:
        st.subheader("Hardest categories")
        drawings.show(
            dots(
                results.dots_of(worst, "category", "f1"),
                title="F1 of the hardest categories with five rows or more",
            ),
            alt="F1 by category",
        )
        if worst["f1_low"].is_nan().any():
            st.caption("A category whose rows are of one group has no interval.")
    result_tables.categories(table)


def difference_map(compared: Any, *, better: str, than: str) -> None:
    """A treemap of categories (or attributes, labels): area is rows, colour the difference."""
    part, parts = views.part_words(compared.task)
    found = differences.difference_tree(compared.categories)
    if not found.nodes:
        st.info(f"No {part} has rows of both runs.")
        return
    st.plotly_chart(
        treemap(found.nodes, differences=found.differences, whole=f"All {parts}"),
        alt=f"The {parts} by rows, coloured by difference",
    )
    told = (
        f"Area is rows. Blue: {better} is better than {than}; orange: worse; the deeper, the more."
    )
    if compared.task == "classification":
        told += " A click goes into a category."
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
        st.info("No gold row of the split lies below this category. Choose another.")
        return
    cell = _clicked(found, "Gold against answers among siblings", f"confusion.{run}.{parent}")
    if found.n_left_out:
        st.caption(f"{found.n_left_out:,} smaller siblings are not shown.")
    if cell is None:
        st.caption("Click a cell to see its rows.")
        return
    _cell(opened, version, run, found, *cell)


def _clicked(found: views.Siblings, alt: str, key: str) -> tuple[int, int] | None:
    """Draw gold against answers; the row and column of the cell that is clicked."""
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
        alt=alt,
        key=key,
        on_select="rerun",
        selection_mode="points",
    )
    points = picked.selection.points
    if not points:
        return None
    row, column = points[0]["customdata"]
    return row, column


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


def labels(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Gold against answers, and precision, recall and F1 of each label."""
    found = results.of_run(opened, version, run, "labels_against")
    cell = _clicked(found, "Gold against answers", f"labels.{run}")
    if found.n_left_out:
        st.caption(f"{found.n_left_out:,} rarer labels are not shown.")
    if cell is not None:
        _cell(opened, version, run, found, *cell)
    else:
        st.caption("Click a cell to see its rows. Elsewhere: another answer, or none.")
    result_tables.categories(results.of_run(opened, version, run, "categories"), "label")


def tags(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """Precision, recall and F1 of each tag of gold and answers."""
    result_tables.categories(results.of_run(opened, version, run, "categories"), "tag")


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
    result_tables.attributes(table, ATTRIBUTE_KINDS)


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


def worst(opened: Workspace, version: str, run: str, board: pl.DataFrame) -> None:
    """The rows that are wrong, the furthest from their gold first."""
    found = results.of_run(opened, version, run, "worst_errors")
    if found.is_empty():
        st.success("Every row is right.")
        return
    has_tree = "tree_distance" in found.columns
    order = "those furthest from their gold first" if has_tree else "in the order of the gold"
    st.caption(f"Wrong rows, {order}; 200 at most.")
    errors(found)


def errors(rows: pl.DataFrame) -> None:
    """Rows with their answers; one that is chosen can be taken to Review."""
    picked = tables.show(
        rows,
        key="results.rows",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"title": st.column_config.TextColumn(width="medium")},
    )
    for place in picked.selection.rows[:1]:
        example = rows["example_id"][place]
        links.to("review", f"Is the gold of {example} wrong? Review it", record=example)
