"""Words, content words and sentences of free text, in any script.

A word is a run of letters, digits and the marks that belong to them, after NFKC and case folding.
Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces: there every
character is a word. On ASCII text these are the words of `rouge_score`, which knows a to z and 0 to
9 alone and so sees nothing in most other scripts.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ONE_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।؟])\s*|\n+")

_ENGLISH = """
a about after again all also am an and any are as at be been before being both but by can could
did do does doing don each for from had has have having he her here hers him his how i if in into
is it its just ll m may me might more most must my no nor not of on once only or other our ours
out over own re s same shall she should so some such t than that the their theirs them then there
these they this those to too under until up ve very was we were what when where which while who
whom why will with would yes you your yours
"""
FUNCTION_WORDS = frozenset(_ENGLISH.split())
"""English words that say nothing of a product; in other languages every word counts."""


def answer_words(text: str) -> list[str]:
    """The words of a text, in order, repeats kept.

    Examples
    --------
    >>> answer_words("It's 20cm_wide."), answer_words("हिन्दी café"), answer_words("很好 ok")
    (['it', 's', '20cm', 'wide'], ['हिन्दी', 'café'], ['很', '好', 'ok'])
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _word().findall(unicodedata.normalize("NFKC", text).casefold())


def content_words(text: str) -> set[str]:
    """The words of a text but for English function words.

    Examples
    --------
    >>> sorted(content_words("Yes, it is a steel mug. The mug is heavy."))
    ['heavy', 'mug', 'steel']
    """
    return set(answer_words(text)) - FUNCTION_WORDS


def sentences(text: str) -> list[str]:
    """The sentences of a text: parted behind full stops, question and exclamation marks, and lines.

    Examples
    --------
    >>> sentences("Yes. It holds 1.5 l!\\nGood"), sentences("很好。推荐")
    (['Yes.', 'It holds 1.5 l!', 'Good'], ['很好。', '推荐'])
    """
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def apart(text: str) -> str:
    """The same with spaces around each character of a script that is written without spaces.

    Examples
    --------
    >>> apart("好 ok")
    ' 好  ok'
    """
    return text if text.isascii() else _ONE_UNSPACED.sub(lambda found: f" {found[0]} ", text)


def is_unspaced(texts: list[str]) -> bool:
    """Whether most letters and digits of the texts are of scripts written without spaces.

    Examples
    --------
    >>> is_unspaced(["很好", "ok"]), is_unspaced(["很好", "very good"]), is_unspaced([])
    (False, False, False)
    """
    foreign = [text for text in texts if not text.isascii()]
    n_unspaced = sum(len(_ONE_UNSPACED.findall(text)) for text in foreign)
    n_letters = sum(sum(map(str.isalnum, text)) for text in texts) if n_unspaced else 0
    return 2 * n_unspaced > n_letters


@cache
def _word() -> re.Pattern[str]:
    marks = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)).startswith("M")
    ]
    letter, more = f"(?![{_UNSPACED}])[^\\W_]", f"(?![{_UNSPACED}])[^\\W_]|[{_ranges(marks)}]"
    return re.compile(f"[{_UNSPACED}]|{letter}(?:{more})*")


def _ranges(characters: list[str]) -> str:
    """A character class of sorted characters."""
    parts: list[list[str]] = []
    for one in characters:
        if parts and ord(one) == ord(parts[-1][1]) + 1:
            parts[-1][1] = one
        else:
            parts.append([one, one])
    return "".join(f"{first}-{last}" for first, last in parts)
