"""A few records, the checks over them, and what one check found."""

from __future__ import annotations

import polars as pl
import pytest

from catalog.records import RECORD_SCHEMA
from catalog.taxonomy import Taxonomy
from curation.checks.run import run_checks
from curation.checks.settings import CheckSettings


def tree(paths=(), schema=None):
    """A given taxonomy; ``schema`` is ``{path: {attribute: [values] or None}}``."""
    rows, values, lists = [], [], []
    for path, attributes in (schema or {}).items():
        for name, allowed in attributes.items():
            if allowed is not None:
                lists.append(allowed)
                values += [(len(lists) - 1, value) for value in allowed]
            rows.append((path, name, None if allowed is None else len(lists) - 1))
    return Taxonomy.from_frame(
        pl.DataFrame(
            {"path": [path.split(" > ") for path in paths], "node_id": list(paths)},
            schema={"path": pl.List(pl.String), "node_id": pl.String},
        ),
        name="own",
        version="1",
        schema=pl.DataFrame(
            rows,
            schema={"path_text": pl.String, "attribute": pl.String, "list_id": pl.Int32},
            orient="row",
        ),
        values=pl.DataFrame(values, schema={"list_id": pl.Int32, "value": pl.String}, orient="row"),
    )


def inferred(rows):
    """The taxonomy that a workspace infers from its records."""
    paths = [row["category"].split(" > ") for row in rows if row.get("category")]
    return Taxonomy.from_paths(paths)


def records(rows):
    """Records of plain dictionaries: ``category`` is a joined path, ``attributes`` a mapping."""
    filled = []
    for number, row in enumerate(rows, 1):
        row = {"record_id": str(number), "title": f"thing {number}", **row}
        path = row.pop("category", None)
        values = row.pop("attributes", {})
        row["category_path"] = path.split(" > ") if path else None
        if "paragraphs" not in row:
            texts = [(name, row.get(name)) for name in ("title", "description")]
            row["paragraphs"] = [{"text": t, "source": name} for name, t in texts if t is not None]
        row["attributes"] = [
            {"key": key, "evidences": [_evidence(value) for value in listed]}
            for key, listed in (
                (key, value if isinstance(value, list) else [value])
                for key, value in values.items()
            )
        ] or None
        filled.append(row)
    names = list(dict.fromkeys(name for row in filled for name in row))
    schema = {name: RECORD_SCHEMA[name] for name in names}
    return pl.LazyFrame({name: [row.get(name) for row in filled] for name in names}, schema=schema)


def _evidence(value):
    if isinstance(value, tuple):
        return dict(zip(("value", "pid", "begin", "end"), value, strict=True))
    return {"value": value, "pid": None, "begin": None, "end": None}


class Found:
    """What the checks found in a few records."""

    def __init__(self, result):
        self.result = result

    def rows(self, check, *columns):
        """What one check found: tuples of columns, the record id alone where none is named."""
        found = self.result.issues.filter(pl.col("check") == check)
        return found.select(columns).rows() if columns else found["record_id"].to_list()

    def line(self, check):
        """The line of one check in the summary."""
        return self.result.summary.filter(pl.col("check") == check).row(0, named=True)


@pytest.fixture
def look():
    """Run all checks over a few rows."""

    def run(rows, taxonomy=None, **settings):
        taxonomy = inferred(rows) if taxonomy is None else taxonomy
        return Found(run_checks(records(rows), taxonomy, CheckSettings(**settings)))

    return run


@pytest.fixture
def given_tree():
    """A given taxonomy from paths and a schema."""
    return tree
