import streamlit as st

from ui import rating, session
from ui.verdicts import results

st.title("Rate")
opened = session.require_workspace()
session.require_step(opened, "split")
wanted = rating.asked(opened, results.chosen_split(opened))
standing, shown = rating.current(opened, wanted, rating.answers(opened, wanted))
rating.progress(standing)
if shown is None:
    rating.done(opened, standing, wanted.criterion)
else:
    left, right = st.columns([3, 2], gap="large")
    with left:
        rating.show(shown, wanted.criterion)
    with right, st.container(border=True):
        rating.buttons(opened, shown, wanted.criterion)
rating.people(opened, wanted)
