"""What the Rate page does: one answer at a time, every press stored before anything is drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import polars as pl
import streamlit as st

from catalog.criteria import ASKED, CRITERIA, CRITERION_WORDS, YES_MEANS, Criterion
from catalog.errors import GoldshelfError
from catalog.wording import counted
from ui import address, files, links, reads, safe, session, tables
from workspace.models.rating import MOST, SEED, rate_run, rating_sheet, told_of, written_ratings
from workspace.review.ratings import Said, Word, rate
from workspace.review.undoing import undo
from workspace.views.judged import runs_to_judge
from workspace.views.rating import Standing, agreeing, drawn, standing
from workspace.workspace import Workspace

SHOWN, TOLD, VIEW, AGAIN = "rate.shown", "rate.told", "rate.view", "rate.again"
ALL = "all runs, mixed"
_PRESSES: tuple[tuple[str, str, Word], ...] = (
    ("Yes", "Y", "yes"), ("No", "N", "no"), ("Skip", "S", "skip"),
)  # fmt: skip
_TEXTS_HEIGHT = 420
_BASIS = ("load", "curate", "split")


@dataclass(frozen=True)
class Asked:
    """Which answers a person rates, and by what."""

    runs: tuple[str, ...]
    criterion: Criterion
    n: int
    seed: int


def asked(opened: Workspace, split: str) -> Asked:
    """What the person wants to rate; where no run answers questions, the page says so and ends."""
    runs = runs_to_judge(opened, split)
    if not runs:
        st.info("No run here answers questions. Bring one in, and its answers can be rated.")
        links.to("results")
        st.stop()
    left, middle, right, last = st.columns([3, 3, 1, 1], vertical_alignment="bottom")
    options = [ALL, *runs] if len(runs) > 1 else runs
    run = address.kept(
        left.selectbox, "Answers of", options, key="run", default=options[0],
        help="Mixed, nobody sees which model gave an answer.",
    )  # fmt: skip
    criterion = cast(
        "Criterion",
        address.kept(
            middle.selectbox, "Rated by", CRITERIA, key="criterion", default=CRITERIA[0],
            format_func=CRITERION_WORDS.get,
        ),
    )  # fmt: skip
    n = right.number_input(
        "Of each run", 1, value=MOST, step=20, key="n", bind="query-params",
        help="Drawn at random, whatever a judge said. More of them include those of before.",
    )  # fmt: skip
    seed = last.number_input(
        "Seed", 0, value=SEED, key="seed", bind="query-params",
        help="With the same seed all people rate the same answers.",
    )  # fmt: skip
    return Asked(tuple(runs) if run == ALL else (run,), criterion, int(n), int(seed))


def answers(opened: Workspace, wanted: Asked) -> pl.DataFrame:
    """The answers that were drawn; where there are none, the page says why and ends."""
    steps = (*_BASIS, *(f"predictions/{run}" for run in wanted.runs))
    try:
        found: pl.DataFrame = reads.view(
            opened, steps, drawn, wanted.runs, wanted.criterion, wanted.n, wanted.seed
        )
    except GoldshelfError as error:
        st.info(safe.markdown(error))
        st.stop()
    return found


def current(
    opened: Workspace, wanted: Asked, rows: pl.DataFrame
) -> tuple[Standing, dict[str, Any] | None]:
    """How far the person is, and the answer to show: one that was undone, else the first waiting."""
    who, state = session.reviewer(), st.session_state
    view = (opened.root, who, wanted)
    if state.get(VIEW) != view:
        state[VIEW], state[SHOWN], state[AGAIN] = view, None, []
    found = standing(opened, rows, wanted.criterion, who)
    if state[SHOWN] is None and found.waiting.height:
        state[SHOWN] = _named(found.waiting.row(0, named=True))
    if state[SHOWN] is None and state[AGAIN]:
        state[SHOWN] = state[AGAIN].pop(0)
    if state[SHOWN] is None:
        return found, None
    example_id, mark = state[SHOWN]
    held = rows.filter(example_id=example_id, mark=mark)
    return found, held.row(0, named=True) if held.height else None


def progress(found: Standing) -> None:
    """How far the person is, and what the last press did."""
    told = f"{found.n_rated:,} of {found.n:,} rated"
    if found.n_skipped:
        told += f", {found.n_skipped:,} skipped"
    st.progress((found.n_rated + found.n_skipped) / found.n, text=told)
    st.caption(st.session_state.get(TOLD) or "Every press is stored; there is no save button.")


def show(shown: dict[str, Any], criterion: Criterion) -> None:
    """Question, answer and, where they count, the given texts: never the gold, the judge or the run."""
    st.markdown("**Question**")
    st.text(shown["question"])
    st.markdown("**Answer**")
    st.text(shown["answer"])
    if criterion == "faithfulness":
        st.markdown(f"**Texts** ({len(shown['contexts']):,})")
        with st.container(height=_TEXTS_HEIGHT):
            for at, text in enumerate(shown["contexts"]):
                if at:
                    st.divider()
                st.text(text)


def buttons(opened: Workspace, shown: dict[str, Any], criterion: Criterion) -> None:
    """Yes, no, skip and undo, each with its key.

    The buttons are this answer's own: a press that comes late never falls on the next one.
    """
    st.markdown(f"**{ASKED[criterion]}**")
    st.caption(YES_MEANS[criterion])
    for label, shortcut, word in _PRESSES:
        st.button(
            label,
            shortcut=shortcut,
            key=f"rate.{word}.{criterion}.{'.'.join(_named(shown))}",
            width="stretch",
            on_click=_rate,
            args=(opened, shown, criterion, word),
            help="You cannot tell: it counts nowhere" if word == "skip" else None,
        )
    undo_button(opened, criterion)
    st.caption(f"as {safe.markdown(session.reviewer())} · Y yes · N no · S skip · Z undo")


def undo_button(opened: Workspace, criterion: Criterion) -> None:
    """Take back the last rating."""
    st.button(
        "Undo", shortcut="Z", key="rate.undo", width="stretch", on_click=_undo,
        args=(opened, criterion),
    )  # fmt: skip


def done(opened: Workspace, found: Standing, criterion: Criterion) -> None:
    """Everything that was drawn was looked at."""
    st.success(f"Done: {counted(found.n, 'answer')} looked at, {found.n_rated:,} of them rated.")
    row = st.container(horizontal=True)
    with row:
        if found.n_skipped:
            st.button(
                f"Look at the {found.n_skipped:,} skipped again",
                on_click=_again,
                args=(found.skipped,),
                key="rate.look_again",
            )
        undo_button(opened, criterion)
    links.to("results", "To Results: how far judge and people agree")


def people(opened: Workspace, wanted: Asked) -> None:
    """What people said so far, to and from files; read when it is opened."""
    folded = st.expander(
        "What people said, to and from files", on_change="rerun", key="rate.people"
    )
    if not folded.open:
        return
    with folded:
        found = agreeing(opened, wanted.runs)
        if found:
            tables.show(pl.DataFrame([_line(one) for one in found]).unique(maintain_order=True))
        else:
            st.caption("Nobody has rated an answer of these runs.")
        _files(opened, wanted, is_rated=bool(found))


def _files(opened: Workspace, wanted: Asked, *, is_rated: bool) -> None:
    row = st.container(horizontal=True)
    if is_rated:
        row.download_button(
            "Ratings (CSV)",
            lambda: written_ratings(opened, wanted.runs).write_csv().encode(),
            file_name="ratings.csv",
            icon=":material/download:",
            on_click="ignore",
        )
    if len(wanted.runs) > 1:
        st.caption("Choose one run to take in a file of ratings, or to have a sheet to fill in.")
        return
    [run] = wanted.runs
    row.download_button(
        "Sheet to fill in (CSV)",
        lambda: rating_sheet(
            opened, run, wanted.criterion, n=wanted.n, seed=wanted.seed, reviewer=session.reviewer()
        ).write_csv().encode(),
        file_name="sheet.csv",
        icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip
    path = files.dropped("Ratings from a file: human_relevance, human_faithfulness", "rate.file")
    if path is None or not st.button("Take them in", icon=":material/upload:", key="rate.take_in"):
        return
    try:
        read = rate_run(opened, run, path, reviewer=session.reviewer())
    except GoldshelfError as error:
        files.refuse(error)
        return
    told = told_of(read)
    st.success(f"{counted(told['n_taken'], 'rating')} taken in, {told['n_same']:,} known before.")
    files.notes(read.notes)


def _line(one: Any) -> dict[str, Any]:
    people = one.people
    return {
        "run": one.run,
        "by": one.criterion,
        "answers rated": people.n_rated,
        "by whom": ", ".join(people.raters),
        "equally divided": people.n_divided,
        "agreement between people": people.between.as_json()["value"],
        "alpha": people.alpha.as_json()["value"],
    }


def _named(shown: dict[str, Any]) -> tuple[str, str]:
    return str(shown["example_id"]), str(shown["mark"])


def _rate(opened: Workspace, shown: dict[str, Any], criterion: Criterion, word: Word) -> None:
    if st.session_state.get(SHOWN) != _named(shown):
        return
    try:
        rate(opened, [Said(criterion, *_named(shown), word)], session.reviewer())
    except GoldshelfError as error:
        st.session_state[TOLD] = f":material/error: {safe.markdown(error)}"
        return
    st.session_state[TOLD] = f":material/check: {word} · {safe.markdown(shown['answer'], 60)}"
    st.session_state[SHOWN] = None


def _undo(opened: Workspace, criterion: Criterion) -> None:
    try:
        undone = undo(opened, session.reviewer(), of="ratings")
    except GoldshelfError as error:
        st.session_state[TOLD] = f":material/error: {safe.markdown(error)}"
        return
    last = undone[-1]
    told = counted(len(undone), "rating")
    st.session_state[TOLD] = f":material/undo: {told} undone · {safe.markdown(last.record_id)}"
    is_here = last.question == f"rating:{criterion}"
    mark = str((last.before or {}).get("mark"))
    st.session_state[SHOWN] = (last.record_id, mark) if is_here else None


def _again(skipped: pl.DataFrame) -> None:
    st.session_state[AGAIN] = [_named(row) for row in skipped.iter_rows(named=True)]
    st.session_state[SHOWN] = None
