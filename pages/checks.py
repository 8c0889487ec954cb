import streamlit as st

from charts.bars import counts
from ui import checks, jobs, links, reads, safe, session, tables

st.title("Checks")
opened = session.require_workspace()
checked = session.require_step(opened, "check")
figures = reads.figures(opened, "check")
tiles = st.columns(4)
tiles[0].metric("Records", f"{figures['n_records']:,}")
for tile, (severity, told) in zip(tiles[1:], checks.SEVERITIES.items(), strict=True):
    tile.metric(told, f"{figures['n_records_by_severity'][severity]:,}")

summary = checks.ranked(reads.table(opened, "check", checked, "summary"))
found = checks.found(summary)
if not found:
    st.success("No check found anything.")
    st.stop()
st.plotly_chart(
    counts(
        [(tables.words(row["check"]), row["n_rows"]) for row in found],
        kinds=[row["severity"] for row in found],
        title="records",
    ),
    alt="Records by check",
)
st.subheader("Every check")
st.caption("Choose one to see what it found.")
picked = tables.show(
    summary,
    key="checks.picked",
    on_select="rerun",
    selection_mode="single-row",
    column_config=checks.columns(),
)
chosen = [summary.row(row, named=True) for row in picked.selection.rows]
shown = chosen[0] if chosen else found[0]
st.subheader(safe.markdown(tables.words(shown["check"]).capitalize()))
st.caption(safe.markdown(f"{shown['told']} · goldshelf check --check {shown['check']}"))
if shown["skipped"]:
    st.info(safe.markdown(f"Not run: {shown['skipped']}"))
rows = reads.check_rows(opened, checked, shown["check"])
if rows.height:
    tables.show(rows, column_config=checks.row_columns())
    st.caption(f"The {rows.height:,} lowest scores; 1 is good, 0 is bad.")
    left, right = st.columns(2)
    name = tables.words(shown["check"])
    links.to("catalog", "See them in the Catalog", place=left, check=name)
    if shown["severity"] != "info":
        links.to("review", "Review these records", place=right, check=name)
else:
    st.caption("It found nothing.")
jobs.run_button(opened, ["check"], label="Check again", primary=False)
