"""The text of Amazon products, cleaned by MAVE's published rules.

The rules are those of ``clean_amazon_product_metadata_main.py`` in
google-research-datasets/MAVE: the offsets of its evidences count in text cleaned this way.
"""

from __future__ import annotations

import re
import warnings

import polars as pl

from catalog.records import PARAGRAPH

SOURCES = ("title", "description", "feature", "price", "brand")
_BLANKS = r"[\s\x1c-\x1f]+"
_MARKUP_LEFT = (
    "<a href",
    "javascript:",
    "background-color:",
    "background-image:",
    " li:",
    ".aloha",
)
_CSS_COUNT, _CSS_SHARE = 20, 0.3


def cleaned(products: pl.DataFrame) -> pl.DataFrame:
    """Clean the text of products.

    Parameters
    ----------
    products
        ``row`` and, for each of `SOURCES`, a list of texts (null or empty for none).

    Returns
    -------
    ``row, paragraphs`` in the order given; products that keep no title are left out.

    Examples
    --------
    >>> row = {"row": [0], **{source: [[]] for source in SOURCES}}
    >>> row |= {"title": [["A <b>red</b> cup"]], "description": [["for  tea", "<style>p{}</style>"]]}
    >>> cleaned(pl.DataFrame(row))["paragraphs"].to_list()[0]
    [{'text': 'A red cup', 'source': 'title'}, {'text': 'for tea', 'source': 'description'}]
    """
    parts = [
        products.select("row", pl.col(source).cast(pl.List(pl.String)).alias("text"))
        .explode("text", empty_as_null=False, keep_nulls=False)
        .with_columns(source=pl.lit(source), order=pl.lit(order))
        for order, source in enumerate(SOURCES)
    ]
    texts = pl.concat(parts).sort("row", "order", maintain_order=True)
    is_script = (pl.col("source") == "title") & pl.col("text").str.contains("getTime", literal=True)
    texts = texts.filter(pl.col("text").is_not_null() & ~is_script)
    plain = texts.with_columns(without_tags(texts["text"]).alias("text")).with_columns(
        pl.col("text").str.replace_all(_BLANKS, " ").str.strip_chars(" ")
    )
    has_markup = pl.any_horizontal(
        pl.col("text").str.contains(sign, literal=True) for sign in _MARKUP_LEFT
    )
    kept = plain.filter((pl.col("text") != "") & ~has_markup)
    kept = kept.filter(~is_css(kept["text"]))
    return (
        kept.group_by("row", maintain_order=True)
        .agg(
            pl.struct("text", "source").cast(PARAGRAPH).alias("paragraphs"),
            has_title=(pl.col("source") == "title").any(),
        )
        .filter("has_title")
        .select("row", "paragraphs")
    )


def without_tags(texts: pl.Series) -> pl.Series:
    """Texts without HTML tags, styles and scripts; what has no markup stays as it is."""
    import bs4

    has_markup = texts.str.contains("[<&]")
    marked = texts.filter(has_markup).unique(maintain_order=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bs4.MarkupResemblesLocatorWarning)
        plain = [_without_tags(text) for text in marked]
    found = pl.DataFrame({"text": marked, "plain": pl.Series(plain, dtype=pl.String)})
    joined = texts.to_frame("text").join(found, on="text", how="left", maintain_order="left")
    return joined.select(pl.coalesce("plain", "text")).to_series()


def _without_tags(text: str) -> str:
    import bs4

    soup = bs4.BeautifulSoup(text, "html.parser")
    for tag in soup(["style", "script"]):
        tag.decompose()
    return " ".join(soup.stripped_strings)


def is_css(texts: pl.Series) -> pl.Series:
    """Whether texts are styles alone: many words, and a large share, that look like CSS."""
    signs = texts.str.count_matches(r"(?:^| )(?:[.#]|div)|px|-")
    doubtful = (signs > _CSS_COUNT).fill_null(value=False)
    judged = pl.Series([_is_css(text) for text in texts.filter(doubtful)], dtype=pl.Boolean)
    return pl.Series([False]).new_from_index(0, len(texts)).scatter(doubtful.arg_true(), judged)


def _is_css(text: str) -> bool:
    words = text.split()
    n_css = sum(
        word.startswith((".", "#", "div")) or "px" in word or len(re.findall("-", word)) > 1
        for word in words
    )
    return n_css / len(words) > _CSS_SHARE and n_css > _CSS_COUNT
