"""What a verb prints: a table for a person, one JSON object for a program."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from workspace.progress import ProgressState


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Whoever reads only the first lines, as `head` does, makes nothing fail."""
        raise BrokenPipeError


_OUT = _Console(soft_wrap=True, width=None if sys.stdout.isatty() else 140)
_ERR = Console(stderr=True, soft_wrap=True)


def print_json(body: Any) -> None:
    """One JSON object on stdout; NaN and infinities become null."""
    try:
        json.dump(_sayable(body), sys.stdout, ensure_ascii=False, default=str)
        sys.stdout.write("\n")
    except BrokenPipeError:
        raise BrokenPipeError from None  # without its number, at which typer would exit with 1


def _sayable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _sayable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(v) for v in value]
    return value


def say(line: str) -> None:
    """A line for a person, as it is: what stands in it is never markup."""
    _OUT.print(Text(line))


def tell(line: str) -> None:
    """A line on stderr: news, not the result."""
    _ERR.print(Text(line))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """A table for a person; numbers to the right, cells never taken as markup."""
    table = Table(title=Text(title) if title else None, title_justify="left")
    rows = [list(row) for row in rows]
    for n, column in enumerate(columns):
        numeric = any(isinstance(row[n], (int, float)) for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    _OUT.print(table)


def cell(value: Any) -> str:
    """A value as a table shows it.

    Examples
    --------
    >>> cell(6079), cell(0.84321), cell(None), cell(float("nan"))
    ('6,079', '0.8432', '', '–')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.4g}"
    return str(value)


class Bar:
    """A progress bar on stderr, drawn only where a person looks; one more for each part."""

    def __init__(self) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[step]}"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=_ERR,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", step="")
        self._parts: dict[str, TaskID] = {}

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, state: ProgressState) -> None:
        """Draw one state."""
        self._bar.update(
            self._task,
            description=state.message,
            step=state.step,
            total=state.total or None,
            completed=state.done,
        )
        parts = {part.name: part for part in state.parts} if len(state.parts) > 1 else {}
        for name in self._parts.keys() - parts.keys():
            self._bar.remove_task(self._parts.pop(name))
        for name, part in parts.items():
            if name not in self._parts:
                self._parts[name] = self._bar.add_task("", step="")
            self._bar.update(
                self._parts[name],
                description=part.told,
                step=name,
                total=part.total or None,
                completed=part.done,
            )
