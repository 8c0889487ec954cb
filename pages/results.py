import streamlit as st

from charts.intervals import dots
from ui import address, drawings, safe, session, tables
from ui.language_models import judging
from ui.verdicts import result_tables, result_views, results
from workspace.views import results as views

st.title("Results")
opened = session.require_workspace()
session.require_step(opened, "split")
split = results.chosen_split(opened)
by_task = views.runs_by_task(opened, split)
if not by_task:
    st.info("There are no runs yet: make baselines, or bring predictions made elsewhere.")
    results.bring_runs(opened)
    judging.panel(opened, split)
    st.stop()
version = views.version(opened)
task = results.chosen_task(by_task)
names = by_task[task]
left, right = st.columns(2)
metric = results.chosen_metric(opened, version, names[0], left)
board = results.board(opened, version, metric, task, split)
run = address.kept(
    right.selectbox,
    "Run, looked at below",
    board["run"].to_list(),
    key="run",
    default=board["run"][0],
)
deciding = results.of_run(opened, version, names[0], "deciding_lines", metric)
st.markdown(f"### {safe.markdown(views.sentence(board, metric, split, deciding))}")
drawings.show(
    dots(
        results.dots_of(board, "run"),
        lines=results.of_run(opened, version, names[0], "reference_lines", metric),
        title=tables.words(metric),
    ),
    alt="Leaderboard with intervals",
)
result_tables.board(board)
result_views.look(task, opened, version, run, board)
results.more_runs(opened)
judging.panel(opened, split)
