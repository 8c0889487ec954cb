"""rate, ratings: what the Rate page does, scriptable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.criteria import ASKED, CRITERIA, Criterion
from catalog.errors import InputError
from catalog.wording import counted
from terminal.evaluation_options import Key
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from workspace.files.plain_files import write_frame
from workspace.models.judge_questions import TASK
from workspace.models.rating import (
    MOST,
    SEED,
    rate_run,
    rating_sheet,
    say_of,
    told_of,
    written_ratings,
)
from workspace.review.decisions import default_reviewer
from workspace.review.ratings import Word
from workspace.runs.scoring import list_runs
from workspace.views.rating import agreeing, drawn, standing
from workspace.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command("rate")(rate)
    app.command("ratings")(ratings)


def rate(
    run: Annotated[str, typer.Argument(help="A run that answers questions.")],
    example: Annotated[str | None, typer.Argument(help="The answer to this row is rated.")] = None,
    workspace: WorkspaceDir = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="It is relevant, or supported.")] = False,
    no: Annotated[bool, typer.Option("--no", help="It is not.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Nobody can tell: counts nowhere.")] = False,
    criterion: Annotated[str, typer.Option(help="relevance or faithfulness.")] = CRITERIA[0],
    reviewer: Annotated[
        str | None, typer.Option(help="Who rates; the user of this machine.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file of human_relevance, human_faithfulness (yes or no) by key, and rater, "
            "rated_at where there are.",
        ),
    ] = None,
    key: Key = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write the answers that were drawn, to be rated elsewhere."),
    ] = None,
    n: Annotated[int, typer.Option("--of", min=1, help="How many answers are drawn.")] = MOST,
    seed: Annotated[int, typer.Option(min=0, help="With which seed they are drawn.")] = SEED,
    as_json: Json = False,
) -> None:
    """Show which answer of a run waits to be rated; rate one; or take in, or write, a sheet of them."""
    opened, by = Workspace(workspace), _criterion(criterion)
    words: dict[Word, bool] = {"yes": yes, "no": no, "skip": skip}
    said = [word for word, is_said in words.items() if is_said]
    asked = sum((example is not None, from_file is not None, sheet is not None))
    if asked > 1:
        raise InputError("rate: name an answer, --from FILE or --sheet FILE, one of them.")
    if (len(said) == 1) != (example is not None) or len(said) > 1:
        raise InputError("rate: an answer is named with one of --yes, --no, --skip.")
    if from_file is not None:
        _take_in(opened, run, from_file, key, reviewer, as_json)
    elif sheet is not None:
        rows = rating_sheet(opened, run, by, n=n, seed=seed, reviewer=reviewer)
        write_frame(rows, sheet)
        _end(as_json, {"sheet": str(sheet), "n_answers": rows.height},
             f"{sheet}: {counted(rows.height, 'answer')}; fill in human_{by} and bring it back with "
             f"--from {sheet}")  # fmt: skip
    elif example is not None:
        taken = say_of(opened, run, example, by, said[0], reviewer)
        _end(as_json, {"log": [entry.as_json() for entry in taken.entries]},
             f"{example}: {said[0]}" if taken.entries else f"{example}: {said[0]}, as before")  # fmt: skip
    else:
        _show_next(opened, run, by, n, seed, reviewer, as_json)


def ratings(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs; all that answer questions where none is named."),
    ] = None,
    workspace: WorkspaceDir = HERE,
    out: Annotated[
        Path | None, typer.Option(help="Write every rating, to be read with rate --from.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how far people agree on the answers of runs, with each other and with each judge."""
    opened = Workspace(workspace)
    names = runs or [run.name for run in list_runs(opened) if run.task == TASK]
    if not names:
        raise InputError(f"{workspace}: no run here answers questions. Bring one in: import-run.")
    rows = written_ratings(opened, names)
    if out is not None:
        write_frame(rows, out)
    found = agreeing(opened, tuple(names))
    for note in dict.fromkeys(f"{one.run}: {note}" for one in found for note in one.people.notes):
        tell(note)
    if as_json:
        body = [
            {"run": one.run, "criterion": one.criterion, "judge": one.judge or None}
            | one.people.as_json()
            for one in found
        ]
        print_json({"agreement": body, "ratings": rows.to_dicts() if out is None else str(out)})
        return
    for one in found:
        people = one.people
        judge = f", judged by {one.judge}" if one.judge else ""
        print_table(
            ["", "value", "low", "high", "rows", "what it is"],
            [
                (name, made.value, made.low, made.high, made.n, made.reason or words)
                for name, made, words in people.lines
                if one.judge or "between" in name
            ],
            title=f"{one.run}, {one.criterion}{judge}: {counted(people.n_rated, 'answer')} rated by "
            + ", ".join(people.raters),
        )
    if not found:
        say("nobody has rated an answer of these runs: goldshelf rate RUN shows one")
    if out is not None:
        say(f"{out}: {counted(rows.height, 'rating')}")


def _criterion(told: str) -> Criterion:
    if told not in CRITERIA:
        raise InputError(f"--criterion {told}: expected {' or '.join(CRITERIA)}.")
    return told


def _take_in(
    opened: Workspace, run: str, path: Path, key: str | None, reviewer: str | None, as_json: bool
) -> None:
    body = told_of(rate_run(opened, run, path, key=key, reviewer=reviewer))
    for note in body["notes"]:
        tell(note)
    told = f"{counted(body['n_taken'], 'rating')} taken in, {body['n_same']:,} known before"
    _end(as_json, body, told)


def _show_next(
    opened: Workspace,
    run: str,
    criterion: Criterion,
    n: int,
    seed: int,
    reviewer: str | None,
    as_json: bool,
) -> None:
    found = standing(
        opened,
        drawn(opened, (run,), criterion, n, seed),
        criterion,
        reviewer or default_reviewer(),
    )
    counts = {"n": found.n, "n_rated": found.n_rated, "n_skipped": found.n_skipped}
    waiting = next(found.waiting.iter_rows(named=True), None)
    if as_json:
        print_json({**counts, "waiting": waiting})
        return
    if waiting is not None:
        say(
            f"{ASKED[criterion]}  (goldshelf rate {run} {waiting['example_id']} --yes, --no or --skip)"
        )
        say(f"question: {waiting['question']}")
        say(f"answer: {waiting['answer']}")
        for text in waiting["contexts"] if criterion == "faithfulness" else ():
            say(f"text: {text}")
    say(f"{found.n_rated:,} of {found.n:,} rated, {found.n_skipped:,} skipped")


def _end(as_json: bool, body: dict[str, Any], told: str) -> None:
    if as_json:
        print_json(body)
    else:
        say(told)
