"""Category paths as strings: joined to be compared, shown and voted on."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

SEPARATOR = " > "
_ESCAPED = " \\> "


def join_path(path: Sequence[str] | None) -> str | None:
    """Write a path as one string; a separator inside a name is escaped.

    Examples
    --------
    >>> join_path(["Garden", "Pots"])
    'Garden > Pots'
    >>> split_path(join_path(["Size > 5", "Pots"]))
    ['Size > 5', 'Pots']
    """
    if path is None:
        return None
    return SEPARATOR.join(name.replace(SEPARATOR, _ESCAPED) for name in path)


def split_path(text: str | None) -> list[str] | None:
    """Read a path that `join_path` wrote, or that a person typed; null for nothing."""
    if text is None:
        return None
    names = [name.strip() for name in re.split(r"(?<!\\)>", text)]
    names = [name.replace("\\>", ">") for name in names if name]
    return names or None


def joined(column: str) -> pl.Expr:
    """`join_path` over a column of ``list[str]``; null stays null."""
    return (
        pl.col(column)
        .list.eval(pl.element().str.replace_all(SEPARATOR, _ESCAPED, literal=True))
        .list.join(SEPARATOR)
    )


def parted(column: str) -> pl.Expr:
    """`split_path` over a column of joined paths, as ``list[str]``; null stays null."""
    marked = pl.col(column).str.replace_all("\\>", "\x1f", literal=True).str.split(">")
    names = marked.list.eval(
        pl.element().str.strip_chars().str.replace_all("\x1f", ">", literal=True)
    ).list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(names.list.len() > 0).then(names)
