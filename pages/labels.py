import streamlit as st

from charts.bars import counts
from ui import jobs, reads, safe, session
from ui.language_models import asking, labels, model_form, models, spending

st.title("Labels")
st.caption("Who says which category a product has, and which values its attributes have.")
opened = session.require_workspace()
free, paid = st.tabs(
    ["No key needed", "Language models"], on_change="rerun", key="labels.tab", bind="query-params"
)

if paid.open:
    with paid:
        names = models.table(opened)
        with st.expander("Declare, change or remove a model", expanded=not names):
            model_form.form(opened)
        if not names:
            st.stop()
        session.require_step(opened, "load")
        st.subheader("Plan, try, run")
        asking.steps(opened, asking.chosen(names))
        st.subheader("Ledger")
        spending.shown(opened)

if free.open:
    with free:
        with st.form("labels.settings"):
            chosen = st.multiselect(
                "Annotators", labels.known(), labels.chosen(opened), format_func=labels.told
            )
            if st.form_submit_button(
                "Label",
                type="primary",
                icon=":material/play_arrow:",
                disabled=jobs.is_running(opened),
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
            "Folds",
            figures["n_folds"],
            help="learned on all but one part, asked about that part, in turn",
        )
        st.subheader("Votes by annotator")
        labels.votes(figures)
        labels.consensus(opened)
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
            counts(reads.top_votes(opened, labelled, annotator), title="votes"),
            alt="Votes by category",
        )
