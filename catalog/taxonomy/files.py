"""Read a taxonomy: Shopify's, Google's, a client's own file, or none (inferred later)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from catalog.errors import InputError
from catalog.paths import SEPARATOR
from catalog.taxonomy.tree import Taxonomy

INFERRED = "inferred"
SEPARATORS = (" > ", ">", " › ", " » ", " / ", "/", " | ", "|", "::", "\\")

_GOOGLE_LINE = re.compile(r"^(\d+) - (.+)$")
_SHOPIFY_LINE = re.compile(r"^(gid://shopify/TaxonomyCategory/(\S+))\s*:\s*(.+)$")


def read_taxonomy(spec: str) -> Taxonomy | None:
    """Read the taxonomy that a setting names.

    Parameters
    ----------
    spec
        ``shopify:PATH`` (a folder with ``categories.txt`` and, for the attribute
        schema, ``categories/*.yml`` and ``attributes.json``; or that text file),
        ``google:PATH`` (``ID - A > B`` a line), a file of the client's own
        (see `read_own`), or ``inferred``.

    Returns
    -------
    The taxonomy; None for ``inferred``, which is made from the records.

    Raises
    ------
    InputError
        If the file is missing, or is not a taxonomy.
    """
    if spec == INFERRED:
        return None
    kind, _, rest = spec.partition(":")
    if kind == "shopify":
        return read_shopify(_existing(rest))
    if kind == "google":
        return read_google(_existing(rest))
    return read_own(_existing(spec))


def read_google(path: Path) -> Taxonomy:
    """Google's product taxonomy with ids, one ``ID - A > B > C`` a line."""
    lines = _lines(path)
    version = next(
        (line.rpartition(":")[2].strip() for line in lines if line.startswith("#")), "unknown"
    )
    rows = [(number, line) for number, line in enumerate(lines, 1) if _is_content(line)]
    matches = [(number, line, _GOOGLE_LINE.match(line)) for number, line in rows]
    _refuse_others(path, matches, "'ID - A > B > C'")
    found = [m for _, _, m in matches if m]
    return Taxonomy.from_paths(
        [_names(m.group(2)) for m in found],
        node_ids=[m.group(1) for m in found],
        name="google",
        version=version,
    )


def read_shopify(path: Path) -> Taxonomy:
    """Shopify's product taxonomy, with its attribute schema where the folder has it."""
    listing = path / "categories.txt" if path.is_dir() else path
    lines = _lines(_existing(str(listing)))
    version = next(
        (line.rpartition(":")[2].strip() for line in lines if line.startswith("# Shopify")),
        "unknown",
    )
    rows = [(number, line) for number, line in enumerate(lines, 1) if _is_content(line)]
    matches = [(number, line, _SHOPIFY_LINE.match(line)) for number, line in rows]
    _refuse_others(listing, matches, "'gid://shopify/TaxonomyCategory/ID : A > B'")
    found = [m for _, _, m in matches if m]
    paths = {m.group(2): _names(m.group(3)) for m in found}
    given = pl.DataFrame(
        {"path": list(paths.values()), "node_id": list(paths)},
        schema={"path": pl.List(pl.String), "node_id": pl.String},
    )
    schema, values = _shopify_schema(path, paths) if path.is_dir() else (None, None)
    return Taxonomy.from_frame(given, name="shopify", version=version, schema=schema, values=values)


def _shopify_schema(
    folder: Path, paths: dict[str, list[str]]
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    files = sorted((folder / "categories").glob("*.yml"))
    if not files or not (folder / "attributes.json").exists():
        return None, None
    listed = json.loads((folder / "attributes.json").read_text("utf-8"))["attributes"]
    known = {a["handle"]: (number, a) for number, a in enumerate(listed)}
    for base in listed:
        for extended in base.get("extended_attributes", []):
            number, attribute = known[base["handle"]]
            known.setdefault(extended["handle"], (number, {**attribute, "name": extended["name"]}))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    links = [
        (SEPARATOR.join(paths[category["id"]]), known[handle])
        for file in files
        for category in yaml.load(file.read_text("utf-8"), Loader=loader)
        if category["id"] in paths
        for handle in (h.replace("_", "-") for h in category.get("attributes", []))
        if handle in known
    ]
    schema = pl.DataFrame(
        [(path, attribute["name"], number) for path, (number, attribute) in links],
        schema={"path_text": pl.String, "attribute": pl.String, "list_id": pl.Int32},
        orient="row",
    )
    values = pl.DataFrame(
        [(n, v["name"]) for n, a in enumerate(listed) for v in a["values"]],
        schema={"list_id": pl.Int32, "value": pl.String},
        orient="row",
    )
    return schema, values


def read_own(path: Path) -> Taxonomy:
    """A client's own taxonomy.

    Takes a text file of one path a line, with any of the usual separators; a CSV or TSV
    with a column ``path`` (and ``id``), with ``id, name, parent_id``, or with one column a
    level; or JSON, ``{"name", "version", "nodes": [{"id", "path": [...],
    "attributes": {"Colour": ["Red", ...] or null}}]}``, where what a node has holds for
    all below it.
    """
    if path.is_dir():
        raise InputError(
            f"{path} is a folder. Name a taxonomy file, or shopify:{path} for Shopify's folder."
        )
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _read_json(path)
    if suffix in {".csv", ".tsv"}:
        return _read_table(path, "\t" if suffix == ".tsv" else ",")
    lines = [line for line in _lines(path) if _is_content(line)]
    if any(_GOOGLE_LINE.match(line) for line in lines[:5]):
        return read_google(path)
    separator = _separator_of(lines)
    if separator is None and len(lines) > 1 and max(map(len, lines)) > 200:
        raise InputError(f"{path}: not a taxonomy. Expected one path a line, 'A > B > C'.")
    return Taxonomy.from_paths(_names(line, separator) for line in lines).renamed(path.stem)


def _read_table(path: Path, delimiter: str) -> Taxonomy:
    rows = list(csv.DictReader(_lines(path), delimiter=delimiter))
    columns = [c.strip().lower() for c in (rows[0] if rows else {}) if c]
    rows = [{(k or "").strip().lower(): (v or "") for k, v in row.items()} for row in rows]
    if "path" in columns:
        separator = _separator_of([row["path"] for row in rows])
        ids = [row["id"] for row in rows] if "id" in columns else None
        tree = Taxonomy.from_paths([_names(row["path"], separator) for row in rows], node_ids=ids)
    elif {"id", "name", "parent_id"} <= set(columns):
        tree = Taxonomy.from_paths(_from_parents(path, rows), node_ids=[row["id"] for row in rows])
    elif len(columns) > 1:
        levels = [[row[c].strip() for c in columns if row[c].strip()] for row in rows]
        n_roots = len({level[0] for level in levels if level})
        if n_roots > max(20, len(rows) / 2):
            raise InputError(
                f"{path}: not a taxonomy. Expected a column 'path' or one column a level, found "
                f"{n_roots:,} different values of {columns[0]!r} in {len(rows):,} rows."
            )
        tree = Taxonomy.from_paths(levels)
    else:
        raise InputError(
            f"{path}: not a taxonomy. Expected a column 'path', or 'id, name, parent_id', or one "
            f"column a level; found {', '.join(columns) or 'nothing'}."
        )
    return tree.renamed(path.stem)


def _from_parents(path: Path, rows: list[dict[str, str]]) -> list[list[str]]:
    by_id = {row["id"]: row for row in rows}
    paths = []
    for number, row in enumerate(rows, 2):
        names, node, seen = [], row, set()
        while True:
            names.append(node["name"].strip())
            seen.add(node["id"])
            parent = node["parent_id"].strip()
            if not parent:
                break
            if parent in seen or parent not in by_id:
                what = "is its own ancestor" if parent in seen else "is not in the file"
                raise InputError(f"{path}, line {number}: parent {parent!r} {what}.")
            node = by_id[parent]
        paths.append(names[::-1])
    return paths


def _read_json(path: Path) -> Taxonomy:
    try:
        data = json.loads("\n".join(_lines(path)))
        nodes = data["nodes"]
        paths = [[str(name) for name in node["path"]] for node in nodes]
        ids = [
            str(node.get("id") or SEPARATOR.join(p)) for node, p in zip(nodes, paths, strict=True)
        ]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a taxonomy. Expected {{'nodes': [{{'path': [...]}}]}}; {error!r}."
        ) from error
    held = {tuple(p): node.get("attributes") or {} for node, p in zip(nodes, paths, strict=True)}
    schema: list[tuple[str, str, int | None]] = []
    values: list[tuple[int, str]] = []
    lists: dict[tuple[str, ...], int] = {}
    for node_path in paths:
        inherited: dict[str, list[str] | None] = {}
        for depth in range(1, len(node_path) + 1):
            inherited |= held.get(tuple(node_path[:depth]), {})
        for key, allowed in inherited.items():
            list_id = None
            if allowed is not None:
                list_id = lists.setdefault(tuple(allowed), len(lists))
            schema.append((SEPARATOR.join(node_path), key, list_id))
    for allowed_values, list_id in lists.items():
        values += [(list_id, value) for value in allowed_values]
    return Taxonomy.from_frame(
        pl.DataFrame(
            {"path": paths, "node_id": ids},
            schema={"path": pl.List(pl.String), "node_id": pl.String},
        ),
        name=str(data.get("name", path.stem)),
        version=str(data.get("version", "1")),
        schema=pl.DataFrame(
            schema,
            schema={"path_text": pl.String, "attribute": pl.String, "list_id": pl.Int32},
            orient="row",
        ),
        values=pl.DataFrame(values, schema={"list_id": pl.Int32, "value": pl.String}, orient="row"),
    )


def _existing(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.exists():
        raise InputError(
            f"taxonomy {text!r}: no such file. Pass shopify:PATH, google:PATH or FILE."
        )
    return path


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start}.") from error
    if not any(_is_content(line) for line in lines):
        raise InputError(f"{path}: the taxonomy file is empty.")
    return lines


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _names(text: str, separator: str | None = ">") -> list[str]:
    parts = text.split(separator) if separator else [text]
    return [name.strip() for name in parts if name.strip()]


def _separator_of(texts: Iterable[str]) -> str | None:
    texts = list(texts)
    for separator in SEPARATORS:
        if 2 * sum(separator in text for text in texts) >= len(texts):
            return separator
    return None


def _refuse_others(path: Path, matches: list[tuple[int, str, Any]], expected: str) -> None:
    for number, line, match in matches:
        if match is None:
            raise InputError(
                f"{path}, line {number}: not a line of this taxonomy. Expected {expected}, found "
                f"{line.strip()[:60]!r}."
            )
