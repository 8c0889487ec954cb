"""The proof of a split on the Split page: the certificate, what leaks would cost, answers in the input."""

from __future__ import annotations

import streamlit as st

from ui import jobs, reads, safe, tables
from workspace.runs.predicting import BASELINES
from workspace.split_costs import LEARNED, kept_costs
from workspace.views import split_proof as views
from workspace.views import splits
from workspace.workspace import Workspace

_BASELINES = sorted(BASELINES, key=lambda name: name != LEARNED)


def certificate(opened: Workspace) -> None:
    """What crosses between the exported files, how near the nearest is, and the page to pass on."""
    found = splits.certificate(opened)
    if found is None:
        st.info("The certificate is made from exported files: run export.")
        jobs.run_button(opened, ["export"], label="Export and certify")
        return
    if found["leaks"]:
        st.error("Something leaks: these splits must not be used.", icon=":material/gpp_bad:")
    else:
        st.success("Nothing leaks between the exported files.", icon=":material/verified_user:")
    tables.show(splits.certificate_table(found))
    st.caption("Found by reading the exported files back, by another way than the split was made.")
    curves = views.nearest_curves(found)
    if curves:
        with st.expander("How near the nearest row of the other split is"):
            st.line_chart(
                views.curve_table(curves), x="similarity", x_label="similarity of the nearest row",
                y_label="share of rows at least so near", height=260,
            )  # fmt: skip
            st.caption("Of a sample, each compared with every row of the other split.")
    page = views.certificate_page(opened)
    if page is not None:
        st.download_button(
            "Certificate as a page", page, "certificate.html", "text/html",
            icon=":material/download:",
        )  # fmt: skip


def costs(opened: Workspace) -> None:
    """What a random split would flatter a baseline by."""
    body = kept_costs(opened)
    if body is not None:
        st.markdown(safe.markdown(body["told"]))
    else:
        st.caption("One baseline, scored on a random split and on this one.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        baseline = st.selectbox(
            "Baseline", _BASELINES, key="split.baseline", help="What is scored on both.", width=165
        )
        jobs.run_button(
            opened,
            ["split", "--compare-random", f"--baseline={baseline}"],
            label="Compare with a random split",
            primary=False,
        )


def prompt_leaks(opened: Workspace) -> None:
    """How often the answer stands in the input."""
    found = reads.view(opened, ("split",), views.prompt_leaks)
    if not found.height:
        return
    with st.expander("Answers that stand in the input"):
        st.caption(
            "How often the answer to a question stands there word for word. Export can mask the "
            "category; values of attributes have to stand there."
        )
        tables.show(found)
