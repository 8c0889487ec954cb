import streamlit as st

from ui import opening, safe, session
from ui.board import board

st.title("Overview")
opened = session.workspace()
if opened is None:
    st.info("There is no workspace yet. Name or drop a catalog below to make the first one.")
    opening.form()
    st.stop()

lines = board(opened)
said = [f"- **{line.step}**: {safe.markdown(note)}" for line in lines for note in line.notes]
if said:
    with st.expander(f"What the steps said aloud ({len(said)})", icon=":material/campaign:"):
        st.markdown("\n".join(said))

with st.expander("Another catalog: make a new workspace", icon=":material/add:"):
    opening.form()
with st.expander("Settings (goldshelf.toml)", icon=":material/settings:"):
    st.code(opened.layout.settings.read_text("utf-8"), language="toml")
    st.caption(f"Change them in {safe.markdown(opened.layout.settings)}, then run again.")
