"""dedupe and recluster: near-duplicates of a file, and its clusters at another threshold."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.errors import InputError
from catalog.records import text_of
from catalog.wording import counted
from curation.duplicates.dedupe import (
    MAX_PAIRS,
    WORDS,
    Duplicates,
    Likeness,
    component_labels,
    find_duplicates,
    united,
)
from curation.duplicates.differences import what_differs_most_alike
from curation.duplicates.join import Told, check_threshold
from curation.duplicates.meaning import check_meaning, meaning_edges
from curation.duplicates.pictures import picture_edges, picture_hashes
from curation.duplicates.thresholds import cluster_table, nearest_to, threshold_curve
from curation.llm.sentence_models import open_any_encoder
from workspace.files.duplicates_over_ray import find_over_ray
from workspace.files.pair_files import files_of, read_kept, require_free, write_found
from workspace.files.picture_files import pictures_in
from workspace.files.plain_files import (
    PlainFile,
    cumulative,
    read_file,
    require_columns,
    text_columns,
    write_frame,
)
from workspace.models.engines import Engine

MARGIN = 0.1
SHOWN = 10
KINDS = ["text", "meaning", "picture"]


@dataclass(frozen=True)
class Asked:
    """What near-duplicates are looked for.

    Attributes
    ----------
    threshold
        Jaccard similarity, over 0 up to 1.
    likeness
        How texts are compared.
    first_alone
        Whether the first column is compared alone too, as a split does.
    margin
        How far under the threshold to look for what is nearly a pair.
    max_pairs
        About how many pairs are listed.
    embedding, meaning_from
        By choice, texts whose embeddings have that cosine are tied too.
    pictures, pictures_from, picture_bits
        By choice, rows whose pictures, files that the column names, differ in at most that
        many of 64 bits are tied too. The files lie in that folder or zip file; beside the
        catalog if None.
    engine, address
        Where texts are compared.
    """

    threshold: float = 0.8
    likeness: Likeness = WORDS
    first_alone: bool = False
    margin: float = MARGIN
    max_pairs: int = MAX_PAIRS
    embedding: str | None = None
    meaning_from: float = 0.9
    pictures: str | None = None
    pictures_from: Path | None = None
    picture_bits: int = 6
    engine: Engine = "local"
    address: str | None = None


def likeness_of(unit: Any, ngram: int | None, different_numbers: Any) -> Likeness:
    """How texts are compared, from options."""
    return Likeness(unit, WORDS.ngram if ngram is None else ngram, different_numbers)


def dedupe_file(
    path: Path,
    columns: list[str],
    asked: Asked,
    out: Path | None,
    *,
    id_column: str | None = None,
    progress: Told | None = None,
) -> dict[str, Any]:
    """Find every near-duplicate pair of a file; write what was found.

    The text of a row is its columns together. Pairs go to ``out`` as ``left_id, right_id,
    similarity, kind, only_left, only_right, differs``; beside it ``OUT.clusters`` (``id,
    cluster_id, n_rows, weakest``), and what `recluster` needs: ``OUT.ties``, ``OUT.json``.
    """
    check_threshold(asked.threshold)
    if not 0 <= asked.margin < 1:
        raise InputError(f"--margin {asked.margin:g}: expected 0 or more, under 1.")
    if asked.max_pairs < 0:
        raise InputError(f"--max-pairs {asked.max_pairs}: expected 0 or more.")
    if out is not None:
        require_free(out, ("pairs", "clusters", "ties", "json"), [path])
    file = read_file(path, id_column=id_column)
    names = text_columns(columns, path, file.frame)
    texts = [
        file.frame.select(text_of(*some)).to_series()
        for some in (cumulative(names) if asked.first_alone else [names])
    ]
    found = united([_found(text, asked, progress) for text in texts])
    more = _more_edges(file, texts[-1], asked, progress)
    notes = more.notes
    if found.is_cut:
        notes.append(
            f"{found.n_pairs:,} pairs: {found.pairs.height:,} of them are listed, among them all "
            "that connect the clusters, which are whole. List more with --max-pairs."
        )
    ties = pl.concat([found.forest.with_columns(kind=pl.lit("text")), *more.edges])
    clusters = _clusters(file.ids, ties, asked.threshold)
    n_rows = file.frame.height
    files = {}
    if out is not None:
        pairs = pl.concat([found.pairs.with_columns(kind=pl.lit("text")), *more.edges])
        facts = {
            "searched_from": found.searched_from,
            "source": path.name,
            "n_rows": n_rows,
            "n_ties": ties.height,
            "text_columns": names,
            "likeness": dataclasses.asdict(asked.likeness),
            **more.used,
        }
        told = _named(what_differs_most_alike(texts, pairs, asked.likeness), file.ids)
        files = write_found(out, told, clusters, _named(ties, file.ids), facts)
    accepted, refused = nearest_to(found.forest, asked.threshold, SHOWN)
    table = cluster_table(n_rows, found.forest, asked.threshold).head(SHOWN)
    return {
        "n_rows": n_rows,
        "n_pairs": found.n_pairs,
        **_sizes(clusters),
        "threshold": asked.threshold,
        "searched_from": found.searched_from,
        "text_columns": names,
        **more.figures,
        "files": files,
        "accepted": _shown(accepted, texts, asked.likeness, file.ids),
        "refused": _shown(refused, texts, asked.likeness, file.ids),
        "clusters": _shown(table, texts, asked.likeness, file.ids),
        "curve": threshold_curve(n_rows, found.forest, found.searched_from).to_dicts(),
        "notes": [*file.notes, *notes],
    }


def recluster_file(pairs: Path, threshold: float, out: Path | None) -> dict[str, Any]:
    """The clusters at another threshold, from what `dedupe_file` has kept: nothing is compared.

    Raises
    ------
    InputError
        If that is not there, or the threshold is under what was searched.
    """
    check_threshold(threshold)
    if out is not None:
        read = [path for name, path in files_of(pairs).items() if name != "clusters"]
        require_free(out, ("clusters",), read)
    kept = read_kept(pairs)
    lowest = kept.facts["searched_from"]
    if threshold < lowest:
        raise InputError(
            f"{pairs}: searched down to {lowest:g}, so {threshold:g} is not known. "
            "Run `goldshelf dedupe` with a lower --threshold or a wider --margin."
        )
    clusters = _clusters(kept.ids, kept.ties, threshold)
    if out is not None:
        write_frame(clusters, out)
    return {
        "n_rows": kept.facts["n_rows"],
        **_sizes(clusters),
        "threshold": threshold,
        "files": {} if out is None else {"clusters": str(out)},
    }


def _found(text: pl.Series, asked: Asked, progress: Told | None) -> Duplicates:
    if asked.engine == "ray":
        return find_over_ray(
            text,
            asked.threshold,
            likeness=asked.likeness,
            margin=asked.margin,
            max_pairs=asked.max_pairs,
            address=asked.address,
            progress=progress,
        )
    return find_duplicates(
        text,
        asked.threshold,
        likeness=asked.likeness,
        margin=asked.margin,
        max_pairs=asked.max_pairs,
        progress=progress,
    )


@dataclass(frozen=True)
class _More:
    """Edges by choice, of meaning and of pictures, and what they were made with."""

    edges: list[pl.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: dict[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, Any]:
        if not self.used:
            return {}
        counts = {made["kind"][0]: made.height for made in self.edges if made.height}
        return {"n_edges": counts, **self.used}


def _more_edges(file: PlainFile, text: pl.Series, asked: Asked, progress: Told | None) -> _More:
    more = _More()
    if asked.embedding is not None:
        check_meaning(asked.meaning_from)
        encoder = open_any_encoder(asked.embedding)
        edges = meaning_edges(
            text, encoder, asked.meaning_from, apart=asked.likeness.apart(text), progress=progress
        )
        more.edges.append(edges.with_columns(kind=pl.lit("meaning")))
        more.used["embedding"] = {
            "model": asked.embedding,
            "hash": encoder.mark,
            "from": asked.meaning_from,
        }
    if asked.pictures is not None:
        names = _picture_names(file, asked.pictures)
        load = pictures_in(asked.pictures_from or file.path.parent)
        hashes, is_read = picture_hashes(load(name) if name else None for name in names)
        more.notes.extend(_unread(names, is_read))
        edges = picture_edges(hashes, is_read, asked.picture_bits)
        more.edges.append(edges.with_columns(kind=pl.lit("picture")))
        more.used["pictures"] = {"column": asked.pictures, "bits": asked.picture_bits}
    return more


def _picture_names(file: PlainFile, column: str) -> list[str | None]:
    """The picture of each row; the first, where the column lists them."""
    require_columns(file.path, file.frame, [column])
    held = file.frame[column]
    if isinstance(held.dtype, pl.List):
        held = held.list.first()
    if held.dtype.is_nested():
        raise InputError(f"{file.path}: column {column!r} names no pictures: it is {held.dtype}.")
    return held.cast(pl.String).str.strip_chars().to_list()


def _unread(names: list[str | None], is_read: np.ndarray) -> list[str]:
    """How many pictures tie nothing, and why, counted aloud."""
    lost = [name for name, found in zip(names, is_read, strict=True) if name and not found]
    n_web = sum("://" in name for name in lost)
    told = []
    if n_web:
        told.append(
            f"{counted(n_web, 'picture')} named by an address of the web: none is fetched, and "
            "they tie nothing"
        )
    if len(lost) > n_web:
        told.append(
            f"{counted(len(lost) - n_web, 'picture')} not there, not readable or of one colour: "
            "they tie nothing"
        )
    return told


def _clusters(ids: pl.Series, ties: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The rows of each cluster of two or more, and its weakest text tie."""
    tied = ties.filter((pl.col("similarity") >= threshold) | (pl.col("kind") != "text"))
    labels = component_labels(len(ids), tied["left"].to_numpy(), tied["right"].to_numpy())
    least = (
        tied.with_columns(pl.Series("cluster_id", labels[tied["left"].to_numpy()]))
        .filter(pl.col("kind") == "text")
        .group_by("cluster_id")
        .agg(pl.col("similarity").min().alias("weakest"))
    )
    return (
        pl.DataFrame({"id": ids, "cluster_id": labels})
        .with_columns(pl.len().over("cluster_id").cast(pl.Int64).alias("n_rows"))
        .filter(pl.col("n_rows") > 1)
        .join(least, on="cluster_id", how="left", maintain_order="left")
        .sort("cluster_id", maintain_order=True)
    )


def _sizes(clusters: pl.DataFrame) -> dict[str, int]:
    return {
        "n_clusters": clusters["cluster_id"].n_unique(),
        "n_rows_in_clusters": clusters.height,
        "largest_cluster": int(clusters["n_rows"].max() or 0),  # type: ignore[arg-type]
    }


def _named(pairs: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    rest = [name for name in pairs.columns if name not in ("left", "right", "contradicts")]
    return pairs.select(
        ids.gather(pairs["left"]).alias("left_id"),
        ids.gather(pairs["right"]).alias("right_id"),
        *rest,
    )


def _shown(
    pairs: pl.DataFrame, texts: list[pl.Series], likeness: Likeness, ids: pl.Series
) -> list[dict[str, Any]]:
    """Few pairs with their ids, texts and differences."""
    rows = pl.concat([pairs["left"], pairs["right"]]).unique().sort()
    place = dict(zip(rows, range(len(rows)), strict=True))
    few = [text.gather(rows) for text in texts]
    numbered = pairs.with_columns(
        pl.col("left", "right").replace_strict(place, return_dtype=pl.Int64)
    )
    told = what_differs_most_alike(few, numbered, likeness).with_columns(
        few[-1].gather(numbered["left"]).alias("left_text"),
        few[-1].gather(numbered["right"]).alias("right_text"),
    )
    return _named(told, ids.gather(rows)).to_dicts()
