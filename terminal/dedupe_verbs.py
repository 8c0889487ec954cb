"""dedupe, recluster: the near-duplicates of a file, and its clusters at another threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from terminal.options import Json, needs
from terminal.output import Bar, print_json, print_table, say, tell
from terminal.split_verbs import IdColumn, TextColumns
from workspace.files.near_duplicates import MARGIN, Asked, dedupe_file, likeness_of, recluster_file
from workspace.models.engines import Engine
from workspace.progress import Progress

_TOLD = ["left_id", "right_id", "only_left", "only_right", "differs"]
_WORDS = 6
_APART = ("accepted", "refused", "clusters", "curve", "notes")


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command()(dedupe)
    app.command()(recluster)


def dedupe(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines, JSON, Parquet or XLSX.")],
    text_columns: TextColumns = None,
    threshold: Annotated[float, typer.Option(help="Jaccard similarity, over 0 up to 1.")] = 0.8,
    out: Annotated[Path | None, typer.Option(help="Where the pairs go: .parquet, .csv …")] = None,
    first_alone: Annotated[
        bool, typer.Option(help="Compare the first column alone too, as split does.")
    ] = False,
    unit: Annotated[
        Literal["words", "chars"], typer.Option(help="Sets of words, or of character n-grams.")
    ] = "words",
    ngram: Annotated[
        int | None, typer.Option(help="Characters of an n-gram, 2 to 7; 5 without it.")
    ] = None,
    different_numbers: Annotated[
        Literal["show", "break"],
        typer.Option(help="Whether 128GB against 256GB is shown, or makes two texts no pair."),
    ] = "show",
    margin: Annotated[
        float, typer.Option(help="How far under the threshold to look for what is nearly a pair.")
    ] = MARGIN,
    id_column: IdColumn = None,
    max_pairs: Annotated[
        int | None,
        typer.Option(help="List about this many pairs (ten million); clusters stay whole."),
    ] = None,
    embedding: Annotated[
        str | None, typer.Option(help="Tie texts by meaning too, by this embedding model.")
    ] = None,
    meaning_from: Annotated[
        float | None, typer.Option(help="Cosine from which meanings tie; .9 without it.")
    ] = None,
    pictures: Annotated[
        str | None, typer.Option(help="Tie rows by the picture too, whose file this column names.")
    ] = None,
    pictures_from: Annotated[
        Path | None,
        typer.Option(help="Folder or zip file with the pictures; beside the file without it."),
    ] = None,
    picture_bits: Annotated[
        int | None,
        typer.Option(help="By how many of 64 bits the hashes of two pictures may differ; 6."),
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Compare here, or over a Ray cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster; one of this machine without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find every near-duplicate pair of a file: none missed, none false."""
    needs("--unit chars", unit == "chars", ngram=ngram)
    needs("--embedding", embedding is not None, meaning_from=meaning_from)
    needs(
        "--pictures", pictures is not None, pictures_from=pictures_from, picture_bits=picture_bits
    )
    needs("--engine ray", engine == "ray", address=address)
    given: dict[str, Any] = {
        "meaning_from": meaning_from,
        "picture_bits": picture_bits,
        "max_pairs": max_pairs,
    }
    asked = Asked(
        threshold=threshold, likeness=likeness_of(unit, ngram, different_numbers),
        first_alone=first_alone, margin=margin, embedding=embedding, pictures=pictures,
        pictures_from=pictures_from, engine=engine, address=address,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    with Bar() as bar:
        found = dedupe_file(
            file, text_columns or ["title"], asked, out, id_column=id_column,
            progress=Progress(verb="dedupe", listen=bar.show),
        )  # fmt: skip
    for note in found["notes"]:
        tell(note)
    if as_json:
        print_json(found)
        return
    _print_figures(found)
    _print_pairs("least similar of the accepted pairs", found["accepted"])
    _print_pairs("most similar of the refused pairs that would join clusters", found["refused"])
    names = ["n_rows", "weakest", *_TOLD]
    rows = [tuple(_cut(cluster[name]) for name in names) for cluster in found["clusters"]]
    if rows:
        heads = ["rows", "weakest tie", *_headed(_TOLD)]
        alone = ", by their texts alone" if "n_edges" in found else ""
        print_table(heads, rows, title=f"largest clusters{alone}")


def recluster(
    pairs: Annotated[Path, typer.Argument(help="The file that `dedupe --out` wrote.")],
    threshold: Annotated[float, typer.Option(help="As high as the margin of dedupe, or higher.")],
    out: Annotated[Path | None, typer.Option(help="Where the clusters go.")] = None,
    as_json: Json = False,
) -> None:
    """Clusters at another threshold, from what dedupe has kept: nothing is compared again."""
    made = recluster_file(pairs, threshold, out)
    if as_json:
        print_json(made)
        return
    _print_figures(made)


def _print_figures(found: dict[str, Any]) -> None:
    told = [(k.replace("_", " "), _short(v)) for k, v in found.items() if k not in _APART]
    print_table(["", ""], told)


def _print_pairs(title: str, pairs: list[dict[str, Any]]) -> None:
    if not pairs:
        say(f"{title}: none")
        return
    keys = ["similarity", *_TOLD]
    rows = [tuple(_cut(pair[key]) for key in keys) for pair in pairs]
    print_table(_headed(keys), rows, title=title)


def _headed(keys: list[str]) -> list[str]:
    return [key.replace("_", " ") for key in keys]


def _cut(value: Any) -> Any:
    """A cell of a table; of many words the first, and how many more there are."""
    words = value.split(" ") if isinstance(value, str) else []
    if len(words) <= _WORDS:
        return value
    return f"{' '.join(words[:_WORDS])} … {len(words) - _WORDS:,} more"


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
