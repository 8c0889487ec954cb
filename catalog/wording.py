"""Small words for people: counts and lists as a sentence says them."""

from __future__ import annotations


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(6079, "row"), counted(2, "category", "categories")
    ('1 row', '6,079 rows', '2 categories')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
