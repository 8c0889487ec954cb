"""The files of the sample: the catalog as CSV, its taxonomy, its card."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

from sample_catalog.planting import Catalog
from sample_catalog.products import COLUMNS, SEPARATOR, SIZES

BROKEN = {
    400: "P90001,Unquoted,One, two and, three,Lantry,Pets > Dogs > Dog Beds,9.99,,Blue,Small,Plush",
    900: "P90002,Cut Off In The Mid",
}
"""Rows with a wrong number of fields, by their place in the file."""


def written(catalog: Catalog) -> str:
    """The catalog as CSV, with two rows that cannot be read."""
    lines = []
    for row in [list(COLUMNS), *(product.row() for product in catalog.in_order())]:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        lines.append(buffer.getvalue())
    for place, line in BROKEN.items():
        lines.insert(place, line + "\n")
        number = 1 + sum(text.count("\n") for text in lines[:place])
        catalog.planted.add("unreadable_row", line=number, raw=line)
    return "".join(lines)


def taxonomy(words: dict[str, Any]) -> dict[str, Any]:
    """The taxonomy with its attribute schema at roots and families, inherited below."""
    nodes: dict[str, dict[str, Any]] = {}
    for leaf in words["leaves"]:
        names = leaf["path"].split(SEPARATOR)
        for depth in range(1, len(names) + 1):
            path = SEPARATOR.join(names[:depth])
            nodes.setdefault(path, {"id": f"C{len(nodes) + 1:03d}", "path": names[:depth]})
        root, family = nodes[names[0]], nodes[SEPARATOR.join(names[:2])]
        root["attributes"] = {
            "Colour": words["colours"], "Material": words["roots"][names[0]]["materials"]
        }  # fmt: skip
        if "Capacity" in leaf["uses"]:
            family.setdefault("attributes", {})["Capacity"] = None
        if "Size" in leaf["uses"]:
            family.setdefault("attributes", {})["Size"] = SIZES[names[1]]
    return {"name": "goldshelf-sample", "version": "1", "nodes": list(nodes.values())}


def card(
    template: str, catalog: Catalog, tree: dict[str, Any], words: dict[str, Any], seed: int
) -> str:
    """The dataset card."""
    rows = []
    for kind, entry in catalog.planted.kinds.items():
        ids = ", ".join(i for item in entry["items"] for i in _named(item))
        found_by = f"`{entry['found_by']}`" if entry["found_by"] else "–"
        rows.append(f"| `{kind}` | {entry['told']} | {found_by} | {len(entry['items'])} | {ids} |")
    depths = Counter(len(leaf["path"].split(SEPARATOR)) for leaf in words["leaves"])
    return template.format(
        n_products=len(catalog.products) + len(catalog.copies),
        n_brands=len(words["brands"]),
        n_leaves=len(words["leaves"]),
        n_nodes=len(tree["nodes"]),
        depths=", ".join(f"{n} of depth {depth}" for depth, n in sorted(depths.items())),
        planted="\n".join(rows),
        seed=seed,
    )


def _named(item: dict[str, Any]) -> list[str]:
    if "record_ids" in item:
        return [str(i) for i in item["record_ids"]]
    if "line" in item:
        return [f"line {item['line']}"]
    return [str(item["record_id"] or f"“{item['title']}”")]
