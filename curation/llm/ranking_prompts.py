"""A list that is to be put into an order: what a model is asked, and how its order is read.

The items of a list are called by the number of the place at which they are shown. They are shown in
an order of chance, which rests on a seed and the name of the list alone; so neither their names nor
their places say how they were judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from curation.llm.json_answers import strict_json
from curation.llm.prompts import FENCE, prompt_of

ListKind = Literal["products", "texts"]

MOST_CHARACTERS, MOST_OF_LIST, FEWEST_CHARACTERS = 500, 20_000, 100
"""What is shown of an item at most; of all items of a list together; of an item in any case."""

_KEY = "ranking"
_FORM = (
    f"`{_KEY}` has the id of every one of them, each once, the best first. Answer with one JSON "
    f'object of the given schema and nothing else: {{"{_KEY}": [ids]}}'
)
_ASKED: dict[ListKind, tuple[str, str, str]] = {
    "products": (
        "query",
        "Which of these products serve the query best?",
        "You rank the products of a shop for the query of a shopper. First come the products that are "
        "exactly what the query asks for; then those that could be bought instead; then those that "
        "go with what it asks for; last those that have nothing to do with it. `products` are in no "
        "order; each has its `id`.",
    ),
    "texts": (
        "question",
        "Which of these texts answer the question best?",
        "You rank texts for the question of a shopper. First come the texts that answer the question; "
        "last those that have nothing to do with it. `texts` are in no order; each has its `id`.",
    ),
}


def ranking_system(kind: ListKind) -> str:
    """What a model is told that ranks."""
    return "\n".join((_ASKED[kind][2], FENCE, _FORM))


def ranking_prompt(kind: ListKind, asked: str, items: Sequence[Mapping[str, str | None]]) -> str:
    """The question and, on the last line, the query and its items as they are shown.

    Each item is cut at `MOST_CHARACTERS`; those of a longer list sooner, so that a list of up to
    200 items has `MOST_OF_LIST` at most.

    Examples
    --------
    >>> print(ranking_prompt("products", "mug", [{"title": "Pan"}, {"title": "Mug", "brand": None}]))
    Which of these products serve the query best?
    {"query": "mug", "products": [{"id": "1", "title": "Pan"}, {"id": "2", "title": "Mug"}]}
    """
    name, question, _ = _ASKED[kind]
    most = max(FEWEST_CHARACTERS, min(MOST_CHARACTERS, MOST_OF_LIST // max(1, len(items))))
    told = [{"id": str(n), **cut(item, most)} for n, item in enumerate(items, 1)]
    return prompt_of(question, {name: asked, kind: told})


def cut(item: Mapping[str, str | None], most: int) -> dict[str, str]:
    """The texts of an item, the first ones first, until so many characters are shown.

    Examples
    --------
    >>> cut({"title": "Red mug", "brand": None, "description": "It holds tea."}, 14)
    {'title': 'Red mug', 'description': 'It hold…'}
    """
    shown, left = {}, most
    for name, text in item.items():
        if text and left > 0:
            shown[name] = text if len(text) <= left else text[:left] + "…"
            left -= len(text)
    return shown


def shown_order(name: str, n_items: int, seed: int) -> list[int]:
    """The places of a list's items in the order of chance in which they are shown.

    Examples
    --------
    >>> sorted(shown_order("a", 4, seed=7)), shown_order("a", 9, 7) == shown_order("b", 9, 7)
    ([0, 1, 2, 3], False)
    """
    seeds = [seed, *name.encode("utf-8", "surrogatepass")]
    return [int(n) for n in np.random.default_rng(seeds).permutation(n_items)]


def ranking_answer(gains: Sequence[float]) -> str:
    """The answer that is right, by the gain of each item as shown; equals in the order shown.

    Examples
    --------
    >>> ranking_answer([0.0, 1.0, 0.1])
    '{"ranking": ["2", "3", "1"]}'
    """
    order = sorted(range(len(gains)), key=lambda n: -gains[n])
    return json.dumps({_KEY: [str(n + 1) for n in order]})


@dataclass(frozen=True, eq=False)
class RankingReader:
    """Reads orders of ids back to the names of the items.

    Attributes
    ----------
    items
        By record, the names of its items in the order in which they were shown.
    """

    items: Mapping[str, Sequence[str]]

    def read(self, record_id: str, text: str) -> str | None:
        """A JSON list of items, the best first; None where the text is no order.

        An id that was not shown keeps its place under a name that no item has; one that is there
        twice stays so. What both are worth, the score says.

        Examples
        --------
        >>> reader = RankingReader({"q": ["B01", "7"]})
        >>> reader.read("q", '{"ranking": ["2", "7", 1, "2"]}'), reader.read("q", "2, 1")
        ('["7", "not shown: 7", "B01", "7"]', None)
        """
        told = strict_json(text)
        order = told.get(_KEY) if isinstance(told, dict) else told
        if not isinstance(order, list) or not order:
            return None
        names = self.items[record_id]
        of_id = {str(n): name for n, name in enumerate(names, 1)}
        known = set(names)
        read = [of_id.get(_id(one)) or _unknown(_id(one), known) for one in order]
        return json.dumps(read, ensure_ascii=False)


def _id(value: object) -> str:
    return str(value).strip()


def _unknown(name: str, known: set[str]) -> str:
    told = f"not shown: {name}"
    while told in known:
        told = f"not shown: {told}"
    return told
