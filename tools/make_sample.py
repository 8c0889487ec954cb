"""Write the sample catalog of ``datasets/sample``: the same bytes at every run.

    python tools/make_sample.py [FOLDER]

Words come from ``sample_words.toml``; the work is in ``sample_catalog/``. A clean catalog is made
first; then defects are planted in it, each written down in ``planted.json``, so that what a check
finds can be compared with what there is to be found.
"""

from __future__ import annotations

import json
import random
import sys
import tomllib
from pathlib import Path

from sample_catalog.copies import plant_categories, plant_exact_copies, plant_near_copies
from sample_catalog.files import card, taxonomy, written
from sample_catalog.labels import plant_paths, plant_values
from sample_catalog.planting import Catalog
from sample_catalog.products import clean_products
from sample_catalog.texts import plant_fields, plant_ids, plant_safety, plant_texts

SEED = 20250101
HERE = Path(__file__).resolve().parent


def make(folder: Path) -> None:
    """Write all files of the sample into a folder."""
    words = tomllib.loads((HERE / "sample_words.toml").read_text("utf-8"))
    draw = random.Random(SEED)
    catalog = Catalog(clean_products(words, draw), draw)
    plant_ids(catalog)
    plant_fields(catalog)
    plant_texts(catalog)
    plant_safety(catalog)
    plant_values(catalog, words)
    plant_paths(catalog, words)
    plant_exact_copies(catalog, words)
    plant_near_copies(catalog, words)
    plant_categories(catalog)
    tree = taxonomy(words)
    template = (HERE / "sample_card.md").read_text("utf-8")
    files = {
        "products.csv": written(catalog),
        "taxonomy.json": json.dumps(tree, indent=1, ensure_ascii=False) + "\n",
        "planted.json": json.dumps(catalog.planted.kinds, indent=1, ensure_ascii=False) + "\n",
        "README.md": card(template, catalog, tree, words, SEED),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "datasets" / "sample")
