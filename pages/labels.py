import streamlit as st

from charts.bars import counts
from charts.intervals import dots
from ui import jobs, labels, reads, safe, session, tables

st.title("Labels")
st.caption("Who says which category a product has. These annotators need no key.")
opened = session.require_workspace()
with st.form("labels.settings"):
    chosen = st.multiselect(
        "Annotators", labels.known(), labels.chosen(opened), format_func=labels.told
    )
    if st.form_submit_button(
        "Label", type="primary", icon=":material/play_arrow:", disabled=jobs.is_running(opened)
    ):
        labels.run(opened, chosen)
labelled = session.require_step(opened, "label")
figures = reads.figures(opened, "label")
tiles = st.columns(4)
tiles[0].metric("Records", f"{figures['n_records']:,}")
tiles[1].metric("Categories voted for", f"{figures['n_categories']:,}")
tiles[2].metric(
    "Groups that stay together",
    f"{figures['n_groups']:,}",
    help="knn and linear never learn from a row's own group",
)
tiles[3].metric(
    "Folds", figures["n_folds"], help="learned on all but one part, asked about that part, in turn"
)

st.subheader("Votes by annotator")
tables.show(
    labels.table(figures),
    column_config={"mean score": st.column_config.NumberColumn(format="%.2f")},
)
if opened.snapshots.current("agree") is not None:
    agreed = reads.table(opened, "agree", session.require_step(opened, "agree"), "annotators")
    st.subheader("Agreement with the consensus")
    st.plotly_chart(
        dots(labels.with_consensus(agreed), title="share of records"),
        alt="Agreement with the consensus by annotator",
    )
st.subheader("Most voted categories")
annotator = st.segmented_control(
    "Annotator",
    list(figures["annotators"]),
    default=next(iter(figures["annotators"])),
    key="labels.annotator",
    required=True,
    format_func=safe.markdown,
)
st.plotly_chart(
    counts(reads.top_votes(opened, labelled, annotator), title="votes"), alt="Votes by category"
)
