import streamlit as st

from charts.intervals import dots, series
from charts.matrix import matrix
from ui import result_tables, results, safe, session, tables
from workspace.views import results as views

st.title("Results")
opened = session.require_workspace()
session.require_step(opened, "split")
names = results.runs(opened)
if not names:
    st.info("There are no runs yet: make baselines, or bring predictions made elsewhere.")
    results.bring_runs(opened)
    st.stop()
version = views.version(opened)
metric = st.selectbox(
    "Metric",
    results.METRICS,
    key="metric",
    bind="query-params",
    format_func=tables.words,
)
board = results.board(opened, version, metric)
st.markdown(f"### {safe.markdown(views.sentence(board, metric))}")
st.plotly_chart(
    dots(
        results.dots_of(board, "run"),
        lines=results.of_run(opened, version, names[0], "reference_lines", metric),
        title=tables.words(metric),
    ),
    alt="Leaderboard with intervals",
)
result_tables.board(board)

run = st.segmented_control(
    "Run",
    names,
    default=board["run"][0],
    key="results.run",
    required=True,
    format_func=safe.markdown,
)
st.subheader("Accuracy by level")
st.plotly_chart(
    series(
        results.level_dots(views.levels(opened, names)),
        x_title="level, 1 is the root",
        y_title="accuracy",
    ),
    alt="Accuracy by level and run",
)
left, right = st.columns(2)
with left:
    st.subheader("Every metric")
    result_tables.metrics(results.of_run(opened, version, run, "metric_table"))
with right:
    st.subheader("Confusion between siblings")
    parent = st.selectbox(
        "Below",
        views.inner_categories(opened),
        index=None,
        key="results.parent",
        placeholder="the roots",
    )
    labels, square = results.of_run(opened, version, run, "siblings", parent)
    st.plotly_chart(
        matrix(labels[:-1], labels, square, row_title="gold", column_title="answer", as_count=True),
        alt="Gold against answers among siblings",
    )
st.subheader("By category")
categories = results.of_run(opened, version, run, "categories")
worst = categories.filter(categories["support"] >= 5).sort("f1").head(25)
st.plotly_chart(
    dots(
        results.dots_of(worst, "category", "f1"),
        title="F1 of the 25 worst categories with five rows or more",
    ),
    alt="F1 by category",
)
result_tables.categories(categories)
st.subheader("Worst errors")
tables.show(results.of_run(opened, version, run, "worst_errors"))
with st.expander("More runs"):
    results.bring_runs(opened)
