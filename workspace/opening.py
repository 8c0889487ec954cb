"""Make a workspace from what a person declares: guess the rest and show the guess."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from catalog.errors import InputError
from catalog.taxonomy.files import read_taxonomy
from curation.sources.columns import ColumnMap, Guess, guess_columns, overruled
from curation.sources.files import FORMATS, RawTable, ReadOptions, read_table
from curation.sources.hub import HubOptions, known_kind
from curation.sources.kinds import Kind, guess_kind, kind_named, named_or_guessed
from curation.sources.settings import SourceSettings
from workspace.settings import validated
from workspace.steps.load import HUB
from workspace.workspace import Workspace

FETCHED_ROWS = 2_000


@dataclass(frozen=True)
class Declared:
    """What a person said at ``init``; None and empty are "guess it"."""

    paths: list[str]
    kind: str | None = None
    maps: list[str] = field(default_factory=list)
    category_separator: str | None = None
    taxonomy: str = "inferred"
    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    allow_missing: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnChoice:
    """What becomes of one source column."""

    column: str
    field: str
    reason: str
    samples: list[str]


@dataclass(frozen=True)
class Opened:
    """A new workspace and what was guessed of its source."""

    root: Path
    how: str
    choices: list[ColumnChoice]
    settings: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "workspace": str(self.root),
            "how": self.how,
            "columns": [vars(choice) for choice in self.choices],
            "settings": self.settings,
        }


@dataclass(frozen=True)
class Preview:
    """The guess, before anything is written."""

    source: dict[str, Any]
    how: str
    choices: list[ColumnChoice]


def init_workspace(folder: Path | str, declared: Declared) -> Opened:
    """Guess what was not declared, check the taxonomy, write ``goldshelf.toml``.

    Raises
    ------
    InputError
        If a file cannot be read, a column or the taxonomy is not there, or no column looks
        like a title.
    WorkspaceError
        If the folder is a workspace already.
    """
    preview = preview_source(declared)
    taxonomy = declared.taxonomy
    if taxonomy != "inferred":
        read_taxonomy(taxonomy)
        taxonomy = absolute_taxonomy(taxonomy)
    body = {
        "name": Path(folder).resolve().name,
        "source": preview.source,
        "taxonomy": {"source": taxonomy},
    }
    workspace = Workspace.create(folder, validated(body, "init"))
    settings = workspace.settings.model_dump(mode="json")
    return Opened(workspace.root, preview.how, preview.choices, settings)


def preview_source(declared: Declared) -> Preview:
    """Look into the source files and say how they become records."""
    kind = kind_named(declared.kind) if declared.kind else guess_kind(declared.paths)
    if kind.head is not None and declared.maps:
        raise InputError(
            f"--map {declared.maps[0]}: kind {kind.name} maps its own fields. Pass --kind catalog to "
            "map the columns by hand."
        )
    source: dict[str, Any] = {
        "paths": [_absolute(p) for p in declared.paths],
        "kind": kind.name,
        "format": declared.format,
        "delimiter": declared.delimiter,
        "encoding": declared.encoding,
        "sheet": declared.sheet,
        "allow_missing": declared.allow_missing,
        "options": kind.checked_options(declared.options).model_dump(
            mode="json", exclude_unset=True
        ),
    }
    if kind.fetch is not None:
        return _preview_of_fetched(kind, source, declared)
    if kind.head is not None:
        return _preview_of_kind(kind, source, declared.taxonomy)
    paths = [file for path in declared.paths for file in _tables_in(path)]
    source["paths"] = [_absolute(path) for path in paths]
    return _preview_of_tables(paths, source, declared)


def _tables_in(path: str) -> list[str]:
    """The tables of a folder, by their suffix; a file is itself."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        return [path]
    files = [str(f) for f in sorted(folder.iterdir()) if f.suffix.lower() in FORMATS]
    if not files:
        raise InputError(
            f"{path}: no table in this folder. Expected files that end in {', '.join(FORMATS)}."
        )
    return files


def _preview_of_tables(paths: list[str], source: dict[str, Any], declared: Declared) -> Preview:
    """The guessed columns of plain tables."""
    options = ReadOptions(declared.format, declared.delimiter, declared.encoding, declared.sheet)
    with tempfile.TemporaryDirectory() as scratch:
        tables = [read_table(Path(p), options, Path(scratch)) for p in paths]
        rows = pl.concat([t.scan() for t in tables], how="diagonal_relaxed")
        guess = guess_columns(rows)
        available = rows.collect_schema().names()
    columns = overruled(guess.columns, declared.maps, available)
    if columns.title is None:
        raise InputError(
            f"{declared.paths[0]}: no column looks like a title. Columns: {', '.join(available)}. "
            "Pass --map title=COLUMN."
        )
    source["category_separator"] = declared.category_separator or guess.category_separator
    source["columns"] = columns.model_dump()
    return Preview(source, _how(tables), _choices(columns, guess, declared.maps, available))


def _preview_of_fetched(kind: Kind, source: dict[str, Any], declared: Declared) -> Preview:
    """Look at the first rows of a source that is no file: of which kind are they?"""
    settings = SourceSettings(**source)
    options = source["options"]
    with tempfile.TemporaryDirectory() as scratch:
        files, notes = kind.fetch(settings, Path(scratch), FETCHED_ROWS)  # type: ignore[misc]
        paths = [str(file) for file in files]
        inner = named_or_guessed(options.get("kind") or known_kind(settings), paths)
        if inner.head is None:
            preview = _preview_of_tables(paths, {**source}, declared)
        else:
            inner.checked_options(HubOptions(**options).of_kind)
            as_inner = {**source, "paths": paths, "kind": inner.name, "options": {}}
            preview = _preview_of_kind(inner, as_inner, declared.taxonomy)
    followed = {**preview.source["options"], **options, "kind": inner.name}
    source = {**preview.source, "paths": source["paths"], "kind": kind.name, "options": followed}
    return Preview(source, f"{notes[0]} looked at; {preview.how}", preview.choices)


def _preview_of_kind(kind: Kind, source: dict[str, Any], taxonomy: str) -> Preview:
    """What a kind with a format of its own finds in its first rows."""
    if kind.head is None:
        raise ValueError(f"kind {kind.name} has no head")
    rows = kind.head(Path(source["paths"][0]), SourceSettings(**source))
    source["options"] = {**kind.follow(taxonomy, rows), **source["options"]}
    choices = [
        ColumnChoice(
            column,
            kind.field_of(column),
            f"kind {kind.name}",
            [_short(value) for value in rows[column].drop_nulls().head(5)],
        )
        for column in rows.columns
    ]
    return Preview(source, f"{kind.name}: {kind.told}", choices)


def _short(value: Any) -> str:
    if isinstance(value, pl.Series):
        value = value.to_list()
    return " ".join(str(value).split())[:80]


def _absolute(text: str) -> str:
    return text if text.startswith(HUB) else str(Path(text).expanduser().resolve())


def _how(tables: list[RawTable]) -> str:
    told = []
    for table in tables:
        facts = [str(table.facts["format"])]
        facts += [f"{k} {table.facts[k]!r}" for k in ("delimiter", "encoding") if k in table.facts]
        told.append(f"{', '.join(facts)}, {table.facts['n_rows']:,} rows")
    return "; ".join(dict.fromkeys(told))


def _choices(
    columns: ColumnMap, guess: Guess, maps: list[str], available: list[str]
) -> list[ColumnChoice]:
    fields: dict[str, list[str]] = {}
    for name, value in columns.model_dump().items():
        if isinstance(value, str):
            fields.setdefault(value, []).append(name)
        elif name == "category":
            for n, column in enumerate(value, 1):
                level = f" level {n}" if len(value) > 1 else ""
                fields.setdefault(column, []).append(f"category{level}")
        elif name == "image_urls":
            for column in value:
                fields.setdefault(column, []).append(name)
        elif name == "attribute_pairs":
            for names, values in value.items():
                fields.setdefault(names, []).append(f"attribute_pairs.{names}")
                fields.setdefault(values, []).append(f"attribute_pairs.{names}")
        elif isinstance(value, dict):
            for key, named in value.items():
                for column in [named] if isinstance(named, str) else named:
                    fields.setdefault(column, []).append(f"{name}.{key}")
    told = {text.partition("=")[2].strip() for text in maps}
    return [
        ColumnChoice(
            column,
            ", ".join(fields.get(column, ["extra"])),
            "--map" if column in told else guess.reasons.get(column, ""),
            guess.samples.get(column, []),
        )
        for column in available
    ]


def absolute_taxonomy(spec: str) -> str:
    """A taxonomy setting with its path made absolute."""
    kind, found, rest = spec.partition(":")
    if found and kind in ("shopify", "google"):
        return f"{kind}:{Path(rest).expanduser().resolve()}"
    return str(Path(spec).expanduser().resolve())
