import streamlit as st

from catalog.errors import GoldshelfError
from charts.intervals import differences
from ui import links, product, result_tables, results, safe, session, tables
from workspace.review.queue import card
from workspace.views import flips
from workspace.views import results as views

st.title("Compare")
opened = session.require_workspace()
session.require_step(opened, "split")
names = results.runs(opened)
if len(names) < 2:
    st.info("A verdict needs two runs on the test split.")
    results.bring_runs(opened)
    st.stop()
version = views.version(opened)
ranked = results.board(opened, version, "accuracy")["run"].to_list()
a, b, c, d = st.columns(4)
candidate = a.selectbox("Candidate", ranked, key="candidate", bind="query-params")
baseline = b.selectbox(
    "Baseline", [r for r in ranked if r != candidate], key="baseline", bind="query-params"
)
metric = c.selectbox(
    "Metric",
    results.METRICS,
    key="compare_metric",
    format_func=tables.words,
    bind="query-params",
)
gate = d.text_input(
    "Gate on the lower bound", key="gate", placeholder="accuracy>=0", bind="query-params"
)
try:
    found, rows = results.comparison(opened, version, baseline, candidate, metric, gate)
except GoldshelfError as error:
    st.error(safe.markdown(error))
    st.stop()
mark = {"better": "▲", "worse": "▼", "tied": "=", "too few rows to tell": "?"}[found.verdict]
st.markdown(f"### {mark} {safe.markdown(found.sentence)}")
for result in found.gates:
    (st.success if result.is_passed else st.error)(safe.markdown(result.sentence))
results.report_button(opened, baseline, candidate, metric, gate)

st.subheader("Every metric")
result_tables.differences(found.metrics)
st.subheader("By category")
moved = found.categories.filter((found.categories["difference"] != 0).fill_null(False)).sort(
    "difference", descending=True
)
st.plotly_chart(
    differences(
        results.dots_of(moved.head(40), "category", "difference", "mark"),
        title="candidate minus baseline",
    ),
    alt="Difference by category",
)
result_tables.moved(found.categories)

change = st.segmented_control(
    "Rows",
    ["fixed", "broken"],
    default="fixed",
    key="change",
    required=True,
    help="fixed: the candidate alone is right; broken: the baseline alone",
    bind="query-params",
)
picked = tables.show(
    rows[change], key=f"compare.{change}", on_select="rerun", selection_mode="single-row"
)
if picked.selection.rows:
    example = rows[change]["example_id"][picked.selection.rows[0]]
    with st.container(border=True):
        product.show(card(opened, example), with_votes=False)
        tables.show(flips.answers_of(opened, example, names))
        links.to("review", "Is the gold wrong? Review it", record=example)
