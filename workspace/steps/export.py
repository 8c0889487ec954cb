"""export: the splits as training files, certified, whole or not at all."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from catalog.errors import InputError
from catalog.records import text_of
from curation.exports.bundle import RECORDS, Bundle, write_bundle
from curation.exports.card import CARD, card_of
from curation.exports.chat_lines import ONE_TURN, chat_lines
from curation.exports.manifest import left_out_notes, manifest_of, notes_of
from curation.exports.plan import TRAIN, Plan, plan_export
from curation.exports.prompts import system_prompt
from curation.exports.rehearsal import Rehearsal, rehearsed
from curation.exports.settings import ExportSettings, TextField
from curation.exports.templates import CATALOG_TASKS
from curation.splits.certificate import Certificate, certify_files
from curation.splits.certify_settings import CertifySettings
from curation.splits.settings import SplitSettings
from workspace.atomic import read_json, sha256_of, write_json, write_text
from workspace.reports.certificate import certificate_html
from workspace.review.brands import aliases_hash, with_aliases
from workspace.settings import Settings
from workspace.snapshots import Output, Snapshot
from workspace.step import Context, Step
from workspace.taxonomies import taxonomy_of

if TYPE_CHECKING:
    from workspace.workspace import Workspace

MANIFEST = "manifest.json"
CERTIFICATE = "certificate.html"
FOLDS = "folds.csv"
_TEXTS: tuple[TextField, ...] = ("title", "description", "brand")


def _decides(settings: Settings) -> Any:
    return {
        "export": settings.export.model_dump(mode="json"),
        "certify": certify_settings(settings.split).model_dump(mode="json"),
        "source": _source(settings),
    }


def _source(settings: Settings) -> dict[str, Any]:
    """What the card tells of the source."""
    source = settings.source
    return {"kind": source.kind, "licence": source.licence, "language": source.language}


def _run(context: Context) -> Output:
    settings = context.settings.export
    gold = context.inputs["curate"].path("gold")
    plan = plan_export(
        pl.scan_parquet(gold),
        context.inputs["split"].read("split"),
        context.inputs["balance"].read("train"),
        settings,
    )
    if plan.rows.is_empty():
        why = "; ".join(left_out_notes(plan)) or "gold has no records"
        raise InputError(
            f"export {settings.folder}: no example is left ({why}). Nothing was written; change "
            "[export] targets, or the step before."
        )
    systems = prompts_for(context.inputs["load"], pl.scan_parquet(gold), settings, plan.tasks)
    rehearsal = _rehearsed(context, plan)
    mixed = None
    if rehearsal is not None:
        plan, mixed = rehearsal.plan, chat_lines(rehearsal.rows, settings)
    target = context.workspace.layout.exports / settings.folder
    with _written_beside(target) as folder:
        bundle = write_bundle(
            gold,
            plan,
            settings,
            systems,
            folder,
            context.scratch,
            mixed=mixed,
            progress=context.progress,
        )
        certificate = _certified(folder, bundle, context)
        manifest = manifest_of(
            plan,
            bundle,
            settings,
            systems,
            taxonomy=context.inputs["load"].figures["taxonomy"],
            split=context.settings.split.model_dump(mode="json"),
            balance={
                **context.settings.balance.model_dump(mode="json"),
                "figures": context.inputs["balance"].figures,
            },
            inputs={name: snapshot.id for name, snapshot in context.inputs.items()},
            source=_source(context.settings),
            rehearsal=None if rehearsal is None else rehearsal.facts,
            certificate=certificate.as_json(),
            goldshelf_version=importlib.metadata.version("goldshelf"),
        )
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        write_json(folder / MANIFEST, {**manifest, "created_at": now})
        main = {split: f"{split}.jsonl" for split in plan.splits}
        beside = {split: f"{RECORDS}/{name}" for split, name in main.items()}
        _write_folds(folder, context.inputs["split"].read("split"))
        page = certificate_html(certificate.as_json(), settings.folder)
        write_text(folder / CERTIFICATE, page)
        write_text(folder / CARD, card_of(manifest, main, beside))
    notes = [*notes_of(plan, settings), *(rehearsal.notes if rehearsal is not None else [])]
    if certificate.leaks:
        notes.append(
            "the certificate found leaks between the splits: see `certificate` in the manifest"
        )
    return Output({"lines": bundle.lines}, manifest, notes)


def _rehearsed(context: Context, plan: Plan) -> Rehearsal | None:
    """General instructions for train, where a file is named."""
    settings = context.settings.export
    if settings.rehearsal.file is None:
        return None
    held = plan.rows.filter(pl.col("split") != TRAIN).select("record_id").lazy()
    texts = (
        context.inputs["curate"]
        .scan("gold")
        .select("record_id", "title", both=text_of("title", "description"))
        .join(held, on="record_id", how="semi")
        .select(
            pl.concat_list("title", "both").explode().drop_nulls().unique().sort().alias("text")
        )
        .collect()
    )
    path = _rehearsal_path(context.workspace, settings.rehearsal.file)
    one_turn = settings.format in ONE_TURN
    return rehearsed(plan, settings.rehearsal, path, texts["text"], one_turn=one_turn)


def _rehearsal_path(workspace: Workspace, file: str) -> Path:
    return workspace.layout.root / Path(file).expanduser()


def _outside(workspace: Workspace) -> dict[str, str]:
    """Hashes of what people decided on brands, and of the rehearsal file."""
    hashes, file = aliases_hash(workspace), workspace.settings.export.rehearsal.file
    if file is None:
        return hashes
    path = _rehearsal_path(workspace, file)
    return {**hashes, "rehearsal": sha256_of(path) if path.is_file() else "missing"}


def prompts_for(
    load: Snapshot, gold: pl.LazyFrame, settings: ExportSettings, tasks: list[str]
) -> dict[str, str]:
    """The system prompt of each task, with the leaves or attributes of the taxonomy where asked.

    A taxonomy without attributes gives way to the attributes of gold.
    """
    if not settings.allowed or not set(tasks) & set(CATALOG_TASKS):
        return {task: system_prompt(settings, task=task) for task in tasks}
    taxonomy = taxonomy_of(load)
    leaves = taxonomy.nodes.filter("is_leaf")["path"].to_list()
    names = taxonomy.attributes["attribute"].unique()
    if names.is_empty():
        held = gold.select(pl.col("attributes").explode().struct.field("key")).unique()
        names = held.collect(engine="streaming").to_series().drop_nulls()
    keys = names.sort().to_list()
    return {task: system_prompt(settings, leaves, keys, task=task) for task in tasks}


def certify_settings(split: SplitSettings) -> CertifySettings:
    """What the certificate checks: what the split was asked to keep apart."""
    columns = [text for text in split.tied_texts if set(text) <= {*_TEXTS, "query"}]
    given = CertifySettings()
    return CertifySettings(
        group_columns=["brand"] if split.by == "brand" else [],
        text_columns=columns or given.text_columns,
        identifiers=split.ties_identifiers,
        queries=split.ties_queries,
        near_duplicates=split.near_duplicates or given.near_duplicates,
        generic_brands=split.generic_brands,
        brand_aliases=split.brand_aliases,
        placeholders=split.placeholders,
    )


def _write_folds(folder: Path, split: pl.DataFrame) -> None:
    """``example_id, fold`` of what is not in test, where folds were asked for."""
    if "fold" not in split.columns or not split["fold"].count():
        return
    folds = split.select(pl.col("record_id").alias("example_id"), "fold").drop_nulls("fold")
    write_text(folder / FOLDS, folds.write_csv())


def _certified(folder: Path, bundle: Bundle, context: Context) -> Certificate:
    """Read the records back and look for what crosses."""
    records = {
        Path(name).stem: folder / name for name in bundle.files if name.startswith(f"{RECORDS}/")
    }
    settings = certify_settings(with_aliases(context.workspace, context.settings.split))
    return certify_files(records, settings, progress=context.progress)


@contextlib.contextmanager
def _written_beside(target: Path) -> Iterator[Path]:
    """A folder to write into that takes the place of the target once it is whole.

    What a killed process left of this target is put back or taken away first.
    """
    old = target.with_name(f".{target.name}.old")
    _put_back(target, old)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
    beside.mkdir(parents=True)
    try:
        yield beside
        if target.exists():
            target.replace(old)
        try:
            beside.replace(target)
        except OSError:
            _put_back(target, old)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _put_back(target: Path, old: Path) -> None:
    if old.exists() and not target.exists():
        old.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    for left in target.parent.glob(f".{target.name}.*.new"):
        shutil.rmtree(left, ignore_errors=True)


def _what_is_gone(workspace: Workspace, snapshot: Snapshot) -> str:
    """Which files of an export are gone or of another size; empty where all are there."""
    folder = workspace.layout.exports / workspace.settings.export.folder
    manifest = read_json(folder / MANIFEST)
    if manifest is None:
        return f"{folder.name}/{MANIFEST} is gone"
    if manifest["dataset_sha"] != snapshot.figures["dataset_sha"]:
        return f"{folder.name} holds another dataset"
    for name, facts in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            return f"{folder.name}/{name} is gone"
        if path.stat().st_size != facts["bytes"]:
            return f"{folder.name}/{name} was changed"
    return ""


STEP = Step(
    "export",
    ("load", "curate", "split", "balance"),
    _decides,
    _run,
    version=3,
    outside=_outside,
    what_is_gone=_what_is_gone,
)
