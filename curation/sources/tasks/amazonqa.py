"""Questions about products with answers and review snippets.

Two publications are read:

- AmazonQA (Gupta et al. 2019, arXiv 1908.04364): JSON Lines with ``questionText,
  questionType, review_snippets, answers[{answerText, answerType, helpful}], is_answerable,
  asin, qid, category``.
- McAuley's question files (McAuley and Yang 2016; Wan and McAuley 2016): a Python literal a
  line, either one question with one answer (``question, answer, questionType, asin``) or one
  product with ``questions`` and their ``answers``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from curation.sources.documents import (
    Documents,
    field,
    finished,
    identifier,
    member,
    query,
    quoted,
    read_documents,
    rest,
)
from curation.sources.files import QUARANTINE_SCHEMA, ReadOptions
from curation.sources.heads import first_rows
from curation.sources.literals import translated
from curation.sources.looks import files_of, look_at, surest
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

FIELDS = {
    "qid": "record_id",
    "questionText": "question",
    "question": "question",
    "questions": "question, target",
    "review_snippets": "context",
    "answers": "target",
    "answer": "target",
    "asin": "identifiers.asin",
    "category": "category_path",
}
_USED = ["questionText", "question", "qid", "asin", "category", "review_snippets"]
_ANSWERS = '[{"answerText":"VARCHAR","helpful":["BIGINT"]}]'


class AmazonQaOptions(BaseModel):
    """What the gold answer is: the most helpful ``answer``, or ``answerability`` (yes or no)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Literal["answer", "answerability"] = "answer"


def sniff(path: Path) -> float:
    """How sure it is that a file or folder holds questions and answers."""
    return surest(path, _sniff_file)


def _sniff_file(path: Path) -> float:
    look = look_at(path)
    if _is_literal(path):
        return 0.95 if "'asin'" in look.lines[0] and "'question" in look.lines[0] else 0.0
    if {"questionText", "answers"} <= look.keys or {"questionText", "review_snippets"} <= look.keys:
        return 1.0
    if {"asin", "question", "answer"} <= look.keys or {"asin", "questions"} <= look.keys:
        return 0.9
    return 0.0


def _is_literal(path: Path) -> bool:
    lines = look_at(path).lines
    return bool(lines) and lines[0].lstrip().startswith(("{'", '{u"', "{u'"))


def load(settings: SourceSettings, scratch: Path) -> LoadResult:
    """Read questions as records, one a question.

    The snippets are in ``context``, the answer that most people found helpful (of equals, the
    first) in ``target``; all answers, the type of the question and its answerability stay in
    ``extra``. A question without an answer has no target. The ASIN is an identifier, so that
    the questions about one product stay together in a split.

    Raises
    ------
    InputError
        If no document has a question, or answerability is asked for and is nowhere.
    """
    options = AmazonQaOptions(**settings.options)
    files = files_of(settings.paths, _sniff_file, "questions and answers")
    documents = _documents(files, settings.read_options(), scratch)
    query(_questions(documents), scratch / "questions.parquet")
    question = f"coalesce({field('questionText')}, {field('question')})"
    category = f"coalesce({field('category')}, hint_category)"
    answers = f"from_json({member('answers')}, {quoted(_ANSWERS)})"
    helpful = "list_transform(answers, lambda a: coalesce(a.helpful[1], 0))"
    best = f"answers[list_position({helpful}, list_max({helpful}))].answerText"
    is_answerable = f"lower({field('is_answerable')})"
    rows = query(
        f"""
        with read as (
            select nr, line, path, made, hint as split_hint, {question} as question,
                {field("qid")} as qid, {field("asin")} as asin, {category} as category,
                {field("answer")} as answer, {answers} as answers,
                {field("questionType")} as question_type,
                case when {is_answerable} in ('1', 'true', 'yes') then 'yes'
                    when {is_answerable} in ('0', 'false', 'no') then 'no' end as answerability,
                case json_type({member("review_snippets")})
                    when 'ARRAY' then try_cast({member("review_snippets")} as varchar[])
                end as context,
                {rest(_USED)} as extra
            from read_parquet({quoted(scratch / "questions.parquet")})
        )
        select nr, line, path, made, split_hint, question, asin, category, question_type,
            answerability, extra,
            qid as wanted,
            case when len(context) > 0 then context end as context,
            nullif(trim(coalesce(answer, {best})), '') as answer
        from read order by nr
        """,
        scratch / "rows.parquet",
    )
    no_question = pl.col("question").is_null()
    rejected = rows.filter(no_question).select(
        pl.col("path").alias("file"),
        "line",
        pl.lit("no question").alias("reason"),
        pl.col("extra").str.head(2000).alias("raw"),
    ).collect()  # fmt: skip
    rows = rows.filter(~no_question)
    figures = _figures(rows)
    if not figures["n_questions"]:
        raise InputError(f"{files[0]}: no document has a question (questionText or question).")
    if options.target == "answerability" and not (
        figures["n_answerable"] + figures["n_unanswerable"]
    ):
        raise InputError(f"{files[0]}: no question says is_answerable. Take target=answer.")
    notes = []
    if figures["n_without_answer"] and options.target == "answer":
        notes.append(f"{figures['n_without_answer']:,} questions without an answer have no target")
    is_yes_no = pl.lit(options.target == "answerability")
    rows = rows.with_columns(
        pl.lit("question_answering").alias("task"),
        pl.col("answerability" if options.target == "answerability" else "answer").alias("target"),
        pl.when(is_yes_no).then(pl.lit(["yes", "no"])).alias("options"),
        pl.when(pl.col("category").is_not_null())
        .then(pl.concat_list("category"))
        .alias("category_path"),
        identifier("asin", "asin"),
    )
    return finished(rows, documents, figures=figures, notes=notes, rejected=rejected)


def _documents(files: list[Path], options: ReadOptions, scratch: Path) -> Documents:
    """The files as documents, Python literals translated first."""
    plain, bad = [], [pl.DataFrame(schema=QUARANTINE_SCHEMA)]
    for number, file in enumerate(files):
        if not _is_literal(file):
            plain.append(file)
            continue
        folder = scratch / f"literals-{number}"
        folder.mkdir(exist_ok=True)
        target = folder / f"{file.name.removesuffix('.gz').removesuffix('.json')}.jsonl"
        bad.append(translated(file, target, folder))
        plain.append(target)
    read = read_documents(plain, options, scratch)
    facts = [{**fact, "path": str(file)} for fact, file in zip(read.facts, files, strict=True)]
    return Documents(
        read.parquet, pl.concat([read.quarantine, *bad]), facts, read.n_rows, read.n_repeated
    )


def _questions(documents: Documents) -> str:
    """SQL of one document a question: a product with ``questions`` is taken apart."""
    paths = quoted_list([fact["path"] for fact in documents.facts])
    categories = quoted_list([_category_of(fact["path"]) for fact in documents.facts])
    several = "json_type(doc->'$.questions') = 'ARRAY'"
    return f"""
        with named as (
            select *, {paths}[file + 1] as path, nullif({categories}[file + 1], '') as hint_category
            from {documents.table}
        ), apart as (
            select nr, line, hint, path, hint_category, unnest(doc->'$.questions[*]') as q,
                generate_subscripts(doc->'$.questions[*]', 1) as n, doc
            from named where {several}
        )
        select row_number() over (order by nr, n) - 1 as nr, * exclude (nr, n) from (
            select nr, 0 as n, line, hint, path, hint_category, made, doc::json as doc
            from named where ({several}) is not true
            union all
            select nr, n, line, hint, path, hint_category,
                left(md5(concat_ws(chr(1), doc->>'$.asin', q::varchar)), 16) as made,
                json_merge_patch(json_merge_patch(doc::json, '{{"questions": null}}'::json), q) as doc
            from apart
        ) order by nr
    """


def quoted_list(texts: list[str]) -> str:
    """A list of texts as SQL writes it."""
    return f"[{', '.join(map(quoted, texts))}]"


def _category_of(path: str) -> str:
    """The category that McAuley's files are named after: ``qa_Video_Games.json.gz``."""
    name = Path(path).name.split(".")[0]
    return name.removeprefix("qa_").replace("_", " ") if name.startswith("qa_") else ""


def _figures(rows: pl.LazyFrame) -> dict[str, Any]:
    told = rows.select(
        pl.len().alias("n_questions"),
        pl.col("answer").is_null().sum().alias("n_without_answer"),
        (pl.col("answerability") == "yes").sum().alias("n_answerable"),
        (pl.col("answerability") == "no").sum().alias("n_unanswerable"),
        pl.col("context").list.len().sum().alias("n_snippets"),
    ).collect()
    kinds = rows.group_by(pl.col("question_type").fill_null("none")).len().sort("question_type")
    return {**told.row(0, named=True), "by_question_type": dict(kinds.collect().iter_rows())}


def head(path: Path, settings: SourceSettings) -> pl.DataFrame:
    """The first raw rows."""
    return first_rows(files_of([str(path)], _sniff_file, "questions and answers")[0])
