"""``NAME=VALUE`` texts, as a verb or a page is given them."""

from __future__ import annotations

from catalog.errors import InputError


def pairs_of(texts: list[str], option: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` texts.

    Raises
    ------
    InputError
        If one is of another form; names it.

    Examples
    --------
    >>> pairs_of(["locale = us"], "--option")
    {'locale': 'us'}
    """
    pairs = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name.strip():
            raise InputError(f"{option} {text}: expected NAME=VALUE.")
        pairs[name.strip()] = value.strip()
    return pairs
