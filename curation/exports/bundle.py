"""The files of an export, written in blocks: memory does not grow with the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import polars as pl

from catalog.querying import querying
from catalog.records import RECORD_SCHEMA
from curation.exports.answers import without_answers
from curation.exports.formats import line_of, record_json
from curation.exports.json_text import json_value, one_line
from curation.exports.plan import TRAIN, Plan
from curation.exports.prompts import with_attribute_json
from curation.exports.settings import ExportSettings

RECORDS = "records"
BLOCK = 20_000
_MEMORY = "1GB"

LINE_SCHEMA = pl.Schema(
    {
        "example_id": pl.String(),
        "split": pl.String(),
        "copy": pl.Int32(),
        "example_hash": pl.String(),
    }
)
_NONE_MIXED = pl.DataFrame(schema={"line": pl.Int64(), "text": pl.String()})
_ASKED = ("instruction", "query", "question", "context", "options", "target")
_TEXTS = (
    *("title", "description", "brand", "price", "currency", "identifiers", "category_path"),
    *("attributes", "image_urls", *_ASKED),
)
_COLUMNS = (*_TEXTS, "label_source", "label_score")

Told = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Bundle:
    """What was written.

    Attributes
    ----------
    files
        Path below the folder -> ``sha256, n_lines, bytes``.
    lines
        `LINE_SCHEMA`, in the order of the files.
    """

    files: dict[str, dict[str, Any]]
    lines: pl.DataFrame


def write_bundle(
    gold: Path,
    plan: Plan,
    settings: ExportSettings,
    systems: Mapping[str, str],
    folder: Path,
    scratch: Path,
    *,
    mixed: pl.DataFrame | None = None,
    progress: Told | None = None,
) -> Bundle:
    """Write ``SPLIT.jsonl`` and ``records/SPLIT.jsonl`` for each split of a plan.

    Parameters
    ----------
    gold
        A Parquet file: the record schema with ``label_source`` and ``label_score``.
    systems
        The system prompt of each task (`curation.exports.prompts.system_prompt`).
    folder
        An empty folder for the files.
    scratch
        Where rows are sorted on disk if they do not fit in memory.
    mixed
        ``line, text`` of lines of train that are no records, for the places that the plan leaves.
    """
    (folder / RECORDS).mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, Any]] = {}
    lines = [pl.DataFrame(schema=LINE_SCHEMA)]
    done, total = 0, plan.rows.height
    for split in plan.splits:
        name = f"{split}.jsonl"
        waiting = mixed if mixed is not None and split == TRAIN else _NONE_MIXED
        with ExitStack() as stack:
            main = stack.enter_context(_HashedFile(folder / name))
            records = stack.enter_context(_HashedFile(folder / RECORDS / name))
            for block in _blocks(gold, plan.rows.filter(split=split), scratch):
                written = example_lines(block, settings, systems)
                texts = written.select(block["line"], "text")
                last = int(block["line"].max())  # type: ignore[arg-type]
                main.write(_between(texts, waiting.filter(pl.col("line") < last)))
                waiting = waiting.filter(pl.col("line") > last)
                records.write(written["record"])
                lines.append(written.select(pl.col(c).cast(t) for c, t in LINE_SCHEMA.items()))
                done += block.height
                if progress is not None:
                    progress(done, total, f"writing {split}")
            main.write(waiting["text"])
        files[name] = main.facts
        files[f"{RECORDS}/{name}"] = records.facts
    return Bundle(files, pl.concat(lines))


def _between(texts: pl.DataFrame, mixed: pl.DataFrame) -> pl.Series:
    """Texts of both in the order of their lines."""
    return pl.concat([texts, mixed]).sort("line")["text"] if mixed.height else texts["text"]


def example_lines(
    rows: pl.DataFrame, settings: ExportSettings, systems: Mapping[str, str]
) -> pl.DataFrame:
    """The lines of some rows.

    Parameters
    ----------
    rows
        Rows of a plan with the gold columns that stand in an example.
    systems
        The system prompt of each task; none for a task that is not named.

    Returns
    -------
    ``example_id, split, copy, text`` (the line of the main file), ``example_hash`` (of its bytes)
    and ``record`` (the line of the records file), in the order of ``rows``.
    """
    several = settings.several_values == "list"
    numbered = with_attribute_json(rows, several=several).with_row_index("_row")
    parts = [
        part.with_columns(
            without_answers(part, settings, task)
            .select(line_of(settings, systems.get(task, ""), task))
            .to_series()
            .alias("text")
        )
        for (task,), part in numbered.partition_by("task", as_dict=True).items()
    ]
    written = pl.concat(parts).sort("_row") if len(parts) > 1 else parts[0]
    written = written.with_columns(_sha256(written["text"]).alias("example_hash"))
    tied = {"example_hash": json_value(pl.col("example_hash")), "line": json_value(pl.col("line"))}
    return written.select(
        pl.col("record_id").alias("example_id"),
        "split",
        "copy",
        "text",
        "example_hash",
        one_line(record_json(masked=False, **tied)).alias("record"),
    )


def _blocks(gold: Path, plan: pl.DataFrame, scratch: Path) -> Iterator[pl.DataFrame]:
    """Rows of a plan in its order with their gold columns, sorted on disk where need be."""
    columns = ", ".join(f'g."{name}"' for name in _COLUMNS)
    source = str(gold).replace("'", "''")
    with duckdb.connect(
        config={"memory_limit": _MEMORY, "temp_directory": str(scratch)}
    ) as database:
        database.register("plan", plan.drop("category", "label_source").to_arrow())
        rows = database.sql(
            f"select p.*, {columns} from plan p join read_parquet('{source}') g "
            "on g.record_id = p.record_id order by p.line"
        )
        for batch in rows.to_arrow_reader(BLOCK):
            yield typed(pl.DataFrame(pl.from_arrow(batch)))


def typed(rows: pl.DataFrame) -> pl.DataFrame:
    """Gold columns as the record schema types them."""
    return rows.with_columns(
        *(pl.col(name).cast(RECORD_SCHEMA[name]) for name in _TEXTS),
        pl.col("task", "label_source").cast(pl.String),
        pl.col("label_score").cast(pl.Float64),
    )


def _sha256(texts: pl.Series) -> pl.Series:
    with querying() as database:
        database.register("lines", pl.DataFrame({"text": texts}).to_arrow())
        hashed = database.sql("select sha256(text) as hash from lines").to_arrow_table()
    return pl.Series("example_hash", hashed.column(0), dtype=pl.String)


class _HashedFile:
    """A file of lines that knows its hash without being read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._n_lines = 0

    def __enter__(self) -> _HashedFile:
        self._file: BinaryIO = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, lines: pl.Series) -> None:
        """Write lines, each with a line end behind it."""
        if len(lines) == 0:
            return
        body = (str(lines.str.join("\n").item()) + "\n").encode()
        self._digest.update(body)
        self._file.write(body)
        self._n_lines += len(lines)

    @property
    def facts(self) -> dict[str, Any]:
        """Hash, lines and bytes of the file."""
        return {
            "sha256": self._digest.hexdigest(),
            "n_lines": self._n_lines,
            "bytes": self._path.stat().st_size,
        }
