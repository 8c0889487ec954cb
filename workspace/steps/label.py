"""label: the annotators that need no key vote on every record."""

from __future__ import annotations

from typing import Any

from curation.annotators.label import VERSION, label_records
from workspace.settings import Settings
from workspace.snapshots import Output
from workspace.step import Context, Step
from workspace.taxonomies import taxonomy_of


def _decides(settings: Settings) -> Any:
    return settings.label.model_dump(mode="json")


def _run(context: Context) -> Output:
    load = context.inputs["load"]
    made = label_records(
        load.scan("records"),
        taxonomy_of(load),
        context.settings.label,
        progress=context.progress,
    )
    return Output({"votes": made.votes, "folds": made.folds}, made.figures, made.notes)


STEP = Step("label", ("load",), _decides, _run, version=VERSION)
