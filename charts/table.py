"""Tables as HTML: there with the page, whole to read and to search, with no library to load."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charts.drawing import Drawing

STYLE = """
.gs-table { max-height: 26rem; overflow: auto; margin: 0 0 1rem; font-size: 14px; line-height: 1.35; color: inherit; }
.gs-table table { border-collapse: collapse; width: 100%; }
.gs-table th, .gs-table td { padding: .35rem .6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid rgba(128, 128, 128, .25); overflow-wrap: break-word; }
.gs-table th { font-weight: 400; white-space: nowrap; position: sticky; top: 0;
  background: var(--st-background-color, Canvas); color: color-mix(in srgb, currentColor 70%, transparent); }
.gs-table th[title] { text-decoration: underline dotted; text-underline-offset: .2em; cursor: help; }
.gs-table .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.gs-table .short { white-space: nowrap; }
.gs-table .long { min-width: 15rem; }
.gs-table tbody tr:hover { background: rgba(0, 114, 178, .07); }
@media print { .gs-table { max-height: none; } }
"""
"""How tables look, once a page."""
_SHORT = 28
_MOST = 500


@dataclass(frozen=True)
class Head:
    """The head of a column.

    Attributes
    ----------
    told
        What is told where somebody points at it.
    is_number
        Whether its cells stand at the right.
    """

    name: str
    told: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Table(Drawing):
    """A table; ``body`` is HTML that holds no text but what was escaped."""

    def html(self, alt: str) -> str:
        """The table for a page that has `STYLE`; ``alt`` tells it to who cannot see it."""
        told = html.escape(alt)
        return f'<div class="gs-table" role="group" aria-label="{told}">{self.body}</div>'


def table(heads: Sequence[Head], rows: Iterable[Sequence[str]]) -> Table:
    """Texts in rows and columns; a long one is wrapped, and one that is far too long is cut.

    Examples
    --------
    >>> table([Head("n", is_number=True)], [["<b>"]]).body.split("<tbody>")[1]
    '<tr><td class="number">&lt;b&gt;</td></tr></tbody></table>'
    """
    written = "".join(
        f'<th scope="col"{_kind(h.is_number)}{_told(h)}>{_text(h.name)}</th>' for h in heads
    )
    lines = "".join(
        "<tr>"
        + "".join(
            f"<td{_kind(head.is_number, cell)}>{_text(cell)}</td>"
            for head, cell in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return Table(f"<table><thead><tr>{written}</tr></thead><tbody>{lines}</tbody></table>")


def _kind(is_number: bool, cell: str = "") -> str:
    kind = "number" if is_number else "short" if len(cell) <= _SHORT else "long"
    return f' class="{kind}"'


def _told(head: Head) -> str:
    return f' title="{html.escape(head.told)}"' if head.told else ""


def _text(cell: str) -> str:
    plain = " ".join(cell.split())
    return html.escape(plain if len(plain) <= _MOST else plain[: _MOST - 1] + "…", quote=False)
