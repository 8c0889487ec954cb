"""JSON out of what a model wrote: with fences around it, words before it, commas too many."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from catalog.text import storable

_MOST_BEGINNINGS = 50
_MOST_CHARACTERS = 200_000
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object that begins in a text, the outermost first; none where there is none.

    Code fences, words around an object, raw line ends inside its texts and commas behind the
    last member are forgiven, and NaN is null; nothing else is. Characters that nothing can keep
    are replaced (`catalog.text.storable`).

    Examples
    --------
    >>> list(json_objects('Sure!\\n```json\\n{"a": [1, 2,],}\\n```'))
    [{'a': [1, 2]}]
    >>> list(json_objects("I cannot say")), list(json_objects('{"a": '))
    ([], [])
    """
    text = text[:_MOST_CHARACTERS]
    place = -1
    for _ in range(_MOST_BEGINNINGS):
        place = text.find("{", place + 1)
        if place < 0:
            return
        for told in (text[place:], _TRAILING_COMMA.sub(r"\1", text[place:])):
            try:
                found, _ = _DECODER.raw_decode(told)
            except (ValueError, RecursionError):
                continue
            yield _storable(found)
            break


def is_strict(text: str) -> bool:
    """Whether a text is one JSON value and nothing else.

    Examples
    --------
    >>> is_strict('{"category_path": ["A"]}'), is_strict("It is A."), is_strict('{"a": NaN}')
    (True, False, False)
    """
    try:
        _loaded(text)
    except (ValueError, RecursionError):
        return False
    return True


def strict_json(text: str) -> Any:
    """The JSON value that a text is; None where it is anything else, or null.

    Characters that nothing can keep are replaced.

    Examples
    --------
    >>> strict_json('["a"]'), strict_json('It is ["a"]')
    (['a'], None)
    """
    try:
        return _storable(_loaded(text))
    except (ValueError, RecursionError):
        return None


def _loaded(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _storable(value: Any) -> Any:
    """The same with texts that can be kept: an escape may be half a character."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {storable(key): _storable(one) for key, one in value.items()}
    return value
