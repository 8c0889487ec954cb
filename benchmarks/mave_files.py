"""Files of MAVE's shape, of any size, from a seed: for benchmarks, and to try things at scale.

    python benchmarks/mave_files.py FOLDER --products 2200000

MAVE's shape (Yang et al., WSDM 2022, table 2): 2.2 M products in 1,257 categories, 3.0 M
attribute annotations; text of about 700 bytes a product; categories, brands and words by
Zipf's law. ``--labels`` writes the labels without text and the metadata that belongs to them
instead; ``--negatives`` a second file of attributes that were asked for and are not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

N_WORDS, N_BRANDS, N_SENTENCES, N_CATEGORIES, N_KEYS = 60_000, 40_000, 200_000, 1_257, 700
BATCH = 100_000
_SYLLABLES = [c + v for c in "bcdfghklmnprstvz" for v in "aeiou"]


def zipf(rng: np.random.Generator, n_kinds: int, size: int, exponent: float = 1.0) -> np.ndarray:
    """``size`` draws of 0..n_kinds by Zipf's law."""
    shares = 1 / np.arange(1, n_kinds + 1) ** exponent
    return np.searchsorted(np.cumsum(shares / shares.sum()), rng.random(size)).clip(max=n_kinds - 1)


def words(rng: np.random.Generator, n: int, low: int = 2, high: int = 5) -> np.ndarray:
    """``n`` different made-up words."""
    found: dict[str, None] = {}
    while len(found) < n:
        lengths = rng.integers(low, high, n)
        picks = rng.integers(0, len(_SYLLABLES), (n, high))
        for length, row in zip(lengths, picks, strict=True):
            found["".join(_SYLLABLES[k] for k in row[:length])] = None
    return np.array(list(found)[:n])


def sentences(rng: np.random.Generator, vocabulary: np.ndarray) -> np.ndarray:
    """The stock of sentences that descriptions are put together from."""
    drawn = vocabulary[zipf(rng, len(vocabulary), N_SENTENCES * 16)].reshape(-1, 16)
    lengths = rng.integers(9, 17, N_SENTENCES)
    return np.array(
        [" ".join(row[:n]).capitalize() + "." for row, n in zip(drawn, lengths, strict=True)]
    )


def batches(n_products: int, seed: int) -> Iterator[pl.DataFrame]:
    """Products in the published form, one a row: ``id, category, paragraphs, attributes``."""
    rng = np.random.default_rng(seed)
    vocabulary, stock = words(rng, N_WORDS), np.empty(0)
    stock = sentences(rng, vocabulary)
    brands = np.char.capitalize(words(rng, N_BRANDS, 2, 4))
    categories = np.array([f"{a.title()} {n}" for n, a in enumerate(words(rng, N_CATEGORIES))])
    keys = np.array([k.title() for k in words(rng, N_KEYS, 3, 5)])
    for start in range(0, n_products, BATCH):
        yield _batch(
            np.random.default_rng((seed, start)), start, min(BATCH, n_products - start),
            vocabulary, stock, brands, categories, keys,
        )  # fmt: skip


def _batch(
    rng: np.random.Generator, start: int, n: int, vocabulary: np.ndarray, stock: np.ndarray,
    brands: np.ndarray, categories: np.ndarray, keys: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    n_words = rng.integers(7, 15, n)
    title_words = pl.DataFrame(
        {
            "row": np.repeat(np.arange(n), n_words),
            "word": vocabulary[zipf(rng, N_WORDS, n_words.sum())],
        }
    ).with_columns(at=pl.int_range(pl.len()).over("row"))
    brand = brands[zipf(rng, N_BRANDS, n)]
    title = (
        title_words.group_by("row", maintain_order=True)
        .agg(pl.col("word").str.join(" "))
        .select(pl.concat_str(pl.Series(brand), pl.lit(" "), "word"))
        .to_series()
    )
    n_sentences = rng.integers(2, 8, n)
    description = (
        pl.DataFrame(
            {
                "row": np.repeat(np.arange(n), n_sentences),
                "text": stock[rng.integers(0, len(stock), n_sentences.sum())],
            }
        )
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").str.join(" "))["text"]
    )
    category = zipf(rng, N_CATEGORIES, n)
    paragraphs = pl.DataFrame({"title": title, "description": description, "brand": brand}).select(
        pl.concat_list(
            pl.struct(text=pl.col(source), source=pl.lit(source))
            for source in ("title", "description", "brand")
        ).alias("paragraphs")
    )
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "id": [f"B{start + k:09d}" for k in range(n)],
                    "category": categories[category],
                }
            ),
            paragraphs,
            _attributes(rng, n, title_words, pl.Series(brand).str.len_chars(), category, keys),
        ],
        how="horizontal",
    )


def _attributes(
    rng: np.random.Generator, n: int, title_words: pl.DataFrame, shift: pl.Series,
    category: np.ndarray, keys: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    """One to three attributes a product (1.36 on average), each value a word of the title."""
    n_attributes = 1 + (rng.random(n) < 0.28) + (rng.random(n) < 0.08)
    row = np.repeat(np.arange(n), n_attributes)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(n_attributes) - n_attributes, n_attributes)
    place = title_words.with_columns(
        begin=pl.col("word").str.len_chars().cum_sum().over("row")
        - pl.col("word").str.len_chars()
        + pl.col("at")
    )
    wanted = pl.DataFrame({"row": row, "at": nth * 2}).with_columns(
        key=pl.Series(keys[(category[row] * 7 + nth) % len(keys)])
    )
    found = wanted.join(place, on=["row", "at"], how="left", maintain_order="left").with_columns(
        begin=pl.col("begin") + 1 + pl.Series(shift.to_numpy()[row])
    )
    evidence = pl.struct(
        value="word",
        pid=pl.lit(0, pl.Int32),
        begin=pl.col("begin").cast(pl.Int32),
        end=(pl.col("begin") + pl.col("word").str.len_chars()).cast(pl.Int32),
    )
    return (
        found.with_columns(evidences=pl.concat_list(evidence))
        .group_by("row", maintain_order=True)
        .agg(pl.struct("key", "evidences").alias("attributes"))
        .select("attributes")
    )


def write(folder: Path, n_products: int, seed: int = 7, *, negatives: bool = False) -> Path:
    """Write ``mave_positives.jsonl``, and the negatives where asked; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    empty = pl.col("attributes").list.eval(
        pl.struct(
            key=pl.concat_str(pl.element().struct.field("key"), pl.lit("x")),
            evidences=pl.element().struct.field("evidences").list.head(0),
        )
    )
    with (
        (folder / "mave_positives.jsonl").open("wb") as positives,
        (folder / "mave_negatives.jsonl").open("wb") as absent,
    ):
        for batch in batches(n_products, seed):
            batch.write_ndjson(positives)
            if negatives:
                batch.filter(pl.int_range(pl.len()) % 2 == 0).with_columns(empty).write_ndjson(
                    absent
                )
    if not negatives:
        (folder / "mave_negatives.jsonl").unlink()
    return folder


def write_labels(folder: Path, n_products: int, seed: int = 7) -> Path:
    """Write the labels alone, and ``All_Amazon_Meta.json`` with the text they belong to."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [
        pl.col("paragraphs").list.get(k).struct.field("text").alias(name)
        for k, name in enumerate(("title", "description", "brand"))
    ]
    with (
        (folder / "mave_positives_labels.jsonl").open("wb") as labels,
        (folder / "All_Amazon_Meta.json").open("wb") as metadata,
    ):
        for batch in batches(n_products, seed):
            batch.select("id", "category", "attributes").write_ndjson(labels)
            product = batch.select(pl.col("id").alias("asin"), *text).with_columns(
                description=pl.concat_list("description"),
                feature=pl.lit([], pl.List(pl.String)),
                price=pl.lit(""),
            )
            product.select(
                "asin", "title", "description", "feature", "price", "brand"
            ).write_ndjson(metadata)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--products", type=int, default=2_200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--negatives", action="store_true")
    parser.add_argument("--labels", action="store_true")
    given = parser.parse_args()
    if given.labels:
        write_labels(given.folder, given.products, given.seed)
    else:
        write(given.folder, given.products, given.seed, negatives=given.negatives)
