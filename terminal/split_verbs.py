"""split, check-split, certify: what may not be parted, and the proof that it was not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.errors import InputError
from catalog.wording import counted
from terminal.certificate_output import print_leaks
from terminal.options import HERE, Json, WorkspaceDir, fractions_of
from terminal.output import Bar, print_json, print_table, say, tell
from terminal.running import print_steps, run_steps, watched
from workspace.exports import certify_export
from workspace.files.brand_files import read_aliases
from workspace.files.checking import check_split_files
from workspace.files.plain_files import (
    split_file,
    split_settings,
)
from workspace.frozen_test import freezing
from workspace.progress import Progress
from workspace.reports.certificate import require_page, write_page
from workspace.split_costs import LEARNED, check_baseline, compare_random
from workspace.views.split_proof import shown_prompt_leaks
from workspace.views.splits import sizes, variation
from workspace.workspace import Workspace

LEAKED = 1

TextColumns = Annotated[
    list[str] | None,
    typer.Option("--text-columns", help="The columns that make the text of a row."),
]
IdColumn = Annotated[str | None, typer.Option(help="The id of each row; else its number from 0.")]
NearDuplicates = Annotated[
    float,
    typer.Option(help="Jaccard similarity of word sets from which texts are near-duplicates."),
]


BrandAliases = Annotated[
    Path | None,
    typer.Option(help="Names that are one brand: a table, a row a brand; JSON; a manifest."),
]
Placeholder = Annotated[
    list[str] | None,
    typer.Option(help="A value that stands where there is no identifier, so it ties nothing."),
]
Page = Annotated[
    Path | None, typer.Option("--html", help="Write the certificate as a page for people.")
]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(split)
    app.command("check-split")(check_split)
    app.command()(certify)


def split(
    file: Annotated[
        Path | None, typer.Argument(help="A file to split; the gold of the workspace without it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder for the files of the splits.")
    ] = None,
    group_column: Annotated[
        list[str] | None, typer.Option(help="A column whose values may not cross.")
    ] = None,
    text_columns: TextColumns = None,
    id_column: IdColumn = None,
    workspace: WorkspaceDir = HERE,
    fractions: Annotated[
        str | None, typer.Option(help="Train, validation, test; or train, test.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="What may not cross: brand, query, time or none.")
    ] = None,
    near_duplicates: Annotated[
        float | None, typer.Option(help="Similarity that may not cross; 0 ties no texts.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Texts as sets of words, or of chars: character n-grams.")
    ] = None,
    ngram: Annotated[int | None, typer.Option(help="Characters of an n-gram, 2 to 7.")] = None,
    different_numbers: Annotated[
        str | None, typer.Option(help="Whether 128GB against 256GB ties (show) or not (break).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another split.")] = None,
    slack: Annotated[float | None, typer.Option(help="How far shares may be off.")] = None,
    proportion_slack: Annotated[
        float | None, typer.Option(help="How far a category may be off, as a share of its rows.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="What keeps its proportion: category, label, attributes, price, language."
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(help="Number what is not in test for cross-validation; 0 for none."),
    ] = None,
    time_column: Annotated[
        str | None, typer.Option(help="The time of a row, for --by time.")
    ] = None,
    freeze: Annotated[
        bool | None,
        typer.Option(help="Keep the test set as it is now, whatever is added; or let it go again."),
    ] = None,
    frozen_test: Annotated[
        Path | None, typer.Option(help="Of a FILE: the test set that was cut before.")
    ] = None,
    frozen_ties: Annotated[
        str | None, typer.Option(help="New rows that tie to the frozen test: drop, or into test.")
    ] = None,
    overflow: Annotated[
        str | None, typer.Option(help="A group larger than a split: assign, break or drop.")
    ] = None,
    generic: Annotated[
        list[str] | None, typer.Option(help="A brand that ties nothing, such as the shop's own.")
    ] = None,
    brand_aliases: BrandAliases = None,
    placeholder: Placeholder = None,
    keep_publisher: Annotated[
        bool | None, typer.Option(help="Put rows where their publisher put them, whatever leaks.")
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare-random", help="Score a baseline here and on a random split, too."),
    ] = False,
    baseline: Annotated[
        str | None,
        typer.Option(help="For --compare-random: linear by itself; knn or majority."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Split again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Split so that no brand, identifier or near-duplicate crosses; a file or the workspace."""
    changes: dict[str, Any] = {
        "fractions": None if fractions is None else list(fractions_of(fractions)),
        "by": by,
        "near_duplicates": near_duplicates,
        "unit": unit,
        "ngram": ngram,
        "different_numbers": different_numbers,
        "seed": seed,
        "slack": slack,
        "overflow": overflow,
        "generic_brands": generic,
        "placeholders": placeholder,
        "keep_publisher": keep_publisher,
        "proportion_slack": proportion_slack,
        "keep": keep,
        "folds": folds,
        "time_column": time_column,
        "frozen_ties": frozen_ties,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    if baseline is not None and not compare:
        raise InputError("--baseline is for --compare-random: it is what is scored on both splits.")
    if baseline is not None:
        check_baseline(baseline)
    if file is None:
        opened = Workspace(workspace)
        if brand_aliases is not None:
            raise InputError(
                "--brand-aliases is for a FILE; of a workspace, decide with `goldshelf brands "
                "accept`, or name brand_aliases in [split]."
            )
        if frozen_test is not None:
            raise InputError("--frozen-test is for a FILE; of a workspace, split with --freeze.")
        of_files = {
            "--out": out,
            "--group-column": group_column,
            "--text-columns": text_columns,
            "--id-column": id_column,
        }
        for option, value in of_files.items():
            if value:
                raise InputError(
                    f"{option} is for a FILE, named before it; a workspace is split by [split]."
                )
        with opened.trying("split", **changes), _freezing(opened, freeze):
            snapshots = run_steps(opened, ["split"], force=force)
        print_steps(opened, ["split"], snapshots, as_json and not compare)
        if not as_json:
            _print_splits(opened)
        if compare:
            _compare_random(opened, baseline or LEARNED, as_json)
        else:
            _tell_prompt_leaks(opened, as_json)
        return
    if compare:
        raise InputError("--compare-random is of a workspace, whose categories it learns.")
    if force:
        raise InputError("--force is of a workspace: a FILE is split whenever it is asked.")
    if freeze is not None:
        raise InputError("--freeze is of a workspace; of a FILE, name --frozen-test TEST.")
    if out is None:
        raise InputError("split FILE needs --out DIR, the folder for the files of the splits.")
    if brand_aliases is not None:
        changes["brand_aliases"] = read_aliases(brand_aliases)
    with Bar() as bar:
        made = split_file(
            file, out, split_settings(changes), group_columns=group_column or [],
            columns=text_columns or [], id_column=id_column, frozen_test=frozen_test,
            progress=Progress(verb="split", listen=bar.show),
        )  # fmt: skip
    for note in made["notes"]:
        tell(note)
    if as_json:
        print_json(made)
        return
    print_table(
        ["split", "rows", "share", "wanted", "file"],
        [
            (name, s["n_rows"], s["share"], s["wanted"], made["files"].get(name, ""))
            for name, s in made["splits"].items()
        ],
    )
    groups, rows = counted(made["n_groups"], "group"), counted(made["largest_group"], "row")
    say(f"{groups}, the largest of {rows}")


@contextmanager
def _freezing(opened: Workspace, freeze: bool | None) -> Iterator[None]:
    if freeze is None:
        yield
        return
    with freezing(opened, freeze=freeze) as told:
        yield
    tell(told)


def _print_splits(opened: Workspace) -> None:
    """The size of each split, and how far its categories are from those of all rows."""
    far = variation(opened)
    of = {
        name: far[name].to_list() if name in far.columns else [] for name in sizes(opened)["split"]
    }
    print_table(
        ["split", "rows", "share", "wanted", *(f"level {level}" for level in far["level"])],
        [(*row, *of[row[0]]) for row in sizes(opened).rows()],
        title="total variation of categories against all rows, by level" if far.height else "",
    )


def _compare_random(opened: Workspace, baseline: str, as_json: bool) -> None:
    with watched(opened, "split --compare-random") as progress:
        body = compare_random(opened, baseline, progress=progress)
        progress.close()
    if as_json:
        print_json(body)
    else:
        say(body["told"])


def _tell_prompt_leaks(opened: Workspace, as_json: bool) -> None:
    """Where answers stand in their questions; JSON has them in the snapshot."""
    rows = shown_prompt_leaks(opened)
    if rows and not as_json:
        print_table(
            ["answer", "stands in", "rows asked", "share"], rows, title="answers in the input"
        )


def check_split(
    train: Annotated[Path, typer.Argument(help="The rows that were learned from.")],
    test: Annotated[Path, typer.Argument(help="The rows that are held out.")],
    group_column: Annotated[
        list[str] | None, typer.Option(help="A column whose values may not cross.")
    ] = None,
    text_columns: TextColumns = None,
    near_duplicates: NearDuplicates = 0.8,
    generic: Annotated[
        list[str] | None, typer.Option(help="A brand that ties nothing, such as the shop's own.")
    ] = None,
    placeholder: Placeholder = None,
    brand_aliases: BrandAliases = None,
    id_column: IdColumn = None,
    html: Page = None,
    as_json: Json = False,
) -> int:
    """Check any two files for leaks: shared groups, equal texts, near-duplicates. Exit 1 if any."""
    if html is not None:
        require_page(html)
    with Bar() as bar:
        checked = check_split_files(
            train, test, group_columns=group_column or [], columns=text_columns or [],
            near_duplicates=near_duplicates, generic_brands=generic, placeholders=placeholder,
            brand_aliases=brand_aliases, id_column=id_column,
            progress=Progress(verb="check-split", listen=bar.show),
        )  # fmt: skip
    found = checked.found
    n_leaking = len(found.leaking_rows)
    for note in checked.notes:
        tell(note)
    if html is not None:
        written = write_page(checked.certificate, html, f"{train.name} and {test.name}")
        tell(f"{written}: the certificate as a page")
    if as_json:
        body = checked.certificate.as_json()
        print_json(
            {**found.as_json(), **{key: body[key] for key in ("files", "tables", "settings")}}
        )
    else:
        body = found.as_json()
        hidden = ("leaking_rows", "leaks", "sample", "by_text")
        print_table(
            ["", ""], [(k.replace("_", " "), v) for k, v in body.items() if k not in hidden]
        )
        if found.leaks:
            print_table(
                ["kind", "train row", "test row", "key", "similarity"],
                found.listed.head(20).iter_rows(),
            )
        say(
            f"leaks: {counted(n_leaking, 'row')} of {test} {'stands' if n_leaking == 1 else 'stand'} "
            f"in {train} in one way or another."
            if found.leaks
            else "nothing leaks."
        )
    return LEAKED if found.leaks else 0


def certify(
    name: Annotated[str | None, typer.Argument(help="An export; that of the settings.")] = None,
    workspace: WorkspaceDir = HERE,
    html: Page = None,
    as_json: Json = False,
) -> int:
    """Certify an export again, from its files as they lie there. Exit 1 if anything leaks."""
    opened = Workspace(workspace)
    if html is not None:
        require_page(html)
    with watched(opened, "certify") as progress:
        found = certify_export(opened, name, progress=progress)
        progress.close()
    if html is not None:
        tell(f"{write_page(found.certificate, html, found.name)}: the certificate as a page")
    if as_json:
        print_json(found.as_json())
    else:
        between = found.certificate.as_json()["between"]
        print_leaks(between, found.name, with_queries=found.has_queries)
        for file in found.touched:
            tell(
                f"goldshelf: {found.name}/{file} is not what was exported: it is gone, or its hash "
                "differs from the manifest's. Write it again with `goldshelf export --force`."
            )
        say("nothing leaks." if not found.certificate.leaks else "it leaks: do not train on it.")
    return 0 if found.is_sound else LEAKED
