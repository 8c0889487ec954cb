import streamlit as st

from charts.intervals import series
from charts.matrix import matrix
from ui import drawings, links, reads, session, sides, tables
from ui.language_models import agreement, models

st.title("Agreement")
opened = session.require_workspace()
agreed = session.require_step(opened, "agree")
questions = reads.figures(opened, "agree")["questions"]
question = agreement.question(list(questions))
facts = questions[question]
agreement.tiles(facts)

if facts.get("levels"):
    st.subheader("By level of the taxonomy")
    drawings.show(
        series(
            agreement.by_level(facts),
            x_title="level, 1 is the root",
            y_title="agreement",
            as_share=False,
        ),
        alt="Agreement by level",
    )
left, right = sides.sides("pairs")
pairs = reads.table(opened, "agree", agreed, "pairwise")
with left:
    st.subheader("Cohen's kappa by pair")
    names, kappas = agreement.square(pairs, question, "cohen_kappa")
    st.plotly_chart(matrix(names, names, kappas), alt="Cohen's kappa by pair of annotators")
with right:
    st.subheader("Percent agreement by pair")
    names, shares = agreement.square(pairs, question, "percent_agreement")
    st.plotly_chart(matrix(names, names, shares), alt="Percent agreement by pair of annotators")
st.subheader("Annotators")
tables.show(agreement.annotators(reads.table(opened, "agree", agreed, "annotators"), question))
models.answers(opened, pairs, question)

st.subheader("Where they part")
level = st.segmented_control(
    "At level",
    agreement.levels(facts),
    key="agreement.level",
    help="the first level of the path at which the votes differ",
)
rows = reads.disagreements(opened, agreed, question, level)
tables.show(rows, column_config={"who says what": st.column_config.TextColumn(width="large")})
links.to("review", "Review them", **({"level": str(level)} if level else {}))
