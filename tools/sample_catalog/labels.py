"""Wrong attribute values and wrong categories."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sample_catalog.planting import Catalog
from sample_catalog.products import SEPARATOR, SMALL, is_ordinary, root_of, words_of

MISSPELT = {
    "Blue": "Bleu", "Grey": "Gray", "Purple": "Purpel", "Black": "Balck",
    "Stainless Steel": "Stainles Steel", "Cotton": "Cotten", "Plastic": "Plastik",
    "Porcelain": "Porcelane", "Green": "Jqz-17", "Metal": "0x3F",
}  # fmt: skip
LIKE_NONE = {"Jqz-17", "0x3F"}


def plant_values(catalog: Catalog, words: dict[str, Any]) -> None:
    """Attribute values outside lists, schema, text, or against the title."""
    products, draw, colours = catalog.products, catalog.draw, words["colours"]
    for right, wrong in MISSPELT.items():
        key = "Colour" if right in colours else "Material"
        [n] = catalog.pick(1, lambda p, k=key, r=right: p.values.get(k) == r and is_ordinary(p))
        change = re.compile(rf"\b{right}\b", re.IGNORECASE)
        catalog.spoil(
            n,
            "value_outside_list",
            {"attribute": key, "value": wrong, "right": None if wrong in LIKE_NONE else right},
            title=change.sub(wrong, products[n].title),
            sentences=tuple(change.sub(wrong, s) for s in products[n].sentences),
            values={**products[n].values, key: wrong},
        )
    for n in catalog.pick(6, lambda p: p.path.startswith(("Kitchen", "Electronics", "Office"))):
        catalog.spoil(
            n,
            "attribute_outside_schema",
            {"attribute": "Size", "value": "Large", "right": None},
            sentences=(*products[n].sentences, "Size Large."),
            values={**products[n].values, "Size": "Large"},
        )
    for n in catalog.pick(8, lambda p: p.title.endswith(f", {p.values.get('Colour')}")):
        right = products[n].values["Colour"]
        said = words_of(f"{products[n].title} {products[n].text}")
        wrong = draw.choice([c for c in colours if c.casefold() not in said])
        item = {"attribute": "Colour", "value": wrong, "right": right}
        values = {**products[n].values, "Colour": wrong}
        catalog.spoil(n, "value_against_title", item, values=values)
    all_colours = {colour.casefold() for colour in colours}
    for n in catalog.pick(
        8, lambda p: "Colour" not in p.values and not words_of(f"{p.title} {p.text}") & all_colours
    ):
        wrong = draw.choice(colours)
        item = {"attribute": "Colour", "value": wrong, "right": None}
        values = {**products[n].values, "Colour": wrong}
        catalog.spoil(n, "value_not_in_text", item, values=values)


def plant_paths(catalog: Catalog, words: dict[str, Any]) -> None:
    """Wrong categories of every kind."""
    draw = catalog.draw
    paths = [leaf["path"] for leaf in words["leaves"]]
    inner = sorted({path.rpartition(SEPARATOR)[0] for path in paths})

    def misspelt(path: str) -> str:
        spelt = (path.lower(), path.upper(), path.replace("&", "and"), path.replace("-", " "))
        return draw.choice([other for other in spelt if other != path])

    def mistyped(path: str) -> str:
        above, _, last = path.rpartition(SEPARATOR)
        place = draw.randrange(1, len(last) - 2)
        return f"{above}{SEPARATOR}{last[:place]}{last[place + 1 :]}"

    def moved(path: str) -> str:
        above, _, last = path.rpartition(SEPARATOR)
        near = [i for i in inner if i != above and root_of(i) == root_of(path)]
        return f"{draw.choice(near)}{SEPARATOR}{last}"

    def cut(path: str) -> str:
        return path.rpartition(SEPARATOR)[0] if draw.random() < 0.7 else root_of(path)

    def elsewhere(path: str) -> str:
        others = [p for p in paths if root_of(p) != root_of(path)]
        return draw.choice([p for p in others if p.rpartition(SEPARATOR)[2] not in SMALL])

    unknown = iter(("XJ-0007", "Web Specials 2024 Q4 > Lot 7731", "zzz_old_import > 11/2019", "?"))
    ways: dict[str, tuple[int, Callable[[str], str]]] = {
        "path_spelling": (8, misspelt),
        "path_typo": (6, mistyped),
        "path_wrong_parent": (8, moved),
        "path_unknown": (4, lambda _: next(unknown)),
        "inner_node": (8, cut),
        "wrong_category": (20, elsewhere),
    }
    vague = {noun for leaf in words["leaves"] for noun in leaf["vague"]}
    for kind, (count, spoilt) in ways.items():
        # A vague text would not show that its category is wrong.
        for n in catalog.pick(
            count, lambda p: is_ordinary(p) and not any(f" {v}" in p.title for v in vague)
        ):
            right = catalog.products[n].path
            wrong = spoilt(right)
            catalog.spoil(n, kind, {"wrong": wrong, "right": right}, path=wrong)
