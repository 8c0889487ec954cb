"""Category paths as strings: joined to be compared, shown and voted on.

Names stand between `` > ``. A name that could be taken for a separator (a ``>``, escaped or
not, that stands alone as a word) has each ``>`` escaped with one backslash more; any other
name stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

SEPARATOR = " > "
_ALONE = r"(^| )\\*>( |$)"
_ESCAPED = r"(^| )\\+>( |$)"


def join_path(path: Sequence[str] | None) -> str | None:
    """Write a path as one string.

    Examples
    --------
    >>> join_path(["Garden", "Pots"])
    'Garden > Pots'
    >>> split_path(join_path(["Size > 5", "Pots"]))
    ['Size > 5', 'Pots']
    """
    if path is None:
        return None
    return SEPARATOR.join(
        name.replace(">", "\\>") if re.search(_ALONE, name) else name for name in path
    )


def split_path(text: str | None) -> list[str] | None:
    """Read a path that `join_path` wrote; null for nothing."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(SEPARATOR)]
    return [n.replace("\\>", ">") if re.search(_ESCAPED, n) else n for n in names if n] or None


def joined(column: str) -> pl.Expr:
    """`join_path` over a column of ``list[str]``; null stays null."""
    name = pl.element()
    escaped = (
        pl.when(name.str.contains(_ALONE))
        .then(name.str.replace_all(">", "\\>", literal=True))
        .otherwise(name)
    )
    return pl.col(column).list.eval(escaped).list.join(SEPARATOR)


def parted(column: str) -> pl.Expr:
    """`split_path` over a column of joined paths, as ``list[str]``; null stays null."""
    name = pl.element().str.strip_chars()
    plain = (
        pl.when(name.str.contains(_ESCAPED))
        .then(name.str.replace_all("\\>", ">", literal=True))
        .otherwise(name)
    )
    names = pl.col(column).str.split(SEPARATOR).list.eval(plain)
    names = names.list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(names.list.len() > 0).then(names)
