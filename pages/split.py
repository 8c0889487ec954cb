import streamlit as st

from charts.bars import grouped
from ui import files, jobs, reads, session, tables
from ui.splitting import balance, brands, split_proof, split_ties, splits
from workspace.views import splits as views

st.title("Split")
st.caption(
    "Nothing that is alike may stand on both sides: brands, identifiers and near-duplicate texts stay together."
)
opened = session.require_workspace()
splits.form(opened)
brands.section(opened)
done = session.require_step(opened, "split")
figures = reads.figures(opened, "split")
splits.tiles(figures)
tables.show(reads.view(opened, ("split",), views.sizes))
files.notes(opened.snapshot("split").notes)
splits.freezing(opened)

st.subheader("Certificate")
split_proof.certificate(opened)
st.subheader("What would leaks have cost?")
split_proof.costs(opened)
split_proof.prompt_leaks(opened)
st.subheader("Categories in each split")
levels = range(1, opened.taxonomy().max_depth + 1)
if levels:
    splits.variation(opened)
    level = st.segmented_control("Level", levels, default=1, key="split.level", required=True)
    names, shares = reads.view(opened, ("curate", "split"), views.shares_by_category, level)
    st.plotly_chart(
        grouped(names, splits.in_order(shares), title="share of rows", as_share=True),
        alt="Share of each category by split",
    )
else:
    st.caption("No record has a category.")
missing = reads.table(opened, "split", done, "missing", 500)
if missing.height:
    told = f"{figures['n_missing_categories']:,} categories that could not be in every split"
    with st.expander(told):
        tables.show(missing)
with st.expander("Largest groups and what ties them"):
    tables.show(reads.table(opened, "split", done, "groups", 50))
    tables.show(reads.table(opened, "split", done, "edges", 200))
split_ties.near_duplicates(opened)

st.header("Balance")
st.caption("Of train alone: validation and test keep their distribution.")
balance.form(opened)
balanced = opened.snapshots.current("balance")
if balanced is not None:
    balance.tiles(reads.figures(opened, "balance"))
    balance.evenness(opened)
    if opened.settings.balance.method != "none":
        names, counts = reads.view(opened, ("balance",), views.balance_by_category)
        st.plotly_chart(
            grouped(names, counts, title="rows of train"),
            alt="Rows of train by category before and after",
        )
    short = reads.table(opened, "balance", balanced.id, "shortfall", 200)
    if short.height:
        st.warning(f"{short.height:,} categories cannot reach the floor.")
        tables.show(short)
    with st.expander("What to label next"):
        balance.shopping(opened)
jobs.run_button(
    opened,
    ["run", "split", "balance", "export"],
    label="Bring split, balance and export up to date",
    primary=False,
)
