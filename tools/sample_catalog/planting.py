"""The catalog while defects are planted in it, and the list of what was planted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sample_catalog.products import Product

KINDS: dict[str, tuple[str | None, str]] = {
    "missing_id": ("missing_id", "the id is empty; the loader makes one from the content"),
    "duplicate_id": ("duplicate_id", "the id of an earlier row; the loader puts `#2` behind it"),
    "empty_title": ("empty_title", "the title is empty"),
    "missing_brand": ("missing_brand", "the brand is empty, though the title begins with it"),
    "generic_brand": ("missing_brand", "the brand names no brand"),
    "zero_price": ("price_not_positive", "the price is zero"),
    "html_in_text": ("html_in_text", "HTML in the description"),
    "markdown_in_text": ("markdown_in_text", "Markdown in the description"),
    "mojibake": ("mojibake", "UTF-8 read as Windows-1252"),
    "odd_characters": ("odd_characters", "an invisible character in the description"),
    "formula": ("spreadsheet_formula", "the title is a formula to a spreadsheet"),
    "prompt_injection": ("addresses_a_model", "the description gives orders to a language model"),
    "value_outside_list": ("value_not_in_schema", "a value that the closed list does not have"),
    "attribute_outside_schema": (
        "attribute_not_in_schema",
        "an attribute that the category does not have",
    ),
    "value_against_title": ("conflicting_values", "the title says another colour"),
    "value_not_in_text": ("value_not_in_text", "the text does not say the colour"),
    "path_spelling": ("path_not_in_taxonomy", "the path in other case or punctuation"),
    "path_typo": ("path_not_in_taxonomy", "a letter of the last name is missing"),
    "path_wrong_parent": ("path_not_in_taxonomy", "the right leaf under the wrong parent"),
    "path_unknown": ("path_not_in_taxonomy", "a path like none"),
    "inner_node": ("label_on_inner_node", "the label stops above the leaf"),
    "wrong_category": (None, "a valid leaf, plainly the wrong one: annotators will disagree"),
    "exact_duplicate": ("exact_duplicate", "the same text, category and values again"),
    "near_duplicate": ("near_duplicate", "nearly the words of another"),
    "two_categories": ("same_text_different_category", "one text under two categories"),
    "small_category": ("small_category", "a leaf with fewer than five products"),
    "dominated_category": ("dominated_category", "a leaf nearly wholly of one brand"),
    "unreadable_row": (None, "a wrong number of fields; the loader moves it to the quarantine"),
}
"""What is planted: the check that finds it, and what it is."""


@dataclass
class Planted:
    """Everything that was planted, by kind."""

    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, **item: Any) -> None:
        """Write one defect down."""
        found_by, told = KINDS[kind]
        entry = self.kinds.setdefault(kind, {"found_by": found_by, "told": told, "items": []})
        entry["items"].append(item)


class Catalog:
    """Products in the order of the file, and which of them hold a defect already."""

    def __init__(self, products: list[Product], draw: random.Random) -> None:
        self.products = products
        self.draw = draw
        self.planted = Planted()
        self.taken: set[int] = set()
        self.copies: list[tuple[Product, Product]] = []

    def spoil(self, n: int, kind: str, item: dict[str, Any], **changes: Any) -> None:
        """Change a product and write down what it has now."""
        told = {"record_id": self.products[n].record_id, **item}
        self.products[n] = replace(self.products[n], **changes)
        self.planted.add(kind, **told)

    def pick(self, count: int, fits: Callable[[Product], bool] = lambda _: True) -> list[int]:
        """Positions of products without a defect, marked as taken."""
        open_rows = [n for n, p in enumerate(self.products) if n not in self.taken and fits(p)]
        chosen = sorted(self.draw.sample(open_rows, count))
        self.taken |= set(chosen)
        return chosen

    def copy(self, original: Product, copy: Product) -> str:
        """Keep a copy, to stand somewhere behind its original; gives its id."""
        record_id = f"P{len(self.products) + len(self.copies) + 1:05d}"
        self.copies.append((original, replace(copy, record_id=record_id)))
        return record_id

    def in_order(self) -> list[Product]:
        """All products, copies put in at random places behind their originals."""
        rows = list(self.products)
        for original, copy in self.copies:
            rows.insert(self.draw.randrange(rows.index(original) + 1, len(rows) + 1), copy)
        return rows
