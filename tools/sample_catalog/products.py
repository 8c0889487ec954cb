"""A clean catalog out of words: no product is nearly like another."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from typing import Any

COLUMNS = (
    "id", "title", "description", "brand", "category_path", "price", "gtin",
    "colour", "size", "material", "capacity",
)  # fmt: skip
ATTRIBUTES = ("Colour", "Size", "Material", "Capacity")
SEPARATOR = " > "
SMALL = {"Rakes": 3, "Sticky Notes": 4}
DOMINATED = "Resistance Bands"
SIZES = {
    "Bedding": ["Single", "Double", "King"],
    "Tops": ["Extra Small", "Small", "Medium", "Large", "Extra Large"],
    "Bottoms": ["Extra Small", "Small", "Medium", "Large", "Extra Large"],
    "Accessories": ["Small", "Medium", "Large"],
    "Cycling": ["Small", "Medium", "Large"],
    "Dogs": ["Small", "Medium", "Large"],
}
MOST_ALIKE = 0.7
"""Clean products are less alike than this, so that no check may call them duplicates."""
SHARE_VAGUE = 0.5
SHARE_SPELLED = 0.25


@dataclass(frozen=True)
class Product:
    """One row of the catalog, and the words that it was made of."""

    title: str
    sentences: tuple[str, ...]
    brand: str
    path: str
    price: str
    gtin: str
    values: dict[str, str] = field(default_factory=dict)
    record_id: str = ""
    spelled: str = ""
    description: str | None = None

    @property
    def text(self) -> str:
        """The description as it is written."""
        return " ".join(self.sentences) if self.description is None else self.description

    def row(self) -> list[str]:
        """The fields in the order of `COLUMNS`."""
        return [
            self.record_id, self.title, self.text, self.spelled, self.path, self.price, self.gtin,
            *(self.values.get(name, "") for name in ATTRIBUTES),
        ]  # fmt: skip


def words_of(text: str) -> set[str]:
    """The words that two texts are compared by."""
    return set(re.findall(r"[^\W_]+", text.casefold()))


def alike(one: set[str], other: set[str]) -> float:
    """Jaccard similarity."""
    return len(one & other) / len(one | other)


def gtin13(draw: random.Random) -> str:
    """A number with a valid check digit, of the range that shops give inside (prefix 2)."""
    digits = "2" + "".join(str(draw.randrange(10)) for _ in range(11))
    total = sum(int(d) * (3 if n % 2 else 1) for n, d in enumerate(digits))
    return digits + str(-total % 10)


def spelled(brand: str, draw: random.Random) -> str:
    """A brand as feeds write it."""
    if draw.random() >= SHARE_SPELLED:
        return brand
    ways = (
        brand.upper(), brand.lower(), f"{brand} Inc.", f"{brand} GmbH", f"by {brand}",
        f"Visit the {brand} Store", brand.replace("&", "and"), f"{brand} Ltd", f" {brand}",
    )  # fmt: skip
    return draw.choice(ways)


class Maker:
    """Makes clean products, none of them nearly the same as another."""

    def __init__(self, words: dict[str, Any], draw: random.Random) -> None:
        self.words = words
        self.draw = draw
        self.seen: list[tuple[set[str], set[str]]] = []

    def product(self, leaf: dict[str, Any], brand: str) -> Product:
        """A product of a leaf that is unlike all before it."""
        for _ in range(200):
            made = self._draft(leaf, brand)
            title, text = words_of(made.title), words_of(f"{made.title} {made.text}")
            if all(
                alike(title, t) < MOST_ALIKE and alike(text, x) < MOST_ALIKE for t, x in self.seen
            ):
                self.seen.append((title, text))
                return made
        raise RuntimeError(f"no more products for {leaf['path']}: give it more words.")

    def _draft(self, leaf: dict[str, Any], brand: str) -> Product:
        draw = self.draw
        root, family = leaf["path"].split(SEPARATOR)[:2]
        is_vague = draw.random() < SHARE_VAGUE
        noun = draw.choice(leaf["vague"] if is_vague else leaf["nouns"])
        values = self._values(leaf, family)
        in_title = {name for name in values if draw.random() < 0.6}
        parts = [brand] if draw.random() < 0.85 else []
        parts.append(draw.choice(self.words["series"]))
        if draw.random() < 0.6 and not is_vague:
            parts.append(draw.choice(leaf["kinds"]))
        parts += [values["Material"]] if "Material" in in_title else []
        parts.append(noun)
        if "measure" in leaf and draw.random() < 0.6:
            parts.append(draw.choice(leaf["measure"]))
        parts += [values["Capacity"]] if "Capacity" in in_title else []
        title = " ".join(parts)
        title += f", {values['Size']}" if "Size" in in_title else ""
        title += f", {values['Colour']}" if "Colour" in in_title else ""
        own = draw.sample(
            leaf["facts"], 0 if is_vague and draw.random() < 0.75 else draw.choice((0, 1, 2))
        )
        sentences = [
            *own,
            *draw.sample(self.words["families"][family], draw.choice((1, 2, 2))),
            *draw.sample(self.words["roots"][root]["facts"], draw.choice((0, 1, 1))),
        ]
        draw.shuffle(sentences)
        sentences += [self._said(name, values[name]) for name in values if name not in in_title]
        sentences += [
            closer.format(
                grams=draw.randrange(40, 2500, 10), a=draw.randrange(5, 60), b=draw.randrange(5, 60)
            )
            for closer in draw.sample(self.words["closers"], draw.choice((1, 2, 2)))
        ]
        low, high = leaf["price"]
        price = f"{draw.randrange(low, high)}.{draw.choice(('00', '49', '90', '95', '99'))}"
        gtin = gtin13(draw) if draw.random() < 0.6 else ""
        return Product(title, tuple(sentences), brand, leaf["path"], price, gtin, values)

    def _values(self, leaf: dict[str, Any], family: str) -> dict[str, str]:
        choices = {
            "Colour": self.words["colours"],
            "Size": SIZES.get(family, []),
            "Material": leaf.get("materials", []),
            "Capacity": leaf.get("capacities", []),
        }
        return {
            name: self.draw.choice(choices[name])
            for name in ATTRIBUTES
            if name in leaf["uses"] and self.draw.random() < 0.8
        }

    def _said(self, name: str, value: str) -> str:
        ways = {
            "Colour": ("Colour: {}.", "In {lower}.", "Shown in {lower}."),
            "Size": ("Size: {}.", "Size {}."),
            "Material": ("Made of {lower}.", "Material: {}.", "Crafted from {lower}."),
            "Capacity": ("Holds {}.", "Capacity: {}.", "Capacity {}."),
        }
        return self.draw.choice(ways[name]).format(value, lower=value.lower())


def clean_products(words: dict[str, Any], draw: random.Random) -> list[Product]:
    """A catalog without defects, but for its small and its dominated categories."""
    maker = Maker(words, draw)
    leaves = {leaf["path"].split(SEPARATOR)[-1]: leaf for leaf in words["leaves"]}
    ordinary = [name for name in leaves if name not in SMALL and name != DOMINATED]
    brands = words["brands"][:-1]
    sellers: dict[str, list[str]] = {name: [] for name in ordinary}
    for brand in brands:
        roots = draw.sample(list(words["roots"]), 2)
        near = [n for n in ordinary if leaves[n]["path"].split(SEPARATOR)[0] in roots]
        for name in draw.sample(near, min(len(near), draw.choice((4, 5, 6, 7)))):
            sellers[name].append(brand)
    products = []
    for name in ordinary:
        sellers[name] += draw.sample(brands, 4)
        count = draw.randrange(20, 29)
        again = [draw.choice(sellers[name]) for _ in range(count)]
        brands_here = [*dict.fromkeys(sellers[name]), *again][:count]
        products += [maker.product(leaves[name], brand) for brand in brands_here]
    for name, count in SMALL.items():
        products += [maker.product(leaves[name], b) for b in draw.sample(brands, count)]
    strong = words["brands"][-1]
    makers = [strong] * 20 + draw.sample(brands, 2)
    products += [maker.product(leaves[DOMINATED], brand) for brand in makers]
    draw.shuffle(products)
    return [
        replace(p, record_id=f"P{n:05d}", spelled=spelled(p.brand, draw))
        for n, p in enumerate(products, 1)
    ]


def root_of(path: str) -> str:
    """The first name of a path."""
    return path.split(SEPARATOR)[0]


def is_ordinary(product: Product) -> bool:
    """Whether its category is neither small nor dominated, so that its size may change."""
    return product.path.split(SEPARATOR)[-1] not in {*SMALL, DOMINATED}
