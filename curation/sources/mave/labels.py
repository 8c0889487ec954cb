"""MAVE's labels joined with the Amazon metadata that they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import InputError
from catalog.records import PARAGRAPH
from catalog.wording import counted
from curation.duplicates.join import Told
from curation.sources.files import sql_text, unreadable
from curation.sources.mave.reading import (
    LABELS,
    ROW_GROUP,
    bound_memory,
    copy_lines,
    record_columns,
)
from curation.sources.mave.text import SOURCES, cleaned

_FEWEST_COMMON = 0.01
_BATCH = 50_000


@dataclass(frozen=True)
class Joined:
    """What the join gave beside the records.

    Attributes
    ----------
    figures
        ``n_products_without_text, n_evidences_placed, n_evidences_matching, evidence_match_share``.
    """

    n_lines: int
    quarantine: pl.DataFrame
    figures: dict[str, Any]
    notes: list[str]


def join_text(labels: list[Path], metadata: list[Path], target: Path, report: Told) -> Joined:
    """Write one record a label line, with the cleaned text of its product.

    The metadata streams by; of it, only the text of labelled products is kept, on disk.

    Raises
    ------
    InputError
        If almost no labelled product stands in the metadata.
    """
    scratch = target.parent
    staged, texts = scratch / "labels.parquet", scratch / "texts.parquet"
    n_lines, broken = copy_lines(labels, LABELS, staged)
    ids = pl.read_parquet(staged, columns=["id"])["id"].unique(maintain_order=True)
    n_found = _write_texts(metadata, ids, texts, report)
    if n_found < _FEWEST_COMMON * len(ids):
        raise InputError(
            f"{labels[0]} and {metadata[0]} do not belong together: of {counted(len(ids), 'product')} "
            f"with labels {n_found:,} stand in the metadata. Give the metadata of the same products."
        )
    report(0, 3, "joining labels and text")
    with duckdb.connect() as database:
        bound_memory(database, scratch, 1)
        rows = f"(select *, row_number() over () as row from read_parquet({sql_text(staged)}))"
        database.execute(
            f"copy (select {record_columns()} from {rows} join "
            f"read_parquet({sql_text(texts)}) using (id) order by row) to {sql_text(target)} "
            f"(format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP})"
        )
        lost = pl.DataFrame(
            pl.from_arrow(
                database.sql(
                    "select to_json({id: id, category: category, attributes: attributes})::varchar as "
                    f"raw from {rows} anti join read_parquet({sql_text(texts)}) using (id) order by row"
                ).to_arrow_table()
            )
        )
        placed, matching = database.execute(_MATCHING.format(sql_text(target))).fetchone() or (0, 0)
    share = matching / placed if placed else None
    figures = {
        "n_products_without_text": lost.height,
        "n_evidences_placed": placed,
        "n_evidences_matching": matching,
        "evidence_match_share": share,
    }
    without = lost.select(
        file=pl.lit(str(labels[0])),
        line=pl.lit(None, pl.Int64),
        reason=pl.lit("its product is not in the metadata, or has no title there"),
        raw="raw",
    )
    notes = []
    if share is not None:
        notes.append(
            f"{matching:,} of {placed:,} evidences ({share:.2%}) match the cleaned text"
            + ("; `check` lists the rest" if matching < placed else "")
        )
    return Joined(n_lines, pl.concat([broken, without]), figures, notes)


_MATCHING = """
    select count(*), count(*) filter (
        e.begin >= 0 and substring(paragraphs[e.pid + 1].text, e.begin + 1, e."end" - e.begin) = e.value
    ) from (
        select paragraphs, unnest(a.evidences) as e from (
            select paragraphs, unnest(attributes) as a from read_parquet({})
        )
    ) where e.pid is not null
"""


def _write_texts(files: list[Path], ids: pl.Series, target: Path, report: Told) -> int:
    """``id, paragraphs`` of the products that are wanted, the first of each id."""
    wanted = pl.DataFrame({"id": ids, "at": pl.int_range(len(ids), eager=True)})
    is_open = pl.Series([True]).new_from_index(0, len(ids))
    n_read = n_found = 0
    writer = pq.ParquetWriter(target, _texts_schema(), compression="zstd")
    with duckdb.connect() as database, writer:
        bound_memory(database, target.parent, 1)
        for batch in _batches(database, files):
            n_read += batch.height
            here = (
                batch.join(wanted, on="id", how="inner", maintain_order="left")
                .unique("id", keep="first", maintain_order=True)
                .filter(pl.col("at").is_in(is_open.arg_true().implode()))
            )
            texts = cleaned(here.with_row_index("row"))
            found = here.with_row_index("row").join(texts, on="row", maintain_order="left")
            is_open = is_open.scatter(found["at"], values=False)
            n_found += found.height
            writer.write_table(found.select("id", "paragraphs").to_arrow().cast(_texts_schema()))
            report(0, 3, f"{n_read:,} products of the metadata, {n_found:,} of them wanted")
    return n_found


def _texts_schema() -> pa.Schema:
    empty = pl.DataFrame(schema={"id": pl.String, "paragraphs": pl.List(PARAGRAPH)})
    return empty.to_arrow().schema


def _batches(database: duckdb.DuckDBPyConnection, files: list[Path]) -> Any:
    names = ", ".join(sql_text(file) for file in files)
    columns = ", ".join(f"{name}: 'JSON'" for name in SOURCES)
    lists = ", ".join(
        f"case json_type({name}) when 'VARCHAR' then [{name} ->> '$'] "
        f"when 'ARRAY' then from_json({name}, '[\"VARCHAR\"]') end as {name}"
        for name in SOURCES
    )
    try:
        reader = database.sql(
            f"select asin as id, {lists} from read_json([{names}], format='newline_delimited', "
            f"ignore_errors=true, columns={{asin: 'VARCHAR', {columns}}}) where asin is not null"
        ).to_arrow_reader(_BATCH)
        for batch in reader:
            yield pl.DataFrame(pl.from_arrow(batch))
    except duckdb.Error as error:
        raise unreadable(files[0], "JSON Lines", error) from error
