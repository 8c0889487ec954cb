import streamlit as st

from charts.bars import grouped
from ui import jobs, reads, safe, session, splits, tables
from workspace.views import splits as views

st.title("Split")
st.caption(
    "Nothing that is alike may stand on both sides: brands, identifiers and near-duplicate texts stay together."
)
opened = session.require_workspace()
splits.form(opened)
done = session.require_step(opened, "split")
figures = reads.figures(opened, "split")
tiles = st.columns(4)
tiles[0].metric("Groups", f"{figures['n_groups']:,}")
tiles[1].metric("Largest group", f"{figures['largest_group']:,} rows")
tiles[2].metric("Ties by brand", f"{figures['n_edges'].get('brand', 0):,}")
tiles[3].metric("Ties by near-duplicate", f"{figures['n_edges'].get('near_duplicate', 0):,}")
tables.show(
    views.sizes(opened),
    column_config={c: st.column_config.NumberColumn(format="percent") for c in ("share", "wanted")},
)

st.subheader("Certificate")
splits.certificate(opened)
st.subheader("Categories in each split")
level = st.segmented_control(
    "Level", range(1, opened.taxonomy().max_depth + 1), default=1, key="split.level", required=True
)
names, shares = views.shares_by_category(opened, level)
st.plotly_chart(
    grouped(names, shares, title="share of rows", as_share=True),
    alt="Share of each category by split",
)
missing = reads.table(opened, "split", done, "missing", 500)
if missing.height:
    with st.expander(
        f"{figures['n_missing_categories']:,} categories that could not be in every split"
    ):
        tables.show(missing)
with st.expander("Largest groups and what ties them"):
    tables.show(reads.table(opened, "split", done, "groups", 50))
    tables.show(reads.table(opened, "split", done, "edges", 200))

st.header("Balance")
st.caption("Of train alone: validation and test keep their distribution.")
splits.balance_form(opened)
if opened.snapshots.current("balance") is not None:
    facts = reads.figures(opened, "balance")
    for column, (label, told) in zip(st.columns(4), splits.balance_tiles(facts), strict=True):
        column.metric(label, told)
    names, counts = views.balance_by_category(opened)
    st.plotly_chart(
        grouped(names, counts, title="rows of train"),
        alt="Rows of train by category before and after",
    )
    short = reads.table(
        opened, "balance", session.require_step(opened, "balance"), "shortfall", 200
    )
    if short.height:
        st.warning(safe.markdown(f"{short.height:,} categories cannot reach the floor."))
        tables.show(short)
jobs.run_button(
    opened,
    ["split", "balance", "export"],
    label="Bring split, balance and export up to date",
    primary=False,
)
