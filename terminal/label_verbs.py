"""label, agree: votes of the annotators, and how far they agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import InputError
from terminal import batch_verbs, models_verbs
from terminal.options import HERE, Batch, Collect, Json, Resume, Wait, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import run_verb, snapshots_json, watched
from workspace import way
from workspace.models.engines import Engine
from workspace.snapshots import Snapshot
from workspace.workspace import Workspace

if TYPE_CHECKING:
    from workspace.files.vote_files import FileAgreement

_COEFFICIENTS = {
    "percent_agreement": "percent agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "krippendorff_alpha_taxonomy": "alpha by taxonomy distance",
}
_PAIR = (
    "annotator_a", "annotator_b", "n_items", "percent_agreement",
    "cohen_kappa", "cohen_kappa_low", "cohen_kappa_high",
)  # fmt: skip
_ANNOTATOR = (
    "annotator_id", "n_votes", "n_abstained", "coverage", "overlaps", "conflicts",
    "agreement_others", "agreement_consensus",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    for verb in (label, agree):
        app.command()(verb)


def label(
    workspace: WorkspaceDir = HERE,
    annotators: Annotated[
        str | None,
        typer.Option(help="Who votes: some of source,knn,linear,lexical, or models by name."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what asking the models would take; send nothing.")
    ] = False,
    try_: Annotated[
        int | None,
        typer.Option("--try", min=1, help="Ask the models about that many rows; show everything."),
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="Ask the models, and never spend more than this.")
    ] = None,
    resume: Resume = False,
    batch: Batch = False,
    collect: Collect = False,
    wait: Wait = False,
    give_up: Annotated[
        str | None, typer.Option(help="Close a batch that nobody can collect any more.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Where models are asked from: this process, or a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            help="The Ray cluster, HOST:PORT; left out, RAY_ADDRESS or a Ray of this machine."
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Label even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Let annotators vote: those that need no key, and language models within a budget."""
    opened = Workspace(workspace)
    names = [name.strip() for name in annotators.split(",")] if annotators is not None else None
    if engine == "ray" and (plan or try_ is not None or batch or collect or wait or give_up):
        raise InputError(
            "--engine ray asks about all records, as --budget-usd does: leave out --plan, --try, "
            "--batch, --collect, --wait and --give-up."
        )
    if give_up is not None:
        batch_verbs.give_up(opened, give_up, as_json)
        return
    if collect or wait:
        batch_verbs.collect(opened, names, wait, as_json)
        return
    if batch:
        batch_verbs.hand_in(opened, names, budget_usd, resume, as_json)
        return
    models = None if names is None else [n for n in names if n in opened.settings.annotators]
    if plan or try_ is not None or budget_usd is not None or models or engine == "ray":
        told = models_verbs.Asked(plan, try_, budget_usd, resume, engine, address)
        models_verbs.ask(opened, names, told, as_json)
        return
    if names is not None:
        opened.change("label", annotators=names)
    run_verb(workspace, ["label"], as_json, force=force)
    if as_json:
        return
    figures = Workspace(workspace).snapshot("label").figures
    print_table(
        ["annotator", "votes", "abstained", "coverage", "mean score"],
        [
            (name, f["n_votes"], f["n_abstained"], f["coverage"], f["mean_score"])
            for name, f in figures["annotators"].items()
        ],
    )


def agree(
    file: Annotated[
        Path | None,
        typer.Argument(help="A file of votes, one a row; the votes of the workspace without it."),
    ] = None,
    item: Annotated[str | None, typer.Option(help="The column that names the item.")] = None,
    annotator: Annotated[str | None, typer.Option(help="The column that names who voted.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the label.")] = None,
    level: Annotated[
        str, typer.Option(help="What labels are: nominal, ordinal, interval, ratio or taxonomy.")
    ] = "nominal",
    order: Annotated[
        str | None, typer.Option(help="Ordinal labels from low to high, parted by commas.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A column that is the same for items that depend.")
    ] = None,
    header: Annotated[
        bool, typer.Option(help="Whether the first line names the columns.", show_default=False)
    ] = True,
    out: Annotated[
        Path | None, typer.Option(help="Where the consensus goes: .csv, .parquet …")
    ] = None,
    workspace: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Measure how far annotators agree: percent, Fleiss' kappa, Krippendorff's alpha, pairs."""
    if file is None:
        _agree_in_workspace(workspace, as_json)
        return
    from workspace.files.vote_files import VoteFile, agree_file

    labels = [] if order is None else [name.strip() for name in order.split(",")]
    asked = VoteFile(file, item, annotator, label, cluster, level, labels, header)
    found = agree_file(asked, out)
    for note in found.notes:
        tell(note)
    if as_json:
        print_json(found.as_json())
    else:
        _print_file(found)


def _print_file(found: FileAgreement) -> None:
    counts = found.counts
    say(
        f"{counts['n_votes']:,} votes of {counts['n_annotators']:,} annotators on "
        f"{counts['n_items']:,} items, {counts['n_paired_items']:,} of them with two votes or more"
    )
    print_table(
        ["coefficient", "value", "from", "to", ""],
        [
            (_named(name, found.level), e.value, e.low, e.high, e.reason)
            for name, e in vars(found.found).items()
        ],
    )
    if found.by_level:
        _print_levels(found.by_level)
    if found.pairwise.height:
        print_table(_headings(_PAIR), found.pairwise.select(_PAIR).iter_rows())


def _named(name: str, level: str) -> str:
    of_level = f", {level}" if name == "krippendorff_alpha" else ""
    return _COEFFICIENTS[name] + of_level


def _agree_in_workspace(folder: Path, as_json: bool) -> None:
    workspace = Workspace(folder)
    with watched(workspace, "agree") as progress:
        made = way.run(workspace, "agree", progress=progress)
    for snapshot in made:
        for note in snapshot.notes:
            tell(f"{snapshot.step}: {note}")
    shown = workspace.snapshot("agree")
    if as_json:
        tables = {name: shown.read(name).to_dicts() for name in ("annotators", "pairwise")}
        print_json({**snapshots_json([shown], made), **shown.figures, **tables})
        return
    for question, figures in shown.figures["questions"].items():
        _print_question(shown, question, figures)


def _print_question(shown: Snapshot, question: str, figures: dict[str, Any]) -> None:
    say(
        f"{question}: {figures['n_votes']:,} votes of {figures['n_annotators']} annotators on "
        f"{figures['n_items']:,} records; {figures['n_unanimous']:,} unanimous, "
        f"{figures['n_ties']:,} ties"
    )
    told = [(name, figures[key]) for key, name in _COEFFICIENTS.items() if key in figures]
    print_table(
        ["coefficient", "value", "from", "to", ""],
        [
            (name, _number(e, "value"), _number(e, "low"), _number(e, "high"), e.get("reason"))
            for name, e in told
        ],
    )
    if figures.get("levels"):
        _print_levels(figures["levels"])
    for table, columns in (("annotators", _ANNOTATOR), ("pairwise", _PAIR)):
        rows = shown.scan(table).filter(question=question).select(columns).collect()
        if rows.height:
            print_table(_headings(columns), rows.iter_rows())


def _print_levels(levels: list[dict[str, Any]]) -> None:
    names = [name for name in _COEFFICIENTS if name in levels[0]]
    print_table(
        ["level", *(_COEFFICIENTS[name] for name in names)],
        [(row["level"], *(_number(row[name], "value") for name in names)) for row in levels],
    )


def _number(estimate: dict[str, Any], key: str) -> float:
    value = estimate[key]
    return float("nan") if value is None else float(value)


def _headings(columns: tuple[str, ...]) -> list[str]:
    return [name.replace("_", " ") for name in columns]
