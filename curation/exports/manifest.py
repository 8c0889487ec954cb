"""What an export says of itself: what it holds, how it was made, and the hashes that prove it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from catalog.wording import counted
from curation.exports.bundle import Bundle
from curation.exports.plan import Plan
from curation.exports.prompts import task_prefix
from curation.exports.settings import ExportSettings


def dataset_sha(bundle: Bundle, settings: ExportSettings) -> str:
    """One hash of all that decides the examples: every file's content and the format.

    The files hold gold, its splits and copies, and the templates; nothing of the time or the
    machine counts, so that every run of the same gives the same, whatever the export is called.
    """
    body = {
        "files": {name: facts["sha256"] for name, facts in bundle.files.items()},
        "settings": settings.model_dump(mode="json", exclude={"name"}),
    }
    return _sha256(body)


def manifest_of(
    plan: Plan,
    bundle: Bundle,
    settings: ExportSettings,
    systems: Mapping[str, str],
    **more: Any,
) -> dict[str, Any]:
    """The manifest as plain JSON.

    Parameters
    ----------
    systems
        The system prompt of each task of the plan.
    more
        What only the workspace knows: ``taxonomy``, ``split``, ``balance``, ``certificate``,
        ``inputs``, ``source``, ``goldshelf_version``. NaN in it becomes null.
    """
    prompts = {
        task: {
            "system": systems.get(task, ""),
            "task_prefix": task_prefix(settings, task),
            "template": settings.template(task),
        }
        for task in plan.tasks
    }
    asks = settings.format != "records"
    return {
        "name": settings.folder,
        "format": settings.format,
        "dataset_sha": dataset_sha(bundle, settings),
        "files": bundle.files,
        "rows": {split: _counts(plan.rows.filter(split=split)) for split in plan.splits},
        "label_sources": _by(plan.rows.filter(pl.col("copy") == 0), "label_source"),
        "left_out": {"n_records": sum(plan.left_out.values()), "reasons": plan.left_out},
        "masked": _mask(plan, settings),
        "n_several_values": plan.n_several_values,
        "n_without_attributes": plan.n_without_attributes,
        "images": plan.images or None,
        "prompts": prompts if asks else None,
        "prompts_sha": _sha256(prompts) if asks else None,
        "export": settings.model_dump(mode="json"),
        **without_nan(more),
    }


def _sha256(body: Any) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def notes_of(plan: Plan, settings: ExportSettings) -> list[str]:
    """What is to be said aloud: who is not in the files, and what was hidden."""
    notes = left_out_notes(plan)
    if settings.mask_field is not None:
        n_masked = plan.rows["masked"].count()
        notes.append(
            f"{settings.mask_field} is masked in {n_masked:,} of {plan.n_maskable:,} rows of train "
            "that have it and something else"
        )
    if plan.n_without_attributes:
        told = counted(plan.n_without_attributes, "record")
        notes.append(f"{told} without attributes: the answer is an empty object")
    if plan.n_several_values:
        told = counted(plan.n_several_values, "record")
        which = "the first is" if settings.several_values == "first" else "a list of them is"
        notes.append(f"{told} with several values of one attribute: {which} the answer")
    if plan.images:
        notes.append(_images_told(plan.images, settings.max_images))
    return notes


def _images_told(images: dict[str, int], most: int) -> str:
    told = (
        f"{counted(images['n_images'], 'image')} of {counted(images['n_records'], 'record')} by "
        "their web address"
    )
    if images["n_images_over"]:
        told += f"; {images['n_images_over']:,} over the most of {most} a record left out"
    if images["n_images_other"]:
        told += f"; {images['n_images_other']:,} without an http or https address left out"
    return told


def left_out_notes(plan: Plan) -> list[str]:
    """A line for each reason why records are in no file."""
    return [f"{counted(n, 'record')} left out: {reason}" for reason, n in plan.left_out.items()]


def _counts(rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "n_rows": rows.height,
        "n_records": rows["record_id"].n_unique(),
        "n_groups": rows["group_id"].n_unique(),
        "by_task": _by(rows, "task"),
        "by_category": _by(rows, "category"),
        "by_label_source": _by(rows.filter(pl.col("copy") == 0), "label_source"),
    }


def _by(rows: pl.DataFrame, column: str) -> dict[str, int]:
    counts = rows.group_by(pl.col(column).fill_null("")).len().sort(column)
    return dict(counts.iter_rows())


def _mask(plan: Plan, settings: ExportSettings) -> dict[str, Any] | None:
    if settings.mask_field is None:
        return None
    return {
        "field": settings.mask_field,
        "probability": settings.mask_probability,
        "split": "train",
        "n_masked": plan.rows["masked"].count(),
        "n_maskable": plan.n_maskable,
    }


def without_nan(value: Any) -> Any:
    """The same with null for NaN and infinities, which JSON cannot say."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value
