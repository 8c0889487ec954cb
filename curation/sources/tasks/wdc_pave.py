"""WDC PAVE: offers with title, description, and the values of their attributes.

Source: Brinkmann et al. 2024, `wbsg-uni-mannheim/wdc-pave` (``target_scores``: attribute ->
value -> the paragraphs that have it), and its re-publication for fine-tuning, where
``gold_json`` holds one canonical value an attribute or null. A table with ``Category``,
``Attribute`` and ``Human_Description`` beside them says what each attribute means.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from catalog.errors import InputError
from curation.sources.documents import (
    field,
    member,
    paragraphs,
    query,
    read_documents,
    rest,
)
from curation.sources.files import ReadOptions, read_table
from curation.sources.heads import first_rows
from curation.sources.looks import files_of, look_at, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings
from curation.sources.tasks.extractgpt import scores_of, with_attributes

FIELDS = {
    "id": "record_id",
    "input_title": "title",
    "input_description": "description",
    "category": "category_path",
    "target_scores": "attributes",
    "gold_json": "attributes",
    "Human_Description": "instruction",
}
_DESCRIBED = {"Category", "Attribute", "Human_Description"}
_USED = ["id", "category", "input_title", "input_description", "target_scores", "gold_json"]


def sniff(path: Path) -> float:
    """How sure it is that a file or folder is WDC PAVE's."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    keys = look_at(path).keys
    if {"input_title", "input_description"} <= keys and keys & {"target_scores", "gold_json"}:
        return 1.0
    return 0.6 if keys >= _DESCRIBED else 0.0


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read offers as records; values have their place where they stand in the text.

    ``instruction`` says what the attributes of the category mean, where that table is given.

    Raises
    ------
    InputError
        If a file cannot be read, or there are descriptions alone.
    """
    files = files_of(settings.paths, _sniff_file, "WDC PAVE")
    described = [file for file in files if look_at(file).keys >= _DESCRIBED]
    offers = [file for file in files if file not in described]
    if not offers:
        raise InputError(f"{files[0]}: descriptions of attributes alone. Give the offers too.")
    documents = read_documents(offers, settings.read_options(), scratch)
    rows = query(
        f"select nr, made, hint as split_hint, {field('id')} as wanted, 'attribute_extraction' as task, "
        f"{field('input_title')} as title, {field('input_description')} as description, "
        f"{field('category')} as category, [{field('category')}] as category_path, "
        f"{rest(_USED)} as extra from {documents.table} order by nr",
        scratch / "rows.parquet",
    ).with_columns(paragraphs(title="title", description="description"))
    values = scores_of(documents, scratch)
    gold = query(
        f"""
        with keys as (
            select nr, unnest(json_keys(gold)) as key, generate_subscripts(json_keys(gold), 1) as n, gold
            from (select nr, {member("gold_json")} as gold from {documents.table})
        ), held as (
            select nr, key, n, json_extract(gold, '$."' || replace(key, '"', '\\"') || '"') as told from keys
        ), listed as (
            select nr, key, n, case when json_type(told) = 'ARRAY' and json_array_length(told) > 0
                then json_extract(told, '$[*]') else [told] end as told from held
        ), named as (
            select nr, key, n, unnest(told) as value, generate_subscripts(told, 1) as m from listed
        )
        select nr, key, nullif(case when json_type(value) <> 'ARRAY' then value->>'$' end, '') as value,
            null::varchar as source
        from named order by nr, n, m
        """,
        scratch / "gold.parquet",
    ).collect()
    if described:
        rows = rows.join(
            _meanings(described, scratch).lazy(), on="category", how="left", maintain_order="left"
        )
    return with_attributes(rows, pl.concat([values, gold], how="vertical_relaxed"), documents)


def _meanings(files: list[Path], scratch: Path) -> pl.DataFrame:
    """``category, instruction``: a line for each attribute of a category."""
    tables = []
    for number, file in enumerate(files):
        folder = scratch / f"meanings-{number}"
        folder.mkdir()
        tables.append(read_table(file, ReadOptions(), folder).scan().select(sorted(_DESCRIBED)))
    line = pl.concat_str("Attribute", pl.lit(": "), pl.col("Human_Description").str.strip_chars())
    return (
        pl.concat(tables)
        .drop_nulls(["Category", "Attribute"])
        .unique(["Category", "Attribute"], keep="first", maintain_order=True)
        .group_by(pl.col("Category").alias("category"), maintain_order=True)
        .agg(line.drop_nulls().alias("lines"))
        .select("category", pl.col("lines").list.join("\n").alias("instruction"))
        .collect()
    )


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    return first_rows(files_of([str(path)], _sniff_file, "WDC PAVE")[0])
