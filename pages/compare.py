import streamlit as st

from catalog.errors import GoldshelfError
from ui import address, safe, session
from ui.verdicts import comparisons, reports, result_tables, results
from workspace.views import results as views
from workspace.views.flips import Asked

st.title("Compare")
opened = session.require_workspace()
session.require_step(opened, "split")
split = results.chosen_split(opened)
by_task = {t: runs for t, runs in views.runs_by_task(opened, split).items() if len(runs) > 1}
if not by_task:
    st.info(f"A verdict needs two runs on one task of split {safe.markdown(split)}.")
    results.bring_runs(opened)
    st.stop()
version = views.version(opened)
task = results.chosen_task(by_task)
a, b, c, d = st.columns(4, vertical_alignment="bottom")
metric = results.chosen_metric(opened, version, by_task[task][0], c)
ranked = results.board(opened, version, metric, task, split)["run"].to_list()
candidate = address.kept(a.selectbox, "Candidate", ranked, key="candidate", default=ranked[0])
others = [run for run in ranked if run != candidate]
baseline = address.kept(b.selectbox, "Baseline", others, key="baseline", default=others[0])
gate = address.kept(d.text_input, "Gate on the lower bound", key="gate", placeholder=f"{metric}>=0")
try:
    found = results.comparison(opened, version, baseline, candidate, metric, gate)
except GoldshelfError as error:
    st.error(safe.markdown(error))
    st.stop()
mark = {"better": "▲", "worse": "▼", "tied": "=", "too few rows to tell": "?"}[found.verdict]
st.markdown(f"### {mark} {safe.markdown(found.sentence)}")
if found.effect_sentence and found.effect_sentence not in found.sentence:
    st.caption(safe.markdown(found.effect_sentence))
for result in found.gates:
    (st.success if result.is_passed else st.error)(safe.markdown(result.sentence))
reports.buttons(opened, version, Asked(baseline, candidate, metric), gate)
result_tables.differences(found.metrics)
comparisons.look(opened, version, found, Asked(baseline, candidate, metric), ranked)
results.more_runs(opened)
