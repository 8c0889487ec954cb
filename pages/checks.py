import streamlit as st

from charts.bars import counts
from ui import jobs, reads, safe, session, tables

st.title("Checks")
opened = session.require_workspace()
checked = session.require_step(opened, "check")
figures = reads.figures(opened, "check")
tiles = st.columns(4)
tiles[0].metric("Records", f"{figures['n_records']:,}")
for tile, severity in zip(tiles[1:], ("error", "warning", "info"), strict=True):
    tile.metric(f"Records with {severity}", f"{figures['n_records_by_severity'][severity]:,}")

summary = reads.table(opened, "check", checked, "summary")
found = [
    row
    for row in summary.sort("n_rows", descending=True, nulls_last=True).to_dicts()
    if row["n_rows"]
]
if found:
    st.plotly_chart(
        counts(
            [(r["check"], r["n_rows"]) for r in found],
            kinds=[r["severity"] for r in found],
            title="records",
        ),
        alt="Records by check",
    )
picked = tables.show(
    summary,
    key="checks.picked",
    on_select="rerun",
    selection_mode="single-row",
    column_config={
        "share": st.column_config.NumberColumn(format="percent"),
        "told": st.column_config.TextColumn("what it finds", width="large"),
        "skipped": st.column_config.TextColumn("not run because", width="medium"),
    },
)
names = [row["check"] for row in found]
chosen = summary["check"][picked.selection.rows[0]] if picked.selection.rows else None
name = chosen if chosen in names else (names[0] if names else None)
if name is None:
    st.success("No check found anything.")
    st.stop()
st.subheader(safe.markdown(name))
rows = reads.check_rows(opened, checked, name)
tables.show(rows, column_config={"message": st.column_config.TextColumn(width="large")})
st.caption(f"the {rows.height:,} lowest scores; 1 is good, 0 is bad")
left, right = st.columns(2)
left.page_link(
    "pages/review.py",
    label="Review these records",
    icon=":material/rate_review:",
    query_params={"check": name},
)
right.page_link(
    "pages/catalog.py",
    label="See them in the Catalog",
    icon=":material/inventory_2:",
    query_params={"check": name},
)
jobs.run_button(opened, ["check"], label="Check again", primary=False)
