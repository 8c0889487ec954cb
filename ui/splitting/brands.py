"""The brands of the Split page: which may be one, which fill a gap, and the buttons to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from catalog.errors import GoldshelfError
from catalog.wording import counted
from ui import jobs, safe, session, tables
from workspace.brands import aliases_of, because, brands_told, side_by_side, state_of_brands
from workspace.files.brand_files import alias_pairs
from workspace.review.brands import decide_alias, decide_fills
from workspace.review.decisions import Logged
from workspace.review.undoing import undo
from workspace.workspace import Workspace

_SHOWN = 200
_WITHOUT_SCROLLING = 6
_TOLD = "brands.told"
_WHY_PAIR, _WHY_GAP, _OTHER = "brands.why_pair", "brands.why_gap", "brands.other"
_DECIDED = {
    "same": "✓ one brand",
    "different": "✗ two brands",
    "fill": "✓ filled",
    "leave": "✗ left",
}


def section(opened: Workspace) -> None:
    """What is proposed and what was decided; nothing is merged that nobody has seen."""
    if opened.snapshots.current("load") is None:
        return
    state = state_of_brands(opened)
    told = None if state == "missing" else brands_told(opened, limit=_SHOWN)
    with st.expander(
        "Brands that may be one, and records without a brand",
        key="brands.section",
        on_change="rerun",
    ):
        if told is not None:
            st.markdown(
                f"{counted(told['aliases_waiting'], 'pair')} and "
                f"{counted(told['missing_waiting'], 'record')} to decide."
            )
        st.caption(
            "Accepted pairs tie records like one brand, in the split and in its certificate. Accepted "
            "brands stand in gold. Nothing is merged that nobody has seen."
        )
        if state != "done":
            jobs.run_button(opened, ["brands"], label="Look for brands", primary=told is None)
        if told is None:
            return
        _aliases(opened, told)
        _missing(opened, told)
        said = st.session_state.pop(_TOLD, None)
        if said:
            st.info(said)
        st.button("Take back my last decision", icon=":material/undo:", key="brands.undo",
                  on_click=_kept, args=(lambda: undo(opened, session.reviewer(), of="decisions"),))  # fmt: skip
        _download(opened)


def _aliases(opened: Workspace, told: dict[str, Any]) -> None:
    """The pairs; the chosen one with the records that show it side by side."""
    pairs = told["aliases"]
    if not pairs:
        st.caption("No two brands look like one.")
        return
    st.markdown("**May be one brand**")
    shown = pl.DataFrame(
        [
            {
                "brand": pair["name_a"], "may be": pair["name_b"], "because": because(pair),
                "decided": _DECIDED.get(pair["decision"] or "", ""),
                "products": pair["products_a"], "products of the other": pair["products_b"],
            }
            for pair in pairs
        ],
        infer_schema_length=None,
    )  # fmt: skip
    place = _picked(shown, "brands.pair", {"because": "medium"})
    pair = pairs[place]
    a, b = str(pair["name_a"]), str(pair["name_b"])
    st.markdown(f"{safe.markdown(a)} and {safe.markdown(b)}: {safe.markdown(because(pair))}")
    if pair["left_ids"]:
        rows = side_by_side(opened, pair["left_ids"], pair["right_ids"])
        shown = rows.drop("left", "right").rename(
            {"other_brand": "other brand", "other_title": "other title"}
        )
        wide = st.column_config.TextColumn(width="medium")
        tables.show(shown, column_config={"title": wide, "other title": wide})
    reviewer = session.reviewer()
    st.text_input("Why", key=_WHY_PAIR, placeholder="kept in the log")
    left, right = st.columns(2)
    for column, label, same, icon in (
        (left, "They are one brand", True, ":material/check:"),
        (right, "They are two brands", False, ":material/close:"),
    ):
        column.button(
            label, icon=icon, key=f"brands.{same}", width="stretch", on_click=_kept,
            args=(_alias_of(opened, pair, same, reviewer),),
        )  # fmt: skip


def _alias_of(
    opened: Workspace, pair: dict[str, Any], same: bool, reviewer: str
) -> Callable[[], list[Logged]]:
    return lambda: decide_alias(
        opened,
        pair["brand_a"],
        pair["brand_b"],
        same=same,
        reviewer=reviewer,
        reason=_why(_WHY_PAIR),
    )


def _missing(opened: Workspace, told: dict[str, Any]) -> None:
    """The records without a brand whose title names one."""
    gaps = told["missing"]
    if not gaps:
        st.caption(f"{told['n_without_brand']:,} records have no brand; no title names one.")
        return
    st.markdown(f"**No brand, but one in the title**: {told['n_fills']:,} of "
                f"{told['n_without_brand']:,} records without a brand")  # fmt: skip
    if told["n_tried"]:
        st.caption(f"Tried on the {told['n_tried']:,} titles whose brand is known, the same rule is "
                   f"right in {told['precision']:.1%}.")  # fmt: skip
    shown = pl.DataFrame(
        [
            {
                "brand": gap["brand"], "title": gap["title"], "the title": _WHERE[gap["where"]],
                "right": f"{gap['n_right']:,} of {gap['n_named']:,}",
                "decided": _DECIDED.get(gap["decision"] or "", ""),
            }
            for gap in gaps
        ],
        infer_schema_length=None,
    )  # fmt: skip
    gap = gaps[_picked(shown, "brands.gap", {"title": "medium"})]
    reviewer, ids, name = session.reviewer(), [gap["record_id"]], str(gap["brand"])
    left, right = st.columns(2)
    left.text_input("Another brand", key=_OTHER, placeholder=name, help="where the title is wrong")
    right.text_input("Why", key=_WHY_GAP, placeholder="kept in the log")
    row = st.container(horizontal=True)

    def keep(records: list[str], **more: Any) -> Callable[[], list[Logged]]:
        return lambda: decide_fills(
            opened, records, reviewer=reviewer, reason=_why(_WHY_GAP), **more
        )

    def fill() -> list[Logged]:
        return keep(ids, brand=_why(_OTHER))()

    for label, key, icon, deciding in (
        (f"This is {safe.markdown(_why(_OTHER) or name)}", "fill", "check", fill),
        (f"All that wait are {safe.markdown(name)}", "all", "done_all", keep([], all_of=name)),
        ("It is not", "leave", "close", keep(ids, leave=True)),
    ):
        row.button(
            label, key=f"brands.{key}", icon=f":material/{icon}:", on_click=_kept, args=(deciding,)
        )


def _why(key: str) -> str | None:
    """What stands in a field when a button is pressed; None where it is empty."""
    return str(st.session_state.get(key) or "").strip() or None


def _download(opened: Workspace) -> None:
    """The accepted pairs as a file that the verbs and the page of plain files take."""
    groups = aliases_of(opened)
    if groups:
        held = alias_pairs(groups).write_csv()
        st.download_button(
            "Names that are one brand (CSV)", held, "brand-aliases.csv", icon=":material/download:",
            key="brands.download", on_click="ignore",
        )  # fmt: skip


_WHERE = {"begins": "begins with it", "by": "says “by” it", "inside": "names it"}


def _picked(shown: pl.DataFrame, key: str, widths: dict[str, str]) -> int:
    """The row that is chosen, else the first."""
    chosen = tables.show(
        shown,
        widths=widths,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        height=260 if shown.height > _WITHOUT_SCROLLING else "auto",
    )
    rows = chosen.selection.rows
    return int(rows[0]) if rows and rows[0] < shown.height else 0


def _kept(deciding: Callable[[], list[Logged]]) -> None:
    """Decide, and say in a line what was kept or why it was not."""
    try:
        entries = deciding()
    except GoldshelfError as error:
        st.session_state[_TOLD] = safe.markdown(error)
        return
    last = entries[-1]
    more = f" and {len(entries) - 1:,} more" if len(entries) > 1 else ""
    st.session_state[_TOLD] = safe.markdown(f"{last.action}: {last.record_id}{more}")
