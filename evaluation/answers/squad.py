"""Answers compared as SQuAD does (Rajpurkar et al. 2016): exact match and the overlap of words."""

from __future__ import annotations

import re
import string
from collections import Counter

from evaluation.answers.answer_words import apart

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_normalised(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces.

    Examples
    --------
    >>> squad_normalised("The Dark-Red  one!")
    'darkred one'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def squad_f1(gold: str, answer: str) -> float:
    """The overlap of the words of two texts, as F1, in [0, 1].

    Words are what white space parts after `squad_normalised`; of scripts that are written without
    spaces each character is a word. Where either has no words it is 1 if both have none, else 0.

    Examples
    --------
    >>> squad_f1("the red mug", "A red one"), squad_f1("电池很好", "电池不好")
    (0.5, 0.75)
    """
    ours, theirs = (apart(squad_normalised(text)).split() for text in (gold, answer))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = (Counter(ours) & Counter(theirs)).total()
    return 2 * shared / (len(ours) + len(theirs))
