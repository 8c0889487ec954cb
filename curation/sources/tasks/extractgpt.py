"""ExtractGPT's attribute values: AE-110K and OA-Mine.

Source: Brinkmann et al., "ExtractGPT", 2023 (arXiv 2310.12537), `wbsg-uni-mannheim/ExtractGPT`:
JSON Lines of ``input`` (a title), ``category`` and ``target_scores`` (attribute -> value -> 1;
the value ``n/a`` is "asked, and there is none"). Where ``n/a`` stands beside other values, which
annotators did not agree on, the record has the values, and ``extra`` all forms in their order: the
published script takes such an attribute for null if ``n/a`` comes first.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from catalog.extra import SURFACE_FORMS, with_members
from curation.sources.documents import (
    Documents,
    field,
    finished,
    member,
    paragraphs,
    query,
    quoted,
    read_documents,
    rest,
)
from curation.sources.evidences import attributes_of
from curation.sources.heads import first_rows
from curation.sources.looks import files_of, look_at, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

FIELDS = {"input": "title", "category": "category_path", "target_scores": "attributes"}
NONE = "n/a"


def sniff(path: Path) -> float:
    """How sure it is that a file or folder is ExtractGPT's."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    look = look_at(path)
    is_row = isinstance(look.first, dict) and {"input", "category", "target_scores"} <= look.keys
    return 0.95 if is_row else 0.0


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read titles with their attributes as records; the split is the file's name.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    files = files_of(settings.paths, _sniff_file, "ExtractGPT's data")
    documents = read_documents(files, settings.read_options(), scratch)
    rows = query(
        f"select nr, made, hint as split_hint, null::varchar as wanted, 'attribute_extraction' as task, "
        f"{field('input')} as title, [{field('category')}] as category_path, "
        f"{rest(['input', 'category', 'target_scores'])} as extra from {documents.table} order by nr",
        scratch / "rows.parquet",
    ).with_columns(paragraphs(title="title"))
    return with_attributes(rows, scores_of(documents, scratch), documents)


def scores_of(documents: Documents, scratch: Path) -> pl.DataFrame:
    """``nr, key, value, source`` of ``target_scores``, in the order of the file.

    A value with ``pid`` (WDC PAVE: 0 the title, 1 the description) comes once for each.
    """
    return query(
        f"""
        with keys as (
            select nr, unnest(json_keys(scores)) as key, generate_subscripts(json_keys(scores), 1) as n_key, scores
            from (select nr, {member("target_scores")} as scores from {documents.table})
        ), held as (
            select nr, key, n_key, json_extract(scores, '$."' || replace(key, '"', '\\"') || '"') as told from keys
        ), named as (
            select nr, key, n_key, unnest(json_keys(told)) as value,
                generate_subscripts(json_keys(told), 1) as n_value, told from held
        ), placed as (
            select *, json_extract(told, '$."' || replace(value, '"', '\\"') || '".pid') as pids from named
        )
        select nr, key, nullif(value, {quoted(NONE)}) as value,
            case pid when 0 then 'title' when 1 then 'description' end as source
        from (
            select nr, key, n_key, value, n_value,
                unnest(case when json_type(pids) = 'ARRAY' and len(pids::bigint[]) > 0 then pids::bigint[] else [null::bigint] end) as pid
            from placed
        ) order by nr, n_key, n_value, pid
        """,
        scratch / "scores.parquet",
    ).collect()


def with_attributes(rows: pl.LazyFrame, values: pl.DataFrame, documents: Documents) -> LoadResult:
    """Records with their values placed, and how many of those stand in the text."""
    texts = rows.select("nr", "paragraphs").collect()
    attributes = attributes_of(values, texts)
    rows = rows.join(attributes.lazy(), on="nr", how="left", maintain_order="left")
    rows = _with_forms(rows, values)
    placed = (
        attributes.explode("attributes").unnest("attributes").explode("evidences")
        .drop_nulls("evidences").unnest("evidences")
    )  # fmt: skip
    figures = {
        "n_attributes": int(attributes["attributes"].list.len().sum()),
        "n_asked_without_value": int(values["value"].is_null().sum()),
        "n_evidences": placed.height,
        "n_evidences_placed": int(placed["begin"].count()),
    }
    return finished(rows, documents, figures=figures)


def _with_forms(rows: pl.LazyFrame, values: pl.DataFrame) -> pl.LazyFrame:
    """Rows that keep, in ``extra``, the forms of attributes with values and without any."""
    is_none = pl.col("value").is_null()
    told: dict[int, dict[str, list[str]]] = {}
    mixed = values.filter((is_none.any() & ~is_none.all()).over("nr", "key")).unique(
        ["nr", "key", "value"], keep="first", maintain_order=True
    )
    for nr, key, value in mixed.select("nr", "key", "value").iter_rows():
        told.setdefault(nr, {}).setdefault(key, []).append(NONE if value is None else value)
    if not told:
        return rows
    texts = [json.dumps({SURFACE_FORMS: forms}, ensure_ascii=False) for forms in told.values()]
    kept = pl.LazyFrame(
        {"nr": list(told), "_forms": texts}, schema_overrides={"nr": values.schema["nr"]}
    )
    joined = rows.join(kept, on="nr", how="left", maintain_order="left")
    return joined.with_columns(
        pl.when(pl.col("_forms").is_null())
        .then("extra")
        .otherwise(with_members(pl.col("_forms")))
        .alias("extra")
    ).drop("_forms")


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    return first_rows(files_of([str(path)], _sniff_file, "ExtractGPT's data")[0])
