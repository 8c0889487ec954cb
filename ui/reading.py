"""How a source is read: what was guessed of it, and what a person overrules."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import streamlit as st

from ui import tables
from workspace.named_values import pairs_of
from workspace.opening import Preview
from workspace.views.readers import CATALOG, DELIMITERS, SOURCE_KINDS, TABLE_FORMATS

FIELDS = (
    "extra", "record_id", "title", "description", "brand", "price", "currency", "image_urls",
    "split_hint", "category",
)  # fmt: skip
LISTED = ("category", "image_urls")
"""Fields that several columns may be, in their order."""


def overruled() -> dict[str, Any]:
    """What a person says of kind, form and taxonomy, as fields of `Declared`; None is "guess it"."""
    left, middle, right = st.columns(3)
    kind = left.selectbox(
        "Kind",
        list(SOURCE_KINDS),
        index=None,
        key="open.kind",
        placeholder="guessed",
        format_func=lambda name: f"{name}: {SOURCE_KINDS[name].told}",
    )
    taxonomy = middle.text_input(
        "Taxonomy",
        "inferred",
        key="open.taxonomy",
        help="shopify:PATH, google:PATH, a file, or inferred",
    )
    separator = right.text_input("Category separator", key="open.separator", placeholder="guessed")
    said = {"kind": kind, "taxonomy": taxonomy, "category_separator": separator or None}
    with st.expander("More on how it is read"):
        form, delimiter, encoding, sheet = st.columns(4)
        said["format"] = form.selectbox(
            "Format", TABLE_FORMATS, None, key="open.format", placeholder="guessed"
        )
        said["delimiter"] = delimiter.selectbox(
            "Delimiter",
            DELIMITERS,
            None,
            key="open.delimiter",
            placeholder="guessed",
            format_func=lambda sign: {"\t": "tab"}.get(sign, sign),
        )
        said["encoding"] = (
            encoding.text_input("Encoding", key="open.encoding", placeholder="guessed") or None
        )
        said["sheet"] = sheet.text_input("Sheet", key="open.sheet", placeholder="the first") or None
        options = st.text_area(
            "Options of the kind",
            key="open.options",
            placeholder="NAME=VALUE, one a line",
            help="; ".join(
                f"{kind.name}: {', '.join(kind.options)}"
                for kind in SOURCE_KINDS.values()
                if kind.options
            ),
        )
    given = [line for line in options.splitlines() if line.strip()]
    return {**said, "options": pairs_of(given, "option")}


def column_map(preview: Preview) -> list[str]:
    """What becomes of each column; a table to edit for a catalog. Gives ``--map`` texts."""
    rows = pl.DataFrame(
        {
            "column": [c.column for c in preview.choices],
            "becomes": [re.sub(r" level \d+$", "", c.field) for c in preview.choices],
            "because": [c.reason for c in preview.choices],
            "five values": [" · ".join(c.samples) for c in preview.choices],
        }
    )
    if preview.source["kind"] != CATALOG:
        tables.show(rows)
        return []
    attributes = [f"attributes.{c.column}" for c in preview.choices]
    others = sorted({c.field for c in preview.choices if "." in c.field})
    edited = st.data_editor(
        rows,
        hide_index=True,
        disabled=["column", "because", "five values"],
        column_config={
            "becomes": st.column_config.SelectboxColumn(options=[*FIELDS, *others, *attributes])
        },
        key="open.map",
    )
    return _maps(rows, edited)


def _maps(rows: pl.DataFrame, edited: pl.DataFrame) -> list[str]:
    maps: list[str] = []
    levels: list[str] = []
    images: list[str] = []
    for column, before, after in zip(
        rows["column"], rows["becomes"], edited["becomes"], strict=True
    ):
        if after in LISTED:
            (levels if after == "category" else images).append(column)
        if after == before:
            continue
        if "." in before or (before in FIELDS and before not in ("extra", *LISTED)):
            maps.append(f"{before}=")
        if after not in ("extra", *LISTED):
            maps.append(f"{after}={column}")
    return [*maps, f"category={','.join(levels)}", f"image_urls={','.join(images)}"]
