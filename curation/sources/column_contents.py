"""What the values of a column are, told from the values alone."""

from __future__ import annotations

import polars as pl

_NEARLY_ALL = 0.9
_MOST = 0.8
_LENGTHS = (8, 12, 13, 14)
_IMAGE = r"(?i)^\s*(?:https?:)?//\S+\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?)(?:[?#,|\s]|$)"
_LINK = r"(?i)^\s*(?:https?:)?//\S+"
_MONEY = r"^\s*(?:(?:[₹€£¥$]|[A-Z]{3}\s)\s?\d[\d.,\s']*|\d[\d.,\s']*\s?(?:[₹€£¥$]|[A-Z]{3}))\s*$"


def filled(values: pl.Series) -> pl.Series:
    """The values as texts, blank ones left out."""
    if values.dtype.is_nested():
        return pl.Series(values.name, [], dtype=pl.String)
    text = values.cast(pl.String).str.strip_chars()
    return text.filter(text.is_not_null() & (text != ""))


def is_gtin(values: pl.Series) -> pl.Series:
    """Whether each text is a GTIN of 8, 12, 13 or 14 digits whose check digit is right.

    The sum of the digits from the right, the last one weighing 1, then 3, 1, 3 …, is a
    multiple of ten (GS1 General Specifications, section 7.9). Null stays null.

    Examples
    --------
    >>> is_gtin(pl.Series(["4006381333931", "4006381333930", "036000291452", "12"])).to_list()
    [True, False, True, False]
    """
    digits = values.str.contains(r"^\d+$") & values.str.len_chars().is_in(_LENGTHS)
    padded = values.str.zfill(14)
    weighed = sum(
        (
            padded.str.slice(place, 1).cast(pl.Int32, strict=False) * (3 if place % 2 == 0 else 1)
            for place in range(14)
        ),
        start=pl.Series([0], dtype=pl.Int32).new_from_index(0, len(values)),
    )
    return digits & (weighed % 10 == 0).fill_null(False)


def are_gtins(values: pl.Series) -> bool:
    """Whether nearly all values are GTINs, and there are at least three of them."""
    texts = filled(values)
    if values.dtype.is_integer():  # a number has lost the zeros before it
        texts = texts.str.zfill(12)
    return len(texts) >= 3 and _share(is_gtin(texts)) >= _NEARLY_ALL


def are_images(values: pl.Series) -> bool:
    """Whether most values are links to pictures, told by their endings."""
    return _share(filled(values).str.contains(_IMAGE)) >= _MOST


def are_links(values: pl.Series) -> bool:
    """Whether most values are links."""
    return _share(filled(values).str.contains(_LINK)) >= _MOST


def are_prices(values: pl.Series) -> bool:
    """Whether nearly all values are amounts with a currency."""
    return _share(filled(values).str.contains(_MONEY)) >= _NEARLY_ALL


def _share(marks: pl.Series) -> float:
    return float(marks.mean() or 0.0) if len(marks) else 0.0  # type: ignore[arg-type]
