"""Quantities and model numbers in texts: "128GB" is not "256GB", and "0.5 l" is "500 ml"."""

from __future__ import annotations

import numpy as np
import polars as pl

from catalog.text import casefolded
from curation.duplicates.tokens import TokenSets

_UNITS: dict[str, dict[str, float]] = {
    "storage": {"kb": 1e-6, "mb": 1e-3, "gb": 1, "tb": 1e3},
    "volume": {
        "ml": 1, "cl": 10, "dl": 100, "l": 1e3, "ltr": 1e3, "liter": 1e3, "litre": 1e3,
        "liters": 1e3, "litres": 1e3, "fl oz": 29.5735, "gallon": 3785.41, "gal": 3785.41,
    },
    "mass": {
        "mg": 1e-3, "g": 1, "gm": 1, "gms": 1, "gr": 1, "gram": 1, "grams": 1, "kg": 1e3,
        "kgs": 1e3, "kilo": 1e3, "oz": 28.3495, "lb": 453.592, "lbs": 453.592,
    },
    "length": {
        "mm": 1, "cm": 10, "m": 1e3, "meter": 1e3, "metre": 1e3, "inch": 25.4, "inches": 25.4,
        "ft": 304.8, "feet": 304.8, "foot": 304.8, "yd": 914.4,
    },
    "power": {"w": 1, "watt": 1, "watts": 1, "kw": 1e3},
    "voltage": {"v": 1, "volt": 1, "volts": 1},
    "charge": {"mah": 1, "ah": 1e3},
    "frequency": {"hz": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "resolution": {"mp": 1, "megapixel": 1, "megapixels": 1},
    "speed": {"rpm": 1, "mbps": 1, "gbps": 1e3},
    "count": {
        "pc": 1, "pcs": 1, "piece": 1, "pieces": 1, "pack": 1, "packs": 1, "pk": 1, "ct": 1,
        "count": 1, "units": 1, "tablets": 1, "capsules": 1, "bags": 1, "sheets": 1,
    },
    "percent": {"%": 1},
}  # fmt: skip
"""Units by what they measure, and how many of the first each is."""

_NUMBER = r"\d+(?:[.,]\d+)*"
_NAMES = "|".join(sorted((u for held in _UNITS.values() for u in held if u != "%"), key=len)[::-1])
_UNIT = rf"(?:(?:{_NAMES})\b|%)"
_FOUND = (
    rf"\b{_NUMBER}(?:\s?[x*×]\s?{_NUMBER})+(?:\s?{_UNIT}|\b)"
    rf"|\b{_NUMBER}[\s-]?{_UNIT}"
    r"|\b(?:[a-z]+[-/]?\d|\d+[-/]?[a-z])[a-z0-9]*(?:[-/][a-z0-9]+)*\b"
    rf"|\b{_NUMBER}\b"
)
_INCH = r"(\d)\s?(?:''|[\"”″])|(\d)[\s-]?in\b"
KINDS = ["number", *_UNITS, "dimensions", "model number"]


def numbers_in(texts: pl.Series) -> pl.DataFrame:
    """Every quantity, plain number and model number of each text, once.

    Returns
    -------
    ``row``, ``kind`` (what it measures, ``number``, ``dimensions`` or ``model number``),
    ``value`` (in one unit a kind, or as written without hyphens), ``written``; by row.

    Examples
    --------
    >>> numbers_in(pl.Series(["Tea 0,5 l", "Sony WH-1000XM4 30 h"])).rows()
    [(0, 'volume', '500', '0,5 l'), (1, 'model number', 'wh1000xm4', 'wh-1000xm4'), (1, 'number', '30', '30')]
    """
    lowered = casefolded(texts.cast(pl.String)).str.replace_all(_INCH, "${1}${2} inch")
    written = (
        pl.DataFrame({"written": lowered.str.extract_all(_FOUND)})
        .with_row_index("row")
        .filter(pl.col("written").list.len() > 0)
        .explode("written", empty_as_null=True)
        .with_columns(pl.col("row").cast(pl.Int64), pl.col("written").str.strip_chars())
    )
    known = _read(written["written"].unique(maintain_order=True))
    return (
        written.join(known, on="written", how="left", maintain_order="left")
        .select("row", "kind", "value", "written")
        .unique(("row", "kind", "value"), keep="first", maintain_order=True)
    )


def _read(written: pl.Series) -> pl.DataFrame:
    """What each different writing means."""
    frame = pl.DataFrame({"written": written})
    units = [(u, kind, factor) for kind, held in _UNITS.items() for u, factor in held.items()]
    table = pl.DataFrame(
        units,
        schema={"unit": pl.String, "measures": pl.String, "factor": pl.Float64},
        orient="row",
    )
    text = pl.col("written")
    frame = frame.with_columns(
        text.str.extract(rf"^({_NUMBER})(?:[\s-]?(?:{_UNIT}))?$", 1).alias("amount"),
        text.str.extract(rf"^{_NUMBER}[\s-]?({_UNIT})$", 1).alias("unit"),
        text.str.contains(rf"^{_NUMBER}\s?[x*×]").alias("is_size"),
    ).join(table, on="unit", how="left", maintain_order="left")
    plain = (
        pl.when(pl.col("amount").str.contains(r"^\d{1,3}(,\d{3})+(\.\d+)?$"))
        .then(pl.col("amount").str.replace_all(",", "", literal=True))
        .otherwise(pl.col("amount").str.replace_all(",", ".", literal=True))
        .cast(pl.Float64, strict=False)
    )
    amount = (plain * pl.col("factor").fill_null(1)).round_sig_figs(9)
    shown = amount.cast(pl.String).str.replace(r"\.0$", "")
    return frame.select(
        "written",
        pl.when("is_size")
        .then(pl.lit("dimensions"))
        .when(shown.is_not_null())
        .then(pl.col("measures").fill_null("number"))
        .when(pl.col("amount").is_not_null())
        .then(pl.lit("number"))
        .otherwise(pl.lit("model number"))
        .alias("kind"),
        pl.when("is_size")
        .then(text.str.replace_all(r"[\s]", "").str.replace_all("[*×]", "x"))
        .otherwise(shown.fill_null(text.str.replace_all(r"[-/\s]", "")))
        .alias("value"),
    )


def number_codes(texts: pl.Series) -> TokenSets:
    """The numbers of each text as codes, ascending, the kind in the high 32 bits.

    Two texts contradict each other where each has a number of one kind that the other lacks,
    as ``128GB`` and ``256GB``; one that names a number more does not.
    """
    found = numbers_in(texts)
    kinds = pl.DataFrame({"kind": KINDS, "high": range(len(KINDS))})
    values = found.select(pl.col("value").rank("dense").cast(pl.Int64)).to_series()
    codes = found.join(kinds, on="kind", how="left", maintain_order="left").select(
        "row", ((pl.col("high").cast(pl.Int64) * (1 << 32)) + values).alias("code")
    )
    codes = codes.sort("row", "code")
    starts = np.searchsorted(codes["row"].to_numpy(), np.arange(len(texts) + 1))
    return TokenSets(starts.astype(np.int64), codes["code"].to_numpy().astype(np.int64))
