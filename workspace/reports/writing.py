"""A report on two runs in any form, all of them from one `evaluation.comparing.report_data.ReportData`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import InputError
from evaluation.comparing.report_data import ReportData
from workspace.atomic import full_disk_told, write_text
from workspace.reports.page import html_text
from workspace.reports.texts import csv_text, json_text, markdown_text
from workspace.runs.scoring import runs_named
from workspace.runs.views import leaderboard, run_report

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class Form:
    """A form that a report can take.

    Attributes
    ----------
    written
        From the data and the name of the workspace.
    """

    label: str
    suffix: str
    mime: str
    written: Callable[[ReportData, str], str]


FORMATS: dict[str, Form] = {
    "html": Form("HTML", "html", "text/html", html_text),
    "csv": Form("CSV", "csv", "text/csv", lambda data, _: csv_text(data)),
    "json": Form("JSON", "json", "application/json", lambda data, _: json_text(data)),
    "md": Form("Markdown", "md", "text/markdown", markdown_text),
}


@dataclass(frozen=True)
class Written:
    """A report on disk."""

    path: Path
    sentence: str
    passed: bool


def write_report(
    workspace: Workspace,
    out: Path | None = None,
    *,
    form: str | None = None,
    baseline: str | None = None,
    candidate: str | None = None,
    metric: str | None = None,
    gates: Sequence[str] = (),
) -> Written:
    """Compare two runs and write all of it as one file.

    Parameters
    ----------
    out
        The file; ``report.SUFFIX`` where None.
    form
        One of `FORMATS`; what the file's name ends in where None, else HTML.
    baseline, candidate
        Runs; where None, the best run is the candidate and the next best the baseline.

    Raises
    ------
    InputError
        If there are not two runs on one split, or no such form.
    """
    chosen = form_named(form, out)
    out = out or Path(f"report.{chosen.suffix}")
    data = _data(workspace, baseline, candidate, metric, gates)
    with full_disk_told(out.parent):
        write_text(out, chosen.written(data, workspace.settings.name))
    return Written(out, data.sentence, data.is_passed)


def report_text(
    workspace: Workspace,
    form: str,
    *,
    baseline: str | None = None,
    candidate: str | None = None,
    metric: str | None = None,
    gates: Sequence[str] = (),
) -> str:
    """The report as text, in one of `FORMATS`; see `write_report`."""
    data = _data(workspace, baseline, candidate, metric, gates)
    return form_named(form).written(data, workspace.settings.name)


def _data(
    workspace: Workspace,
    baseline: str | None,
    candidate: str | None,
    metric: str | None,
    gates: Sequence[str],
) -> ReportData:
    pair = chosen_pair(workspace, baseline, candidate)
    return run_report(workspace, *pair, metric=metric, gates=gates)


def _looked_at_first(on: tuple[str, str]) -> tuple[bool, bool]:
    task, split = on
    return split != "test", task != "classification"


def form_named(form: str | None, out: Path | None = None) -> Form:
    """A form by its name, else by what a file's name ends in, else HTML.

    Examples
    --------
    >>> form_named(None, Path("verdict.md")).label, form_named(None, Path("verdict.htm")).label
    ('Markdown', 'HTML')
    """
    if form is None:
        ending = "" if out is None else out.suffix.removeprefix(".").lower()
        return FORMATS.get(ending, FORMATS["html"])
    if form not in FORMATS:
        raise InputError(f"no report format {form!r}. Expected one of {', '.join(FORMATS)}.")
    return FORMATS[form]


def chosen_pair(
    workspace: Workspace, baseline: str | None, candidate: str | None
) -> tuple[str, str]:
    """The two runs that a person means."""
    if baseline is not None and candidate is not None:
        return baseline, candidate
    named = [run.split(",")[0] for run in (baseline, candidate) if run is not None]
    known = runs_named(workspace, named)
    task, split = min(((run.task, run.split) for run in known), key=_looked_at_first)
    ranked = leaderboard(workspace, task=task, split=split)["run"].to_list()
    others = [run for run in ranked if run not in (baseline, candidate)]
    if candidate is None and others:
        candidate = others.pop(0)
    if baseline is None and others:
        baseline = others.pop(0)
    if baseline is None or candidate is None:
        raise InputError(
            f"a verdict needs two runs on one split, found {len(ranked)}. Make baselines with "
            "`goldshelf predict --with majority --with knn`, or bring a run with import-run."
        )
    return baseline, candidate
