import streamlit as st

from ui.any_file import duplicates, file_scores, file_verbs

st.title("Any file")
st.caption(
    "One question to one file: no workspace is needed, and nothing is kept when the browser closes."
)
VERBS = {
    "Leaks between two files": file_verbs.check_split,
    "Near-duplicates": duplicates.dedupe,
    "Split": file_verbs.split,
    "Agreement of votes": file_verbs.agree,
    "Score and compare": file_scores.score,
}
for tab, draw in zip(
    st.tabs(list(VERBS), on_change="rerun", key="files_view"), VERBS.values(), strict=True
):
    if tab.open:
        with tab:
            draw()
