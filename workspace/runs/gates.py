"""Comparisons held to ``gates.toml``, and what continuous integration reads of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import InputError
from evaluation.comparing.gate_reports import gates_markdown, junit_xml
from evaluation.comparing.gate_rules import GateFile, gate_rules, line_check
from evaluation.published.twins import TwinComparison
from evaluation.settings import CompareSettings
from evaluation.slicing.tables import SliceRequest
from workspace.runs.plain import asked_slices, held_to
from workspace.runs.published import with_published
from workspace.runs.reading import read_gold
from workspace.runs.scoring import compare
from workspace.runs.slicing import compared_slices

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def read_gates(path: Path) -> GateFile:
    """The gates of a TOML file.

    Raises
    ------
    InputError
        If it is missing, not TOML, or a gate is wrong.
    """
    try:
        body = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read. Expected TOML with [[gate]] tables.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}.") from error
    return gate_rules(body, str(path))


def slice_request(
    names: Sequence[str], *, metric: str | None = None, train: Path | None = None
) -> SliceRequest:
    """The slices that a person asks for; ``train`` is the gold file of the train split."""
    trained = None if train is None else read_gold(train)
    return SliceRequest(tuple(names), (metric,), trained)


def gated_comparison(
    workspace: Workspace,
    baseline: str,
    candidate: str,
    *,
    metric: str | None = None,
    gates: Sequence[str] = (),
    settings: CompareSettings | None = None,
    slices: SliceRequest | None = None,
    gate_file: GateFile | None = None,
    definition: str | None = None,
) -> TwinComparison:
    """`compare` with slices and a published definition where asked for, held to the gates of a file."""
    found = compare(workspace, baseline, candidate, metric=metric, gates=gates, settings=settings)
    twin = TwinComparison(found)
    if definition is not None:
        twin = with_published(workspace, twin, baseline, candidate, definition, settings)
    asked = asked_slices(found.task, slices, gate_file)
    if asked.names:
        kept = compared_slices(workspace, baseline, candidate, asked.names, asked.metrics)
        strict = replace(found, notes=[*found.notes, *kept.notes])
        twin = replace(twin, strict=strict, slices=kept.read("slices"))
    return held_to(gate_file, twin)


def write_gate_reports(
    twin: TwinComparison, *, junit: Path | None = None, markdown: Path | None = None
) -> None:
    """Write what became of the gates as JUnit XML, and the verdict with them as Markdown."""
    found = twin.strict
    lines = [line_check(found.task, one, found.difference.n) for one in found.gates]
    checks = [*lines, *twin.gate_checks]
    if junit is not None:
        _write(junit, junit_xml(checks))
    if markdown is not None:
        _write(markdown, gates_markdown(found.sentence, checks, found.metrics))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}).") from error
