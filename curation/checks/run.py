"""Run all checks over a catalog: issues row by row, and a summary of every check."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import polars as pl

from catalog.errors import InputError, StoppedError
from catalog.records import conform
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import INFERRED
from catalog.wording import counted
from curation.checks.findings import Findings
from curation.checks.registry import (
    CHECKS,
    CLOSED_LISTS,
    GIVEN_TAXONOMY,
    INFERRED_TAXONOMY,
    SCHEMA,
    Check,
)
from curation.checks.settings import CheckSettings
from curation.checks.shelf import Shelf
from curation.duplicates.join import Told

SEVERITIES = ("error", "warning", "info")
ISSUE_SCHEMA = pl.Schema(
    {
        "check": pl.String(),
        "severity": pl.String(),
        "record_id": pl.String(),
        "score": pl.Float64(),
        "message": pl.String(),
        "suggestion": pl.String(),
        "fix_field": pl.String(),
        "fix_value": pl.String(),
    }
)
SUMMARY_SCHEMA = pl.Schema(
    {
        "check": pl.String(),
        "severity": pl.String(),
        "told": pl.String(),
        "n_rows": pl.Int64(),
        "n_evidences": pl.Int64(),
        "share": pl.Float64(),
        "n_fixable": pl.Int64(),
        "skipped": pl.String(),
    }
)


@dataclass(frozen=True)
class CheckResult:
    """What all checks found.

    Attributes
    ----------
    issues
        `ISSUE_SCHEMA`, by check, then by row: one row for each thing found. See
        `curation.checks.findings.Findings` for what the fixes mean.
    summary
        `SUMMARY_SCHEMA`, one row a check in the order of the registry. ``n_rows`` counts
        records, ``share`` is theirs of all records, ``n_fixable`` those with a fix;
        ``n_evidences`` is null where a check does not speak of evidences. A check that could
        not run has nulls and says why in ``skipped``.
    n_records
        How many records were looked at.
    settings
        What was decided.
    """

    issues: pl.DataFrame
    summary: pl.DataFrame
    n_records: int
    settings: CheckSettings

    @property
    def notes(self) -> list[str]:
        """Lines to say aloud: how many records have issues, which checks broke."""
        lines = []
        for severity in SEVERITIES:
            rows = self.issues.filter(pl.col("severity") == severity)["record_id"].n_unique()
            if rows:
                verb = "has" if rows == 1 else "have"
                kind = f"an {severity}" if severity == "error" else f"a {severity}"
                if severity == "info":
                    kind = "something worth knowing"
                lines.append(f"{counted(rows, 'record')} of {self.n_records:,} {verb} {kind}")
        broken = self.summary.filter(pl.col("skipped").str.starts_with(_BROKE))
        return lines + [
            f"check {name} {why}" for name, why in broken.select("check", "skipped").rows()
        ]


_BROKE = "broke: "


def run_checks(
    records: pl.LazyFrame,
    taxonomy: Taxonomy,
    settings: CheckSettings,
    *,
    progress: Told | None = None,
) -> CheckResult:
    """Look at every record with every check that is on.

    A check that breaks is told in the summary; the others run on.

    Parameters
    ----------
    records
        Any subset of the columns of `RECORD_SCHEMA`.
    progress
        Called as ``progress(done, total, message)``; may raise `StoppedError`.

    Raises
    ------
    InputError
        If the settings turn off a check that does not exist.

    Examples
    --------
    >>> rows = pl.LazyFrame({"record_id": ["1", "2"], "title": ["Tea &amp; Milk", None]})
    >>> result = run_checks(rows, Taxonomy.from_paths([]), CheckSettings())
    >>> result.issues.select("check", "record_id", "fix_value").rows()
    [('empty_title', '2', None), ('html_in_text', '1', 'Tea & Milk')]
    """
    refuse_unknown(settings.off)
    shelf = Shelf(conform(records), taxonomy, settings, progress)
    missing = _missing(shelf)
    issues, lines = [pl.DataFrame(schema=ISSUE_SCHEMA)], []
    for done, (name, check) in enumerate(CHECKS.items()):
        if progress is not None:
            progress(done, len(CHECKS), name.replace("_", " "))
        lacks = [missing[need] for need in check.needs if need in missing]
        if name in settings.off:
            lines.append(_line(name, check, None, shelf, "turned off in the settings"))
        elif lacks:
            lines.append(_line(name, check, None, shelf, lacks[0]))
        else:
            found, why = _tried(check, shelf)
            lines.append(_line(name, check, found, shelf, why))
            if found is not None:
                issues.append(_issues(name, check, found, shelf))
    summary = pl.DataFrame(lines, schema=SUMMARY_SCHEMA, orient="row")
    return CheckResult(pl.concat(issues), summary, len(shelf.record_ids), settings)


def refuse_unknown(names: list[str]) -> None:
    """Refuse the name of a check that does not exist."""
    for name in names:
        if name not in CHECKS:
            close = difflib.get_close_matches(name, CHECKS, 1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Checks: {', '.join(CHECKS)}."
            raise InputError(f"there is no check {name!r}. {hint}")


def _tried(check: Check, shelf: Shelf) -> tuple[Findings | None, str | None]:
    try:
        return check.function(shelf), None
    except StoppedError:
        raise
    except Exception as error:  # whatever a check does must not end the others
        first = (str(error).strip() or "no message").splitlines()[0][:200]
        return None, f"{_BROKE}{type(error).__name__}: {first}"


def _missing(shelf: Shelf) -> dict[str, str]:
    """What no check can have here, and how that is told."""
    wanted = {need for check in CHECKS.values() for need in check.needs}
    columns = [c for c in shelf.records.collect_schema().names() if c in wanted]
    filled = shelf.records.select(pl.col(columns).is_not_null().any()).collect().row(0, named=True)
    missing = {name: f"no record has {_named(name)}" for name in columns if not filled[name]}
    tree = shelf.taxonomy
    if tree.name == INFERRED or not len(tree):
        missing[GIVEN_TAXONOMY] = "the taxonomy is inferred from the records, so it has every path"
    else:
        missing[INFERRED_TAXONOMY] = "the taxonomy is given, see path_not_in_taxonomy"
    if tree.attributes.is_empty():
        missing[SCHEMA] = "the taxonomy has no attribute schema"
    if tree.attributes["list_id"].null_count() == tree.attributes.height:
        missing[CLOSED_LISTS] = "the taxonomy has no closed lists of values"
    return missing


def _named(column: str) -> str:
    return {
        "attributes": "attributes",
        "category_path": "a category",
    }.get(column, f"a {column}")


def _line(
    name: str, check: Check, found: Findings | None, shelf: Shelf, skipped: str | None
) -> tuple[object, ...]:
    told = (name, check.severity, check.told)
    if found is None:
        return (*told, None, None, None, None, skipped)
    n = len(shelf.record_ids)
    n_rows = found.rows["row"].n_unique()
    n_fixable = found.rows.drop_nulls("fix_value")["row"].n_unique()
    return (*told, n_rows, found.n_evidences, n_rows / n if n else None, n_fixable, skipped)


def _issues(name: str, check: Check, found: Findings, shelf: Shelf) -> pl.DataFrame:
    rows = found.rows.sort("row", "message", maintain_order=True)
    told = rows.with_columns(
        pl.lit(name).alias("check"),
        pl.lit(check.severity).alias("severity"),
        shelf.record_ids.gather(rows["row"]).alias("record_id"),
    )
    return told.select(pl.col(column).cast(dtype) for column, dtype in ISSUE_SCHEMA.items())
