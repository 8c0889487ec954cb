"""A mapping from the categories of one taxonomy to those of another, as a publisher gives it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from catalog.errors import InputError
from catalog.paths import SEPARATOR
from catalog.taxonomy.tree import Taxonomy

MAPPING_SCHEMA = pl.Schema({"label": pl.String(), "to": pl.String(), "n_targets": pl.UInt32()})
SHOPIFY_PREFIX = "gid://shopify/TaxonomyCategory/"

_FROM, _TO = "→", "⇒"


def read_mapping(path: Path) -> pl.DataFrame:
    """Read a mapping file.

    Takes Shopify's text (``→ A > B`` and below it ``⇒ C > D``), Shopify's JSON (with ids), and
    a CSV or TSV with a header whose first two columns are the old and the new category, each a
    path or an id; a column ``from_id`` or ``id`` names the old one a second time.

    Returns
    -------
    ``label`` (a joined path, or an id), ``to`` (null where the publisher names none) and
    ``n_targets``: more than one where a category was split; the first is taken.

    Raises
    ------
    InputError
        If the file is missing or is none of these.
    """
    try:
        text = path.expanduser().read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"mapping {path}: no such file. Check the path.") from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise InputError(f"mapping {path}: not a text file. {error}.") from error
    if path.suffix.lower() == ".json":
        rows = _from_json(path, text)
    elif any(line.startswith(_FROM) for line in text.splitlines()):
        rows = _from_arrows(path, text)
    else:
        rows = _from_table(path, text)
    found = pl.DataFrame(rows, schema={"label": pl.String, "to": pl.String}, orient="row")
    found = found.select(_normal("label"), _normal("to")).drop_nulls("label")
    if found.is_empty():
        raise InputError(f"mapping {path}: no line of it maps a category.")
    return (
        found.group_by("label", maintain_order=True)
        .agg(
            pl.col("to").drop_nulls().first(),
            pl.col("to").drop_nulls().n_unique().alias("n_targets"),
        )
        .match_to_schema(MAPPING_SCHEMA)
    )


def check_mapping(mapping: pl.DataFrame, old: Taxonomy | None, new: Taxonomy, where: str) -> None:
    """Refuse a mapping between other taxonomies than these.

    Raises
    ------
    InputError
        If none of its old categories is in the old taxonomy, or none of its new ones in the new.
    """
    sides = [("to", new, "new")] + ([("label", old, "old")] if old is not None else [])
    for column, tree, which in sides:
        named = mapping[column].drop_nulls()
        is_known = (tree.codes(named) >= 0) | named.is_in(
            tree.nodes["node_id"].implode()
        ).to_numpy()
        if not is_known.any():
            example = named[0] if len(named) else ""
            raise InputError(
                f"mapping {where}: none of its {len(named):,} {which} categories is in taxonomy "
                f"{tree.name} {tree.version}, such as {example!r}. Is it a mapping between others?"
            )


def _normal(column: str) -> pl.Expr:
    """A joined path with single spaces around its separators, an id without Shopify's prefix."""
    names = pl.col(column).str.strip_prefix(SHOPIFY_PREFIX).str.split(SEPARATOR)
    names = names.list.eval(pl.element().str.strip_chars())
    text = names.list.join(SEPARATOR)
    return pl.when(text != "").then(text).alias(column)


def _from_arrows(path: Path, text: str) -> Iterable[tuple[str, str | None]]:
    rows: list[tuple[str, str | None]] = []
    base: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_FROM):
            base = line[1:].strip()
            rows.append((base, None))
        elif line.startswith(_TO):
            if base is None:
                raise InputError(
                    f"mapping {path}, line {number}: '{_TO}' without a '{_FROM}' before."
                )
            rows.append((base, line[1:].strip()))
        elif line.strip() and not line.startswith("#"):
            raise InputError(
                f"mapping {path}, line {number}: expected '{_FROM} category' or '{_TO} category', "
                f"found {line.strip()[:60]!r}."
            )
    return rows


def _from_json(path: Path, text: str) -> Iterable[tuple[str, str | None]]:
    try:
        rules = [rule for mapping in json.loads(text)["mappings"] for rule in mapping["rules"]]
        rows: list[tuple[str, str | None]] = []
        for rule in rules:
            given = rule["input"]["category"]
            targets = [t["full_name"] for t in rule["output"].get("category") or []] or [None]
            for target in targets:
                rows += [(given["full_name"], target), (str(given["id"]), target)]
        return rows
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"mapping {path}: not a mapping. Expected {{'mappings': [{{'rules': [...]}}]}}; {error!r}."
        ) from error


def _from_table(path: Path, text: str) -> Iterable[tuple[str, str | None]]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    lines = list(csv.reader(text.splitlines(), delimiter=delimiter))
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if len(header) < 2:
        raise InputError(
            f"mapping {path}: expected lines '{_FROM} A' and '{_TO} B', or a CSV of two columns, old "
            f"and new; found {(lines[0] if lines else [''])[0][:60]!r}."
        )
    ids = [n for n, name in enumerate(header) if n > 1 and name in ("from_id", "id")]
    rows: list[tuple[str, str | None]] = []
    for line in lines[1:]:
        cells = [*line, *[""] * (len(header) - len(line))]
        rows += [(cells[n], cells[1] or None) for n in (0, *ids) if cells[n].strip()]
    return rows
