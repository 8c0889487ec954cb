"""The verbs that need no workspace, each as a form over dropped files."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import streamlit as st

from stats.estimate import Estimate
from ui import files, tables
from ui.any_file import file_brands, file_split
from workspace.files.brand_files import read_aliases
from workspace.files.checking import check_split_files
from workspace.files.plain_files import split_file, split_settings
from workspace.files.vote_files import LEVELS, FileAgreement, VoteFile, agree_file
from workspace.progress import Progress
from workspace.reports.certificate import write_page

_COEFFICIENTS = {
    "percent_agreement": "Percent agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
}


def check_split() -> None:
    """Whether anything leaks between two files."""
    left, right = st.columns(2)
    train = files.dropped("Rows to learn from", "files.train", place=left)
    test = files.dropped("Rows held out", "files.test", place=right)
    names = files.columns(train, test) if train and test else None
    if train is None or test is None or names is None:
        return
    with st.form("files.check_split"):
        groups, texts, near, row_id = _what_ties(names)
        aliases = file_brands.aliases("files.check_split")
        generic = file_split.names_of_no_brand()
        placeholders = file_split.values_of_no_identifier()
        asked = _go("Check for leaks")
    found = files.outcome(
        "check_split",
        (train, test, aliases),
        asked,
        lambda news: check_split_files(
            train,
            test,
            group_columns=groups,
            columns=texts,
            near_duplicates=near,
            brand_aliases=aliases,
            generic_brands=generic,
            placeholders=placeholders,
            id_column=row_id,
            progress=news,
        ),
    )
    if found is None:
        return
    leaks = found.found
    files.notes(found.notes)
    if leaks.leaks:
        told = f"{len(leaks.leaking_rows):,} of the rows held out leak."
        st.error(told, icon=":material/gpp_bad:")
    else:
        st.success("Nothing leaks.", icon=":material/verified_user:")
    files.tiles(
        {
            "Shared groups": f"{leaks.shared_groups:,}",
            "Shared identifiers": f"{leaks.shared_identifiers:,}",
            "Pairs of equal texts": f"{leaks.exact_pairs:,}",
            "Near-duplicate pairs": f"{leaks.near_pairs:,}",
            "Largest similarity": _number(leaks.largest_similarity),
        }
    )
    if leaks.listed.height:
        tables.show(
            leaks.listed, column_config={"left_id": "row to learn from", "right_id": "row held out"}
        )
    page = files.folder("certificate") / "certificate.html"
    write_page(found.certificate, page, f"{train.name} and {test.name}")
    files.download("Certificate (HTML)", page, page.name)


def split() -> None:
    """A file in two or three parts that share nothing."""
    left, right = st.columns(2)
    path = files.dropped("A file to split", "files.split_file", place=left)
    frozen = files.dropped("Its frozen test, if one was cut before", "files.frozen", place=right)
    names = files.columns(path) if path else None
    if path is None or names is None:
        return
    with st.form("files.split"):
        groups, texts, near, row_id = _what_ties(names, 0.0)
        a, b, c = st.columns(3)
        train = a.number_input("Train %", 1, 99, 80)
        validation = b.number_input("Validation %", 0, 98, 10)
        seed = c.number_input("Seed", 0, 10**9, 7)
        aliases = file_brands.aliases("files.split")
        more = file_split.ways(names)
        asked = _go("Split the file")
    parts = [train, validation, 100 - train - validation]
    shares = [part / 100 for part in parts if part != 0]

    def run(news: Progress) -> dict[str, Any]:
        out = files.folder("split")
        chosen = {"fractions": shares, "near_duplicates": near, "seed": seed, **more}
        if aliases is not None:
            chosen["brand_aliases"] = read_aliases(aliases)
        shutil.rmtree(out, ignore_errors=True)
        made = split_file(
            path, out, split_settings(chosen), group_columns=groups, columns=texts,
            id_column=row_id, frozen_test=frozen, progress=news,
        )  # fmt: skip
        shutil.make_archive(str(files.folder("zip") / "splits"), "zip", out)
        return made

    made = files.outcome("split", (path, aliases, frozen), asked, run)
    if made is None:
        return
    files.notes(made["notes"])
    files.tiles(
        {
            "Groups": f"{made['n_groups']:,}",
            "Largest group": f"{made['largest_group']:,} rows",
            **{name: f"{part['n_rows']:,} rows" for name, part in made["splits"].items()},
        }
    )
    files.download("All parts (zip)", files.folder("zip") / "splits.zip", f"{path.stem}.zip")


def agree() -> None:
    """How far the votes of a file agree."""
    path = files.dropped("A file of votes, one a row", "files.votes")
    names = files.columns(path) if path else None
    if path is None or names is None:
        return
    with st.form("files.agree"):
        a, b, c, d = st.columns(4)
        item = _column(a, "Item", names, ("item", "record_id"), 0)
        annotator = _column(b, "Annotator", names, ("annotator", "annotator_id"), 1)
        label = _column(c, "Label", names, ("label", "value"), 2)
        level = d.selectbox("Labels are", LEVELS)
        asked = _go("Measure agreement")
    consensus = files.folder("agree") / "consensus.csv"
    found = files.outcome(
        "agree",
        (path,),
        asked,
        lambda _: agree_file(VoteFile(path, item, annotator, label, level=level), consensus),
    )
    if found is not None:
        _show_agreement(found, consensus)


def _show_agreement(found: FileAgreement, consensus: Path) -> None:
    files.notes(found.notes)
    counts = found.counts
    st.caption(
        f"{counts['n_votes']:,} votes of {counts['n_annotators']:,} annotators on "
        f"{counts['n_items']:,} items, {counts['n_paired_items']:,} of them with two votes or more"
    )
    for tile, (name, told) in zip(st.columns(3), _COEFFICIENTS.items(), strict=True):
        _tile(tile, told, getattr(found.found, name))
    if found.pairwise.height:
        tables.show(found.pairwise.select("annotator_a", "annotator_b", "n_items",
                                          "percent_agreement", "cohen_kappa"))  # fmt: skip
    files.download("Consensus (CSV)", consensus, "consensus.csv")


def _tile(place: Any, told: str, found: Estimate) -> None:
    if math.isnan(found.value):
        place.metric(told, "undefined", help=found.reason)
        return
    place.metric(told, f"{found.value:.3f}")
    if not math.isnan(found.low):
        place.caption(f"95 %: {found.low:.3f} to {found.high:.3f}")


def _what_ties(
    names: list[str], lowest: float = 0.01
) -> tuple[list[str], list[str], float, str | None]:
    a, b = st.columns(2, vertical_alignment="bottom")
    groups = a.multiselect("Columns whose values may not cross", names, files.usual(names, "brand"))
    texts = b.multiselect("Text of a row", names, files.usual(names, "title", "description"))
    c, d = st.columns(2, vertical_alignment="bottom")
    return groups, texts, _threshold(c, lowest), _id(d, names)


def _id(place: Any, names: list[str]) -> str | None:
    chosen: str | None = place.selectbox(
        "Id of a row",
        names,
        index=None,
        placeholder="guessed",
        help="record_id, example_id or id where there is one, else the number of the row",
    )
    return chosen


def _threshold(place: Any, lowest: float) -> float:
    value: float = place.number_input(
        "Near-duplicates from",
        lowest,
        1.0,
        0.8,
        0.05,
        help="Jaccard similarity of word sets; 1 is the same words"
        + ("" if lowest else ", 0 ties no texts"),
    )
    return value


def _column(place: Any, label: str, names: list[str], usual: tuple[str, ...], at: int) -> str:
    first = next((names.index(name) for name in usual if name in names), min(at, len(names) - 1))
    chosen: str = place.selectbox(label, names, first)
    return chosen


def _go(label: str) -> bool:
    return bool(st.form_submit_button(label, type="primary", icon=":material/play_arrow:"))


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
