"""Forms and figures of the Split page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui import jobs, settings, tables
from workspace.views import splits as views
from workspace.workspace import Workspace


def form(opened: Workspace) -> None:
    """How large the splits are, and what may not cross."""
    now = opened.settings.split
    with st.form("split.form"):
        a, b, c, d, e = st.columns(5)
        train = a.number_input("Train %", 1, 98, round(100 * now.fractions[0]))
        validation = b.number_input(
            "Validation %", 0, 98, round(100 * now.fractions[1]) if len(now.fractions) == 3 else 0
        )
        near = c.number_input(
            "Near-duplicates from",
            0.0,
            1.0,
            now.near_duplicates,
            0.05,
            help="Jaccard similarity of word sets that may not cross; 0 ties no texts",
        )
        seed = d.number_input("Seed", 0, 10**9, now.seed)
        overflow = e.selectbox(
            "Group larger than a split",
            ["assign", "break", "drop"],
            ["assign", "break", "drop"].index(now.overflow),
        )
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
        by_brand = middle.checkbox(
            "Brands may not cross",
            now.by == "brand",
            help="Without it, records of one brand may stand in train and in test.",
        )
        generic = left.text_input(
            "Brands that tie nothing",
            ", ".join(now.generic_brands),
            placeholder="the shop's own, parted by commas",
        )
        keep = right.checkbox(
            "Keep the publisher's split",
            now.keep_publisher,
            help="Records stay where their publisher put them, whatever leaks; the certificate "
            "says what does.",
        )
        if st.form_submit_button(
            "Split", type="primary", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
        ):
            test = 100 - train - validation
            shares = [train, validation, test] if validation else [train, test]
            changes: dict[str, Any] = {
                "fractions": [share / 100 for share in shares],
                "by": "brand" if by_brand else "none",
                "near_duplicates": near,
                "seed": seed,
                "overflow": overflow,
                "keep_publisher": keep,
                "generic_brands": [name.strip() for name in generic.split(",") if name.strip()],
            }
            settings.apply(opened, "split", changes, ["run", "split", "balance", "export"])


def certificate(opened: Workspace) -> None:
    """The proof, made from the exported files."""
    found = views.certificate(opened)
    if found is None:
        st.info("The certificate is made from exported files: run export.")
        jobs.run_button(opened, ["export"], label="Export and certify")
        return
    if found["leaks"]:
        st.error("Something leaks: these splits must not be used.", icon=":material/gpp_bad:")
    else:
        st.success("Nothing leaks between the exported files.", icon=":material/verified_user:")
    tables.show(views.certificate_table(found))
    st.caption("Found by reading the exported files back, by another way than the split was made.")


def tiles(figures: dict[str, Any]) -> None:
    """How many groups there are, and what ties them."""
    ties = figures["n_edges"]
    for column, (label, told) in zip(
        st.columns(4),
        [
            ("Groups", f"{figures['n_groups']:,}"),
            ("Largest group", f"{figures['largest_group']:,} rows"),
            ("Ties by brand", f"{ties.get('brand', 0):,}"),
            ("Ties by near-duplicate", f"{ties.get('near_duplicate', 0):,}"),
        ],
        strict=True,
    ):
        column.metric(label, told)


def in_order(shares: dict[str, list[float]]) -> dict[str, list[float]]:
    """The splits as people name them: all rows, then train, validation and test."""
    order = ("all", "train", "validation", "test")
    return {name: shares[name] for name in order if name in shares}
