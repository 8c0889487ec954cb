import streamlit as st

from ui import jobs, links, opening, safe, session, tables
from workspace.views.overview import advice, step_lines

st.title("Overview")
opened = session.workspace()
if opened is None:
    st.info("There is no workspace yet. Name a catalog file below to make the first one.")
    opening.form()
    st.stop()

told = advice(opened)
with st.container(border=True):
    st.subheader(f"Next: {told.what}")
    st.caption(told.why)
    if told.page == "run":
        jobs.run_button(opened, [], label="Run")
    else:
        links.to(told.page)

lines = step_lines(opened)
st.subheader("Steps")
tables.steps(lines)
said = [f"- **{line.step}**: {safe.markdown(note)}" for line in lines for note in line.notes]
if said:
    with st.expander(f"What the steps said aloud ({len(said)})", icon=":material/campaign:"):
        st.markdown("\n".join(said))

with st.expander("Another catalog: make a new workspace", icon=":material/add:"):
    opening.form()
with st.expander("Settings (goldshelf.toml)", icon=":material/settings:"):
    st.code(opened.layout.settings.read_text("utf-8"), language="toml")
    st.caption(f"Change them in {safe.markdown(opened.layout.settings)}, then run again.")
