import streamlit as st

from ui import links, product, review, session, tables

st.title("Review")
opened = session.require_workspace()
session.require_step(opened, "queue")
with st.expander("Which records", icon=":material/filter_list:"):
    wanted = review.filters(opened)
review.progress(opened)
shown = review.current(opened, wanted)
if shown is None:
    st.success("Nothing waits for a decision. Bring the steps up to date to use what was decided.")
    links.to("overview")
    st.stop()
review.keys(shown)
left, right = st.columns([3, 2], gap="large")
with left:
    product.show(shown)
with right, st.container(border=True):
    review.buttons(opened, shown)
    review.picker(opened, shown)
    st.caption("A accept · 1–9 choose · S skip · D drop · Z undo · / search")
if shown.history:
    with st.expander("What was decided here before"):
        review.history(shown)
with st.expander("Log: the last twenty acts"):
    tables.log(review.last_acts(opened))
