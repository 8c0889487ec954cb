"""Near-duplicates of a dropped file: the pairs, and what a person needs to choose the threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from charts.thresholds import clusters_by_threshold
from ui import engines, files, tables
from workspace.files.near_duplicates import (
    MARGIN,
    Asked,
    dedupe_file,
    likeness_of,
    recluster_file,
)

SHOWN = 200
_DIFFERENCES = ("only_left", "only_right", "differs")
_FOLDED = ("right_text", "left_id", "right_id")
_NARROW = {"left_text": 140, "right_text": 140, "only_left": 80, "only_right": 80, "differs": 80}
_WIDTH_PX = 175
TITLES = ("title", "name", "product", "product_title", "product_name", "text")


def dedupe() -> None:
    """Every near-duplicate pair of a file."""
    left, right = st.columns(2)
    path = files.dropped("A file with texts", "files.dedupe_file", place=left)
    pictures = files.dropped(
        "Its pictures, if they are to tie rows too",
        "files.dedupe_pictures",
        place=right,
        types=[files.ZIP],
        is_run=False,
    )
    names = files.columns(path) if path else None
    if path is None or names is None:
        return
    with st.form("files.dedupe"):
        texts, row_id, asked = _form(names, pictures)
        is_asked = st.form_submit_button(
            "Find near-duplicates", type="primary", icon=":material/play_arrow:"
        )
    pairs = files.folder("dedupe") / "pairs.csv"
    found = files.outcome(
        "dedupe",
        (path, pictures),
        bool(is_asked),
        lambda news: dedupe_file(path, texts, asked, pairs, id_column=row_id, progress=news),
    )
    if found is None:
        return
    files.notes(found["notes"])
    _tiles(found, found["n_pairs"])
    if found["n_pairs"] or found.get("n_edges"):
        listed = pl.read_csv(pairs, n_rows=SHOWN, infer_schema_length=None)
        is_text_alone = listed["kind"].unique().to_list() == ["text"]
        tables.show(listed, folded=["kind"] if is_text_alone else [], widths=_NARROW)
        left, right = st.columns(2)
        files.download("Pairs (CSV)", pairs, "pairs.csv", place=left)
        clusters = Path(found["files"]["clusters"])
        files.download("Clusters (CSV)", clusters, "clusters.csv", place=right)
    else:
        st.success("No two rows are near-duplicates.")
    choose_threshold(found, pairs)


def choose_threshold(found: dict[str, Any], pairs: Path) -> None:
    """The pairs on either side of the threshold, and the clusters at another one."""
    if not found["accepted"] and not found["refused"]:
        return
    st.subheader("Is the threshold right?")
    st.caption("The least similar pairs that hold a cluster together; the menu of a table shows the "
               "other text and the ids:")  # fmt: skip
    _pairs(found["accepted"])
    st.caption("The most similar pairs under the threshold, which would join two clusters:")
    _pairs(found["refused"])
    if found["clusters"]:
        alone = ", by their texts alone" if "n_edges" in found else ""
        st.caption(f"The largest clusters{alone}, and the weakest tie that holds each together:")
        _pairs(found["clusters"], ("n_rows", "weakest"))
    lowest = found["searched_from"]
    if lowest < 1:
        chosen = st.slider(
            "Threshold", lowest, 1.0, max(lowest, found["threshold"]), 0.01, key="files.recluster"
        )
        st.plotly_chart(
            clusters_by_threshold(found["curve"], chosen),
            alt="Rows in clusters and the largest cluster by threshold",
        )
        if chosen != found["threshold"]:
            raised = files.folder("recluster") / "clusters.csv"
            _tiles(recluster_file(pairs, chosen, raised), None)
            name = f"clusters-{chosen:.2f}.csv"
            files.download(f"Clusters from {chosen:.2f} on (CSV)", raised, name)


def _form(names: list[str], pictures: Path | None) -> tuple[list[str], str | None, Asked]:
    a, b, c = st.columns([3, 2, 2], vertical_alignment="bottom")
    texts = a.multiselect("Text of a row", names, files.usual(names, *TITLES)[:1])
    threshold = b.number_input(
        "Near-duplicates from", 0.3, 1.0, 0.8, 0.05, help="Jaccard similarity; 1 is the same words"
    )
    row_id = c.selectbox(
        "Id of a row",
        names,
        index=None,
        placeholder="guessed",
        help="record_id, example_id or id where there is one, else the number of the row",
    )
    with st.expander("How texts are compared"):
        row = st.container(horizontal=True, vertical_alignment="bottom")
        unit = row.selectbox(
            "Sets of", ["words", "chars"], help="chars: character n-grams", width=_WIDTH_PX
        )
        ngram = row.number_input("Characters of an n-gram", 2, 7, 5, width=_WIDTH_PX)
        numbers = row.selectbox(
            "128GB against 256GB",
            ["show", "break"],
            help="break: texts whose quantities or model numbers contradict each other are no pair",
            width=_WIDTH_PX,
        )
        margin = row.number_input(
            "Look under the threshold by", 0.0, 0.5, MARGIN, 0.05, width=_WIDTH_PX
        )
        most = row.number_input(
            "List at most",
            0,
            10**9,
            Asked.max_pairs,
            help="About so many pairs; clusters stay whole",
            width=_WIDTH_PX,
        )
        first_alone = st.checkbox("Compare the first column alone too, as a split does")
        a, b = st.columns([2, 1], vertical_alignment="bottom")
        embedding = a.text_input(
            "Tie by meaning too, by this embedding model",
            help="A folder, or a name on the Hugging Face hub: a static model, or a sentence "
            "transformer",
        )
        meaning_from = b.number_input("Meanings tie from", 0.5, 1.0, 0.9, 0.01, help="Cosine")
        engine, address = engines.choice("Compared on")
    column, bits = _pictures(names) if pictures else (None, Asked.picture_bits)
    asked = Asked(
        threshold=threshold,
        likeness=likeness_of(unit, int(ngram), numbers),
        first_alone=first_alone,
        margin=margin,
        max_pairs=int(most),
        embedding=embedding or None,
        meaning_from=meaning_from,
        pictures=column,
        pictures_from=pictures,
        picture_bits=bits,
        engine=engine,
        address=address,
    )
    return texts, row_id, asked


def _pictures(names: list[str]) -> tuple[str | None, int]:
    a, b = st.columns([3, 1], vertical_alignment="bottom")
    known = files.usual(names, "image", "picture", "image_urls", "images")
    column = a.selectbox(
        "Column that names the picture of a row", names, names.index(known[0]) if known else None
    )
    bits = b.number_input(
        "Pictures tie up to",
        0,
        16,
        Asked.picture_bits,
        help="Bits of 64 by which their hashes differ",
    )
    return column, int(bits)


def _tiles(found: dict[str, Any], n_pairs: int | None) -> None:
    files.tiles(
        {
            "Rows": f"{found['n_rows']:,}",
            **({} if n_pairs is None else {"Pairs": f"{n_pairs:,}"}),
            **{f"Ties by {kind}": f"{n:,}" for kind, n in found.get("n_edges", {}).items()},
            "Clusters": f"{found['n_clusters']:,}",
            "Rows in clusters": f"{found['n_rows_in_clusters']:,}",
            "Largest cluster": f"{found['largest_cluster']:,} rows",
        }
    )


def _pairs(shown: list[dict[str, Any]], first: tuple[str, ...] = ("similarity",)) -> None:
    if not shown:
        st.caption("none")
        return
    order = [*first, "left_text", *_DIFFERENCES, *_FOLDED]
    tables.show(
        pl.DataFrame(shown, infer_schema_length=None).select(order), folded=_FOLDED, widths=_NARROW
    )
