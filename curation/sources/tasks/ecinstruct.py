"""ECInstruct: ten e-commerce tasks as instruction, input, options and output.

Source: Peng et al., "eCeLLM", 2024 (arXiv 2402.08831); `NingLab/ECInstruct` on the hub. The
hub's rows have ``task, setting, split, instruction, input, options, output``; other copies
hold one task a file, ``instruction, input, output``, with the options fused into the input.
The input is text, JSON, or the ``repr`` of a Python list, by task.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from catalog.wording import counted
from curation.sources.documents import (
    Documents,
    field,
    finished,
    paragraphs,
    query,
    quoted,
    read_documents,
    rest,
)
from curation.sources.evidences import attributes_of
from curation.sources.fields import price_of
from curation.sources.heads import first_rows
from curation.sources.literals import as_json
from curation.sources.looks import Look, files_of, look_at, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

TASKS = {
    "Attribute_Value_Extraction": "attribute_extraction",
    "Product_Relation_Prediction": "product_pair",
    "Product_Matching": "product_pair",
    "Sentiment_Analysis": "sentiment",
    "Sequential_Recommendation": "recommendation",
    "Multiclass_Product_Classification": "query_product",
    "Product_Substitute_Identification": "query_product",
    "Query_Product_Rank": "query_product",
    "Answerability_Prediction": "question_answering",
    "Answer_Generation": "question_answering",
}
"""The ten tasks, as the hub spells them, and ours."""

_SPELLINGS = {
    "Product_Relation_Predicition": "Product_Relation_Prediction",
    "Product_Substitue_Identification": "Product_Substitute_Identification",
    "Query_Product_Ranking": "Query_Product_Rank",
}
_SETTING = re.compile(r"(?:IND|OOD)_(?:Single|Diverse|Unseen)_Instruction(?:_1-shot)?")
_YES_NO = ("Product_Matching", "Product_Substitute_Identification", "Answerability_Prediction")
_RANKING = "Query_Product_Rank"
_FUSED = r"(?s)^(.*?)\s*\n\s*[Oo]ptions:\s*(\[.*\])\s*$"
_COLUMNS = ["instruction", "input", "options", "output"]
FIELDS = {
    "instruction": "instruction",
    "input": "title, description, brand, query, question, context",
    "options": "options",
    "output": "target",
    "task": "task",
    "split": "split_hint",
}


class EcInstructOptions(BaseModel):
    """Which rows, and what a file does not say itself.

    ``task`` is the task of files that do not name theirs; of files that do, only its rows are
    read. ``setting`` (``IND_Diverse_Instruction``, ``OOD_Single_Instruction`` …) likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str | None = None
    setting: str | None = None


def known_task(text: str) -> str | None:
    """The task that a text names, whatever its spelling; None where it names none.

    Examples
    --------
    >>> known_task("Product_Substitue_Identification_test.json")
    'Product_Substitute_Identification'
    """
    plain = _plain(text)
    return next((name for key, name in _names().items() if key in plain), None)


def sniff(path: Path) -> float:
    """How sure it is that a file or folder is ECInstruct."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    look = look_at(path)
    if _is_labels(look):
        return 0.8
    if not {"instruction", "input", "output"} <= look.keys:
        return 0.0
    if {"task", "setting"} <= look.keys:
        return 1.0
    return 0.9 if _task_of_path(path) else 0.4


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read ECInstruct's rows as records.

    The product (of a pair, the first) is in ``title``, ``description`` and ``brand``. The
    second product, the documents, the review or the purchases are in ``context``; the
    products to rank in ``options``. ``extra`` keeps the published task and setting and what
    of the input has no field. A file of the ranking test's labels alone gives records that
    have an answer and no input.

    Raises
    ------
    InputError
        If a file names no task and neither does its path nor the option ``task``.
    """
    options = EcInstructOptions(**settings.options)
    files = files_of(settings.paths, _sniff_file, "ECInstruct")
    labels = [file for file in files if _is_labels(look_at(file))]
    others = [file for file in files if file not in labels]
    parts = []
    if others:
        parts.append(_load_rows(others, settings, options, scratch))
    if labels:
        (scratch / "labels").mkdir(exist_ok=True)
        parts.append(_load_labels(labels, settings, scratch / "labels"))
    if len(parts) == 1:
        return parts[0]
    rows, ranked = parts
    return LoadResult(
        pl.concat([_lazy(rows), _lazy(ranked)]),
        pl.concat([rows.quarantine, ranked.quarantine]),
        {**rows.figures, "files": rows.figures["files"] + ranked.figures["files"]},
        [*rows.notes, *ranked.notes],
    )


def _lazy(loaded: LoadResult) -> pl.LazyFrame:
    records = loaded.records
    return pl.scan_parquet(records) if isinstance(records, Path) else records


def _load_rows(
    files: list[Path], settings: SourceSettings, options: EcInstructOptions, scratch: Path
) -> LoadResult:
    documents = read_documents(files, settings.read_options(), scratch)
    raw = _raw(files, documents, options, scratch)
    unknown = raw.filter(pl.col("name").is_null())
    if unknown.height == raw.height and raw.height:
        told = unknown.drop_nulls("task")["task"]
        where = f"task {told[0]!r} is none of" if len(told) else "the rows do not name one of"
        raise InputError(f"{files[0]}: {where} {', '.join(TASKS)}. Pass --option task=NAME.")
    kept = raw.drop_nulls("name")
    if options.task and known_task(options.task):
        kept = kept.filter(pl.col("name") == known_task(options.task))
    if options.setting is not None:
        kept = kept.filter(pl.col("setting") == options.setting)
    if kept.is_empty():
        had = ", ".join(sorted(str(s) for s in raw["setting"].drop_nulls().unique()))
        raise InputError(
            f"{files[0]}: no row has task {options.task or 'any'} and setting {options.setting or 'any'}. "
            f"Settings there: {had or 'none'}."
        )
    kept = _with_input(kept)
    kept.write_parquet(scratch / "rows.parquet")
    asked = query(
        _FIELDS_SQL.format(rows=quoted(scratch / "rows.parquet")), scratch / "asked.parquet"
    )
    rows = asked.with_columns(
        pl.col("name").replace_strict(TASKS).alias("task"),
        pl.when(pl.col("options").is_null() & pl.col("name").is_in(_YES_NO))
        .then(pl.lit(["yes", "no"]))
        .otherwise("options")
        .alias("options"),
        price_of(pl.col("price_text")).alias("price"),
        paragraphs(
            title="title",
            description="description",
            feature="feature",
            price="price_paragraph",
            brand="brand_paragraph",
        ),
        pl.lit(None, pl.String).alias("wanted"),
    )
    rows = _with_attributes(rows, scratch)
    figures = {
        "by_task": dict(kept.group_by("name").len().sort("name").iter_rows()),
        "by_setting": dict(
            kept.group_by(pl.col("setting").fill_null("none")).len().sort("setting").iter_rows()
        ),
    }
    notes = []
    left = raw.height - unknown.height - kept.height
    if left:
        notes.append(f"{counted(left, 'row')} of other tasks or settings left out, as asked")
    rejected = unknown.select(
        pl.col("path").alias("file"),
        "line",
        pl.format("task {} is none of ECInstruct's ten", pl.col("task").fill_null("(none)")).alias(
            "reason"
        ),
        pl.col("input").str.head(2000).alias("raw"),
    )
    return finished(rows, documents, figures=figures, notes=notes, rejected=rejected)


def _raw(
    files: list[Path], documents: Documents, options: EcInstructOptions, scratch: Path
) -> pl.DataFrame:
    """The published columns as text, with the ``name`` of the task as the hub spells it."""
    used = [*_COLUMNS, "split"]
    columns = ", ".join(f"{field(c)} as {c}" for c in [*_COLUMNS, "task", "setting", "split"])
    rows = query(
        f"select nr, file, line, hint, made, {columns}, {rest(used)} as kept from {documents.table}",
        scratch / "raw.parquet",
    ).collect()
    of_file = pl.DataFrame(
        {
            "file": list(range(len(files))),
            "path": [str(file) for file in files],
            "path_task": [_task_of_path(file) for file in files],
            "path_setting": [_setting_of_path(file) for file in files],
        },
        schema_overrides={"path_task": pl.String, "path_setting": pl.String},
    )
    plain = pl.col("task").str.to_lowercase().str.replace_all(r"[^a-z]", "")
    named = plain.replace_strict(_names(), default=None, return_dtype=pl.String)
    given = known_task(options.task) if options.task else None
    if options.task and given is None:
        raise InputError(f"--option task={options.task}: expected one of {', '.join(TASKS)}.")
    return rows.join(
        of_file.with_columns(pl.col("file").cast(rows["file"].dtype)),
        on="file",
        maintain_order="left",
    ).with_columns(
        pl.when(pl.col("task").is_null())
        .then(pl.coalesce("path_task", pl.lit(given, pl.String)))
        .otherwise(named)
        .alias("name"),
        pl.coalesce("setting", "path_setting").alias("setting"),
        pl.coalesce("split", "hint").alias("split_hint"),
    )


def _with_input(rows: pl.DataFrame) -> pl.DataFrame:
    """Input and options parted where they are fused, each as JSON where it is JSON or Python."""
    fused = pl.col("input").str.extract_groups(_FUSED).struct
    is_apart = pl.col("options").is_not_null()
    parted = rows.with_columns(
        pl.when(is_apart)
        .then("input")
        .otherwise(pl.coalesce(fused.field("1"), "input"))
        .alias("body"),
        pl.when(is_apart).then("options").otherwise(fused.field("2")).alias("choices"),
    )
    return parted.with_columns(
        as_json(parted["body"]).alias("json"), as_json(parted["choices"]).alias("choices")
    ).drop("options")


_FIELDS_SQL = """
with asked as (
    select *, json_type(json) as kind,
        coalesce(json->'$."product 1"', json->'$."Product 1"', json->'$."Product 1:"',
            json->'$.product') as one,
        coalesce(json->'$."product 2"', json->'$."Product 2"', json->'$."Product 2:"') as two
    from read_parquet({rows})
), named as (
    select *,
        coalesce(json->>'$."product title"', json->>'$.title', one->>'$.title',
            case when json_type(one) = 'VARCHAR' then one->>'$' end) as title_,
        coalesce(json->>'$."product description"', json->>'$.description', one->>'$.description') as description_,
        coalesce(json->>'$."product feature"', json->>'$.feature', one->>'$.feature') as feature_,
        coalesce(json->>'$."product brand"', json->>'$.brand', one->>'$.brand',
            one->>'$.manufacturer') as brand_,
        coalesce(json->>'$."product price"', json->>'$.price', one->>'$.price') as price_
    from asked
)
select nr, made, name, instruction, output as target, split_hint,
    nullif(nullif(trim(title_), ''), 'nan') as title,
    nullif(nullif(trim(description_), ''), 'nan') as description,
    nullif(nullif(trim(feature_), ''), 'nan') as feature,
    nullif(nullif(trim(brand_), ''), 'nan') as brand,
    nullif(nullif(trim(price_), ''), 'nan') as price_text,
    case when name = 'Attribute_Value_Extraction' then price_text end as price_paragraph,
    case when name = 'Attribute_Value_Extraction' then brand end as brand_paragraph,
    json->>'$.query' as query,
    json->>'$.question' as question,
    case
        when json is null then [body]
        when kind = 'ARRAY' then json::varchar[]
        when two is not null then [case when json_type(two) = 'VARCHAR' then two->>'$' else two::varchar end]
        when json_type(json->'$.document') = 'ARRAY' then (json->'$.document')::varchar[]
        when json->>'$.document' is not null then [json->>'$.document']
    end as context,
    case
        when json_type(choices) = 'ARRAY' then choices::varchar[]
        when json_type(json->'$."product list"') = 'ARRAY' then (json->'$."product list"')::varchar[]
    end as options,
    json_merge_patch(coalesce(kept, '{{}}')::json, json_object(
        'task', coalesce(task, name), 'setting', setting,
        'target attributes', json->'$."target attributes"'))::varchar as extra
from named order by nr
"""


def _with_attributes(rows: pl.LazyFrame, scratch: Path) -> pl.LazyFrame:
    """The answers of attribute extraction as attributes, with their place where they stand."""
    found = query(
        f"""
        with answers as (
            select nr, unnest(target::json->'$[*]') as answer, generate_subscripts(target::json->'$[*]', 1) as n
            from read_parquet({quoted(scratch / "asked.parquet")})
            where name = 'Attribute_Value_Extraction' and json_valid(target)
                and json_type(try_cast(target as json)) = 'ARRAY'
        )
        select nr, answer->>'$.attribute' as key,
            nullif(nullif(answer->>'$.value', 'None'), '') as value,
            nullif(regexp_replace(lower(answer->>'$.source'), '^product ', ''), 'none') as source
        from answers order by nr, n
        """,
        scratch / "answers.parquet",
    ).collect()
    if found.is_empty():
        return rows
    texts = rows.filter(pl.col("name") == "Attribute_Value_Extraction").select("nr", "paragraphs")
    attributes = attributes_of(found.drop_nulls("key"), texts.collect())
    return rows.join(attributes.lazy(), on="nr", how="left", maintain_order="left")


def _load_labels(files: list[Path], settings: SourceSettings, scratch: Path) -> LoadResult:
    documents = read_documents(files, settings.read_options(), scratch, is_list=True)
    rows = query(
        f"select 'ranking-' || (nr + 1) as wanted, made, 'query_product' as task, "
        f"array_to_string(doc::json::varchar[], ',') as target, hint as split_hint, "
        f'\'{{"task":"{_RANKING}"}}\' as extra from {documents.table} order by nr',
        scratch / "labels.parquet",
    )
    told = counted(documents.n_rows, "record")
    note = f"{told} are labels of the ranking test alone: they have no query and no products"
    return finished(rows, documents, notes=[note])


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    return first_rows(files_of([str(path)], _sniff_file, "ECInstruct")[0])


def _is_labels(look: Look) -> bool:
    return (
        look.form == "json"
        and isinstance(look.first, list)
        and bool(look.first)
        and all(label in ("E", "S", "C", "I") for label in look.first)
    )


def _task_of_path(path: Path) -> str | None:
    return known_task(path.stem) or known_task("/".join(path.parts[-3:-1]))


def _setting_of_path(path: Path) -> str | None:
    found = _SETTING.search("/".join(path.parts[-3:]))
    return found.group() if found else None


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _names() -> dict[str, str]:
    return {_plain(k): v for k, v in _SPELLINGS.items()} | {_plain(k): k for k in TASKS}


__all__ = ["FIELDS", "TASKS", "EcInstructOptions", "head", "load", "sniff"]
