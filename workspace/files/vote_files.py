"""Agreement of the votes in a plain file: needs no workspace."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.paths import joined, parted
from catalog.wording import counted
from curation.agreement.coefficients import Coefficients, coefficients
from curation.agreement.consensus import consensus_table
from curation.agreement.counts import LabelCounts, label_counts
from curation.agreement.distances import Distance, interval, nominal, ordinal, ratio, taxonomy
from curation.agreement.levels import at_level, voted_paths
from curation.agreement.pairwise import pairwise_table
from curation.agreement.votes import Votes, votes_of
from curation.sources.encoding import as_utf8
from curation.sources.files import RawTable, ReadOptions, read_table
from stats.estimate import number_or_none
from workspace.files.plain_files import write_frame

LEVELS = ("nominal", "ordinal", "interval", "ratio", "taxonomy")
MOST_ANNOTATORS = 30
DEFINITIONS = {
    "percent_agreement": "equal pairs of votes over all pairs of votes on one item, 0 to 1",
    "fleiss_kappa": "Fleiss 1971; with unequal numbers of votes, Gwet 2014: items with two votes "
    "or more give the agreement, items with one or more the chance",
    "krippendorff_alpha": "Krippendorff 2011 at the level asked for",
    "n_items": "items with at least one label; n_paired_items: with at least two",
    "n_votes": "labels that count; of several by one annotator on one item, the last",
    "intervals": "95 %, from the influence of each item (or cluster), Student's t",
}
_USUAL = {
    "item": ("item", "record_id"),
    "annotator": ("annotator", "annotator_id"),
    "label": ("label", "value"),
}


@dataclass(frozen=True)
class VoteFile:
    """Which file, and which of its columns are what.

    Attributes
    ----------
    item, annotator, label
        Column names; None looks for ours (``item`` or ``record_id``, ``annotator`` or
        ``annotator_id``, ``label`` or ``value``).
    cluster
        A column that is the same for items that depend on each other.
    order
        All labels from low to high, for ordinal labels that are no numbers.
    has_header
        Without one the columns are ``column_1``, ``column_2`` and so on.
    """

    path: Path
    item: str | None = None
    annotator: str | None = None
    label: str | None = None
    cluster: str | None = None
    level: str = "nominal"
    order: list[str] = field(default_factory=list)
    has_header: bool = True


@dataclass(frozen=True)
class FileAgreement:
    """How far the votes of a file agree.

    Attributes
    ----------
    columns
        Which column was taken as what.
    found
        The coefficients with their intervals.
    by_level
        At ``--level taxonomy``, nominal coefficients of the paths cut at each level.
    pairwise
        `curation.agreement.pairwise.PAIRWISE_SCHEMA`.
    consensus
        `curation.agreement.consensus.consensus_table`.
    """

    path: Path
    level: str
    columns: dict[str, str]
    counts: dict[str, int]
    found: Coefficients
    by_level: list[dict[str, Any]]
    pairwise: pl.DataFrame
    consensus: pl.DataFrame
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers by name; undefined is null, with its reason under ``reasons``."""
        estimates = vars(self.found)
        return {
            "file": str(self.path),
            "level": self.level,
            "columns": self.columns,
            **{name: number_or_none(e.value) for name, e in estimates.items()},
            **self.counts,
            "intervals": {
                name: {"low": number_or_none(e.low), "high": number_or_none(e.high)}
                for name, e in estimates.items()
            },
            "reasons": {name: e.reason for name, e in estimates.items() if e.reason is not None},
            "cohen_kappa": self.pairwise.to_dicts(),
            "levels": self.by_level,
            "definitions": DEFINITIONS,
            "notes": self.notes,
        }


def agree_file(asked: VoteFile, out: Path | None = None) -> FileAgreement:
    """Measure agreement among the votes of a file; write the consensus to ``out``.

    Blank labels are abstentions. Rows without an item or an annotator are left out and
    counted; of several votes of one annotator on one item the last counts.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or the labels are not of the level.
    """
    if asked.level not in LEVELS:
        raise InputError(f"--level {asked.level}: expected one of {', '.join(LEVELS)}.")
    if asked.order and asked.level != "ordinal":
        raise InputError(f"--order goes with --level ordinal, not with {asked.level}.")
    frame, columns, notes = _read(asked)
    votes, distance = _coded(asked, frame)
    counts = label_counts(votes)
    clusters, told = _clusters(frame, votes)
    consensus = consensus_table(votes, counts)
    by_level = []
    if asked.level == "taxonomy" and len(votes):
        by_level = _by_level(votes, clusters)
    notes += _notes(asked, votes) + told
    if out is not None:
        write_frame(consensus.drop("tied"), out)
    return FileAgreement(
        asked.path,
        asked.level,
        columns,
        _numbers(votes, counts, consensus, clusters),
        coefficients(counts, distance, clusters),
        by_level,
        pairwise_table(votes, clusters=clusters, most_annotators=MOST_ANNOTATORS),
        consensus,
        notes,
    )


def _read(asked: VoteFile) -> tuple[pl.DataFrame, dict[str, str], list[str]]:
    with tempfile.TemporaryDirectory() as scratch:
        table, first_line = read_table(asked.path, ReadOptions(), Path(scratch)), 0
        if not asked.has_header:
            table, first_line = _with_header(asked.path, table, Path(scratch)), 1
        rows = table.scan()
        present = rows.collect_schema().names()
        columns = {
            name: _column(asked.path, name, getattr(asked, name), present)
            for name in ("item", "annotator", "label")
        }
        if asked.cluster is not None:
            columns["cluster"] = _column(asked.path, "cluster", asked.cluster, present)
        frame = rows.select(
            _clean(column).alias(name) for name, column in columns.items()
        ).collect()
    notes = []
    if table.quarantine.height:
        bad = table.quarantine.row(0, named=True)
        notes.append(
            f"{asked.path}: {counted(table.quarantine.height, 'row')} could not be read and left "
            f"out, the first at line {bad['line'] - first_line}: {bad['reason']}"
        )
    return frame, columns, notes


def _with_header(path: Path, table: RawTable, scratch: Path) -> RawTable:
    """Read once more, a header of our own put before the first line."""
    if table.facts["format"] not in ("csv", "tsv"):
        raise InputError(f"{path}: --no-header is for CSV and TSV, found {table.facts['format']}.")
    delimiter = str(table.facts["delimiter"])
    names = delimiter.join(f"column_{n}" for n, _ in enumerate(table.facts["columns"], 1))
    target = scratch / f"headed-{path.name}.csv"
    with (
        target.open("wb") as file,
        as_utf8(path, table.facts["encoding"], scratch).open("rb") as body,
    ):
        file.write(f"{names}\n".encode())
        while block := body.read(1 << 22):
            file.write(block)
    return read_table(target, ReadOptions("csv", delimiter, "utf-8"), scratch)


def _column(path: Path, role: str, given: str | None, present: list[str]) -> str:
    wanted = [given] if given is not None else [n for n in _USUAL[role] if n in present]
    if not wanted or wanted[0] not in present:
        missing = f"there is no column {given!r}." if given else f"which column is the {role}?"
        raise InputError(f"{path}: {missing} Columns: {', '.join(present)}. Pass --{role} COLUMN.")
    return str(wanted[0])


def _clean(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _coded(asked: VoteFile, frame: pl.DataFrame) -> tuple[Votes, Distance]:
    if asked.level == "nominal":
        return votes_of(frame), nominal
    if asked.level == "taxonomy":
        whole = frame.with_columns(parted("label").alias("label")).with_columns(joined("label"))
        votes = votes_of(whole)
        if not len(votes):
            return votes, nominal
        paths = voted_paths(votes.label_names)
        return votes, taxonomy(paths.tree, paths.codes)
    if asked.order:
        _require(
            asked,
            frame,
            frame["label"].is_in(asked.order),
            "is not in --order",
            "Name every label.",
        )
        return votes_of(frame, label_order=asked.order), ordinal
    numbers = frame["label"].cast(pl.Float64, strict=False)
    hint = " or give the labels from low to high: --order low,middle,high" * (
        asked.level == "ordinal"
    )
    hint = f"--level {asked.level} needs numbers. Pass --level nominal{hint}."
    _require(asked, frame, numbers.is_finite().fill_null(False), "is not a number", hint)
    if asked.level == "ratio":
        hint = "--level ratio needs numbers from 0 on. Pass --level interval."
        _require(asked, frame, (numbers >= 0).fill_null(False), "is negative", hint)
    order = numbers.drop_nulls().unique().sort()
    coded = frame.with_columns((numbers + 0.0).alias("label"))
    votes = votes_of(coded, label_order=(order + 0.0).cast(pl.String).to_list())
    values = votes.label_names.cast(pl.Float64).to_numpy()
    distances = {"ordinal": ordinal, "interval": interval(values), "ratio": ratio(values)}
    return votes, distances[asked.level]


def _require(
    asked: VoteFile, frame: pl.DataFrame, is_fine: pl.Series, what: str, hint: str = ""
) -> None:
    wrong = frame["label"].is_not_null() & ~is_fine.fill_null(False)
    if not wrong.any():
        return
    row = int(wrong.arg_max() or 0)
    like_it = f"{counted(int(wrong.sum()), 'row')} of {frame.height:,} like it."
    raise InputError(
        f"{asked.path}: label {frame['label'][row]!r} in row {row + 1} {what}, {like_it} {hint}"
    )


def _clusters(frame: pl.DataFrame, votes: Votes) -> tuple[np.ndarray | None, list[str]]:
    """The cluster of each item; an item without one is a cluster of its own."""
    if "cluster" not in frame.columns:
        return None, []
    of_item = (
        frame.drop_nulls(["item", "annotator", "label"])
        .group_by("item")
        .agg(
            pl.col("cluster").drop_nulls().min(),
            pl.col("cluster").drop_nulls().n_unique().alias("n"),
        )
    )
    split = of_item.filter(pl.col("n") > 1)
    if split.height:
        first = split.sort("item").row(0, named=True)
        raise InputError(
            f"item {first['item']!r} stands in {first['n']} clusters. An item must be in one."
        )
    found = (
        votes.item_names.alias("item")
        .to_frame()
        .join(of_item, on="item", how="left", maintain_order="left")
    )
    alone = int(found["cluster"].null_count())
    keys = found.select(
        pl.when(pl.col("cluster").is_null())
        .then(pl.concat_str(pl.lit("item "), "item"))
        .otherwise(pl.concat_str(pl.lit("cluster "), "cluster"))
    ).to_series()
    told = [f"{counted(alone, 'item')} without a cluster taken as independent"] if alone else []
    return keys.rank("dense").to_numpy().astype(np.int64) - 1, told


def _by_level(votes: Votes, clusters: np.ndarray | None) -> list[dict[str, Any]]:
    paths = voted_paths(votes.label_names)
    return [
        {
            "level": level,
            **coefficients(
                label_counts(at_level(votes, paths, level)), nominal, clusters
            ).as_json(),
        }
        for level in range(1, paths.n_levels + 1)
    ]


def _numbers(
    votes: Votes, counts: LabelCounts, consensus: pl.DataFrame, clusters: np.ndarray | None
) -> dict[str, int]:
    paired = consensus.filter(pl.col("n_votes") > 1)
    told = {
        "n_items": votes.n_items,
        "n_paired_items": paired.height,
        "n_annotators": votes.n_annotators,
        "n_labels": counts.n_labels,
        "n_votes": len(votes),
        "n_empty": votes.n_empty,
        "n_incomplete": votes.n_incomplete,
        "n_repeated": votes.n_repeated,
        "n_unanimous": int(paired["is_unanimous"].sum()),
        "n_ties": int(paired["is_tie"].sum()),
    }
    return told if clusters is None else {**told, "n_clusters": len(np.unique(clusters))}


def _notes(asked: VoteFile, votes: Votes) -> list[str]:
    notes = []
    if votes.n_incomplete:
        rows = counted(votes.n_incomplete, "row")
        notes.append(f"{rows} without an item or an annotator left out")
    if votes.n_empty:
        notes.append(f"{counted(votes.n_empty, 'row')} without a label: abstentions, not votes")
    if votes.n_repeated:
        notes.append(
            f"{counted(votes.n_repeated, 'earlier vote')} overruled by a later one of the same "
            "annotator on the same item"
        )
    if votes.n_annotators > MOST_ANNOTATORS:
        notes.append(
            f"{votes.n_annotators:,} annotators, more than {MOST_ANNOTATORS}: no table of pairs"
        )
    return notes
