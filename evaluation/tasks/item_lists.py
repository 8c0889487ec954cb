"""Lists of items out of what a model says: a JSON list, or names parted by commas."""

from __future__ import annotations

import json
import re

_EDGES = " \t\r\n\"'`.[]()"
_LISTS = ("ranking", "items", "tags", "labels", "answer")
_PARTS = re.compile(r"[,\n;>]")


def listed(text: str | None) -> list[str]:
    """The items of a text, in order, without empty ones; repeats stay.

    Examples
    --------
    >>> listed('["B", "A"]'), listed("B, A."), listed('{"ranking": ["B"]}'), listed("")
    (['B', 'A'], ['B', 'A'], ['B'], [])
    >>> listed('{"answer": "[\\\\"B\\\\", \\\\"A\\\\"]"}')
    ['B', 'A']
    """
    if text is None:
        return []
    value = _named(_json(text))
    if isinstance(value, str):  # an export of JSON has the target's text in it
        return listed(value)
    if isinstance(value, list):
        return [str(one).strip() for one in value if one is not None and str(one).strip()]
    parts = (part.strip(_EDGES) for part in _PARTS.split(text))
    return [part for part in parts if part]


def says_none(text: str | None) -> bool:
    """Whether a text is an answer that names no item: an empty list, or the word ``none``.

    Examples
    --------
    >>> says_none("[]"), says_none('{"tags": []}'), says_none("none"), says_none(""), says_none("[")
    (True, True, True, False, False)
    """
    return text is not None and (text == "none" or _named(_json(text)) == [])


def _named(value: object) -> object:
    """What an object holds under the first name of a list that it has; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return next((value[key] for key in _LISTS if key in value), None)


def _json(text: str) -> object:
    if text[:1] not in "[{":
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
