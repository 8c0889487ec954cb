"""A report as titled tables of text, so that HTML and Markdown say the very same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.paths import join_path
from catalog.wording import words
from charts.theme import percent, signed
from evaluation.answers.contract import part_words
from evaluation.comparing.report_data import ReportData
from workspace.runs.untold import untold

CATEGORIES_SHOWN = 25
EMPTY = "–"


@dataclass(frozen=True)
class Section:
    """A table with its title.

    Attributes
    ----------
    key
        What its figure is known by.
    headings
        A heading for each column; those of figures begin with ``#``, which is not shown.
    """

    key: str
    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """What stands above each column, and whether the column is figures."""
        return [(heading.removeprefix("#"), heading.startswith("#")) for heading in self.headings]


def sections(data: ReportData) -> list[Section]:
    """All tables of a report, in the order to be read; empty ones are left out."""
    sides = (f"#{data.baseline}", f"#{data.candidate}")
    moved = ("#difference, points", "#95 % interval")
    is_known = data.metrics["baseline"].is_not_nan() | data.metrics["candidate"].is_not_nan()
    known = data.metrics.filter(is_known)
    part, parts = part_words(data.task)
    n_shown = min(CATEGORIES_SHOWN, data.categories.height)
    found = [
        Section(
            "leaderboard",
            "All runs on the same rows",
            ("#rank", "run", f"#{words(data.metric)}", "#95 % interval", "#to the best, points"),
            [
                (
                    str(row["rank"]),
                    row["run"],
                    share(row["value"]),
                    between(share, row["low"], row["high"]),
                    points(row["difference"]) if n else EMPTY,
                )
                for n, row in enumerate(data.leaderboard.to_dicts())
            ],
            "Intervals are 95 %, groups of dependent rows counted as one. Runs that share a rank "
            "cannot be told apart on this test set.",
        ),
        Section(
            "metrics",
            "Every metric",
            ("metric", *sides, *moved),
            [_metric(row) for row in known.to_dicts()],
            untold(data.metrics.filter(~is_known)),
        ),
        Section(
            "levels",
            "Accuracy by level of the taxonomy",
            ("level", "#rows", *sides, *moved),
            [
                (str(row["level"]), f"{row['n']:,}", *_pair(row), *_moved(row))
                for row in data.levels.to_dicts()
            ],
        ),
        Section(
            "categories",
            f"By {part}",
            (part, "#rows", *sides, *moved, "#p, corrected", "shown"),
            [
                (
                    row["category"],
                    f"{row['n']:,}",
                    *_pair(row),
                    *_moved(row),
                    p_value(row["p_holm"]),
                    row["mark"] or "",
                )
                for row in data.categories.head(CATEGORIES_SHOWN).to_dicts()
            ],
            f"The {n_shown:,} of {data.categories.height:,} {parts} where most changed; p is "
            f"corrected for the number of {parts} (Holm).",
        ),
        *(
            Section(
                change,
                f"What the candidate {change}: examples",
                ("row", "gold", data.baseline, data.candidate),
                [
                    (flip_key(row), *(path(row[c]) for c in ("gold", "baseline", "candidate")))
                    for row in rows.to_dicts()
                ],
            )
            for change, rows in (("fixed", data.fixed), ("broken", data.broken))
        ),
        Section(
            "outcomes",
            "How each row ended",
            ("outcome", *sides),
            [
                (row["outcome"], f"{row['baseline']:,}", f"{row['candidate']:,}")
                for row in data.outcomes.to_dicts()
            ],
            " ".join(data.notes),
        ),
        Section(
            "costs",
            "Cost and latency",
            ("run", "what its predictions told"),
            [(run, _told(costs)) for run, costs in data.costs.items()],
        ),
        _pairs("definitions", "What the numbers mean", data.definitions, words),
        _pairs("hashes", "What the numbers rest on", data.hashes, str),
    ]
    return [section for section in found if section.rows]


def _pairs(key: str, title: str, told: Mapping[str, str], named: Callable[[str], str]) -> Section:
    return Section(key, title, ("", ""), [(named(name), text) for name, text in told.items()])


def _metric(row: Mapping[str, Any]) -> tuple[str, ...]:
    if is_share(row["metric"]):
        return (words(row["metric"]), *_pair(row), *_moved(row))
    plain = [_plain(row[side]) for side in ("baseline", "candidate")]
    return (
        words(row["metric"]),
        *plain,
        _signed(row["difference"]),
        between(_signed, row["low"], row["high"]),
    )


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    return share(row["baseline"]), share(row["candidate"])


def _moved(row: Mapping[str, Any]) -> tuple[str, str]:
    return points(row["difference"]), between(points, row["low"], row["high"])


def _told(costs: Mapping[str, float]) -> str:
    known = [
        f"{name.replace('_', ' ')} {value:,.4g}"
        for name, value in costs.items()
        if not is_missing(value)
    ]
    return "; ".join(known) or "nothing"


def is_share(metric: str) -> bool:
    """Whether a metric is a share; the others count steps in the taxonomy."""
    return not metric.startswith("error_")


def is_missing(value: float | None) -> bool:
    """Whether a figure is null or NaN."""
    return value is None or value != value


def share(value: float | None) -> str:
    """A share in per cent, one decimal; a dash where undefined."""
    return EMPTY if value is None or is_missing(value) else percent(value)


def points(value: float | None) -> str:
    """A difference of shares in points, one decimal, signed."""
    return EMPTY if value is None or is_missing(value) else signed(100 * value)


def _plain(value: float | None) -> str:
    return EMPTY if value is None or is_missing(value) else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return EMPTY if value is None or is_missing(value) else signed(value, 2)


def between(told: Callable[[float | None], str], low: float | None, high: float | None) -> str:
    """An interval, or a dash.

    Examples
    --------
    >>> between(points, -0.024, 0.102), between(share, None, None)
    ('−2.4 to +10.2', '–')
    """
    return EMPTY if is_missing(low) or is_missing(high) else f"{told(low)} to {told(high)}"


def p_value(value: float | None) -> str:
    """A p-value as the sentence tells it.

    Examples
    --------
    >>> p_value(0.32), p_value(0.0123), p_value(0.00001), p_value(None)
    ('.32', '.012', '< .0001', '–')
    """
    if value is None or is_missing(value):
        return EMPTY
    if value < 0.0001:
        return "< .0001"
    digits = 4 if value < 0.001 else 3 if value < 0.0995 else 2
    return f"{value:.{digits}f}".removeprefix("0")


def flip_key(row: Mapping[str, Any]) -> str:
    """What changed: a row, or one attribute of it."""
    attribute = row.get("attribute")
    return str(row["example_id"]) + (f", {attribute}" if attribute else "")


def path(value: str | Iterable[str] | None) -> str:
    """A path or an id as one text."""
    if value is None:
        return "(no answer)"
    return value if isinstance(value, str) else join_path(list(value)) or ""
