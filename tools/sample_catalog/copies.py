"""Copies, near-copies, and the categories that are small or of one brand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sample_catalog.planting import Catalog
from sample_catalog.products import (
    DOMINATED,
    SEPARATOR,
    SMALL,
    Product,
    alike,
    is_ordinary,
    root_of,
    words_of,
)


def plant_exact_copies(catalog: Catalog, words: dict[str, Any]) -> None:
    """The same text again: of the same brand, of another, under another category."""
    draw = catalog.draw
    for nth, n in enumerate(catalog.pick(12, is_ordinary)):
        original = catalog.products[n]
        if nth < 8:
            where = "within a brand"
            title = original.title.upper() if nth % 2 else original.title.replace(",", " -")
            price = f"{float(original.price) + 2:.2f}"
            copy = replace(original, title=title, price=price, spelled=original.brand)
        else:
            where = "across brands"
            other = draw.choice([b for b in words["brands"] if b != original.brand])
            copy = replace(original, brand=other, spelled=other, gtin="")
        record_id = catalog.copy(original, copy)
        item = {"record_id": record_id, "where": where, "right": original.record_id}
        catalog.planted.add("exact_duplicate", **item)
    ordinary = sorted(
        leaf["path"]
        for leaf in words["leaves"]
        if leaf["path"].rpartition(SEPARATOR)[2] not in SMALL
    )
    for n in catalog.pick(5, is_ordinary):
        original = catalog.products[n]
        near = [p for p in ordinary if root_of(p) == root_of(original.path) and p != original.path]
        copy = replace(original, path=draw.choice(near), gtin="")
        catalog.planted.add(
            "two_categories",
            record_ids=[original.record_id, catalog.copy(original, copy)],
            paths=[original.path, copy.path],
            right=original.path,
        )


def plant_near_copies(catalog: Catalog, words: dict[str, Any]) -> None:
    """Texts with a few other words: edited copies, copies by another brand, variants."""
    draw = catalog.draw
    one_word = [brand for brand in words["brands"][:-1] if " " not in brand]

    def is_long(product: Product) -> bool:
        return is_ordinary(product) and len(words_of(f"{product.title} {product.text}")) >= 26

    def edited(product: Product) -> Product:
        return replace(product, sentences=(*product.sentences, "New edition."), gtin="")

    def sold_by_another(product: Product) -> Product:
        other = draw.choice([brand for brand in one_word if brand != product.brand])
        title = product.title.replace(product.brand, other, 1)
        return replace(product, title=title, brand=other, spelled=other, gtin="")

    def in_another_colour(product: Product) -> Product:
        old = product.values["Colour"]
        new = draw.choice([colour for colour in words["colours"] if colour != old])
        title = product.title.removesuffix(old) + new
        return replace(product, title=title, values={**product.values, "Colour": new}, gtin="")

    ways: dict[str, tuple[int, Callable[[Product], bool], Callable[[Product], Product]]] = {
        "edited": (6, lambda _: True, edited),
        "across brands": (
            6, lambda p: p.brand in one_word and p.title.startswith(p.brand), sold_by_another,
        ),
        "another colour": (
            5, lambda p: p.title.endswith(f", {p.values.get('Colour')}"), in_another_colour,
        ),
    }  # fmt: skip
    for where, (count, fits, copied) in ways.items():
        for n in catalog.pick(count, lambda p, f=fits: is_long(p) and f(p)):
            original = catalog.products[n]
            copy = copied(original)
            one, other = (words_of(f"{p.title} {p.text}") for p in (original, copy))
            if not 0.8 <= alike(one, other) < 1:
                raise RuntimeError(f"{original.record_id}: its copy is not nearly like it.")
            catalog.planted.add(
                "near_duplicate",
                record_id=catalog.copy(original, copy),
                where=where,
                right=original.record_id,
                similarity=round(alike(one, other), 4),
            )


def plant_categories(catalog: Catalog) -> None:
    """Write down the small and the dominated categories as they have come out."""
    by_leaf = {
        name: [p for p in catalog.products if p.path.endswith(f"{SEPARATOR}{name}")]
        for name in (*SMALL, DOMINATED)
    }
    for name in SMALL:
        ids = [p.record_id for p in by_leaf[name]]
        catalog.planted.add("small_category", path=by_leaf[name][0].path, record_ids=ids)
    rows = by_leaf[DOMINATED]
    brand, _ = Counter(p.brand for p in rows).most_common(1)[0]
    ids = [p.record_id for p in rows if p.brand == brand]
    catalog.planted.add("dominated_category", path=rows[0].path, brand=brand, record_ids=ids)
