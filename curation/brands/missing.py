"""Records without a brand whose title names one, each with how often that name is right."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from curation.brands.mentions import mentions
from curation.brands.names import Branded, branded
from curation.brands.settings import BrandSettings

MISSING_SCHEMA = pl.Schema(
    {
        "record_id": pl.String(),
        "title": pl.String(),
        "given": pl.String(),
        "brand": pl.String(),
        "key": pl.String(),
        "where": pl.String(),
        "share_right": pl.Float64(),
        "n_right": pl.Int64(),
        "n_named": pl.Int64(),
        "n_products": pl.Int64(),
    }
)
_PLACES = ("begins", "by", "inside")
_SEEN = 2


@dataclass(frozen=True)
class MissingBrands:
    """Brands proposed for records that have none.

    Attributes
    ----------
    proposals
        `MISSING_SCHEMA`: ``brand`` in its most frequent spelling, ``where`` the title names it,
        and of the titles with a brand of their own that name it there: how many (``n_named``), in how
        many it is right (``n_right``), and the share; the surest first.
    n_without
        Records without a brand.
    n_tried, n_right
        The same rule tried on the records that have a brand, each judged by all others: how often it
        proposes, and how often that is the brand they have.
    """

    proposals: pl.DataFrame
    n_without: int
    n_tried: int
    n_right: int

    @property
    def precision(self) -> float:
        """The share of proposals that are right where that is known; NaN where none was tried."""
        return self.n_right / self.n_tried if self.n_tried else float("nan")


def missing_brands(
    records: pl.LazyFrame,
    settings: BrandSettings | None = None,
    *,
    generic: list[str] | None = None,
    held: Branded | None = None,
    named: pl.DataFrame | None = None,
) -> MissingBrands:
    """Brands that stand in the titles of records whose brand is empty or tells none.

    Whether a name is a brand or a common word ("Fresh", "Face") is measured: of the titles that name
    it at that place and have a brand of their own, it must be right in ``min_right``, twice at least, and the
    brand must have ``min_products``. A title of a brand whose words hold the name, or the other way round
    ("Adobe Systems"), counts for neither.

    Parameters
    ----------
    records
        Of the record columns ``record_id, brand, title``, those that are there.
    generic
        More names that tell no brand.
    held, named
        What `branded` and `mentions` gave, where that is known already.

    Examples
    --------
    >>> rows = pl.LazyFrame({
    ...     "title": ["Acme mug", "Acme cup", "Acme jug", "Acme pot", "Red pot"],
    ...     "brand": ["Acme", "Acme", "ACME", None, None],
    ... })
    >>> missing_brands(rows).proposals.select("title", "brand", "n_right").rows()
    [('Acme pot', 'Acme', 3)]
    """
    settings = settings or BrandSettings()
    held = branded(records, generic=generic) if held is None else held
    named = mentions(held.titles, held.brands) if named is None else named
    found = _with_own(named, held)
    measured = _measured(found)
    many = held.brands.filter(pl.col("n_products") >= settings.min_products)
    sure = (
        measured.join(many, left_on="named", right_on="code")
        .filter(pl.col("n_right") >= _SEEN)
        .filter(pl.col("share_right") >= settings.min_right)
    )
    proposed = _best(found.filter(pl.col("own").is_null()).join(sure, on=["named", "where"]))
    tried = _tried(found, measured, held, settings)
    return MissingBrands(
        _told(proposed, records),
        held.codes.null_count(),
        tried.height,
        int((tried["own"] == tried["named"]).sum()),
    )


def _with_own(named: pl.DataFrame, held: Branded) -> pl.DataFrame:
    """Mentions with the record's own brand, and whether the two names are parts of each other."""
    keys = held.brands["key"]
    own = held.codes.gather(named["row"])
    spaced = [" " + keys.gather(codes) + " " for codes in (own, named["named"])]
    pairs = pl.DataFrame({"own": spaced[0], "named": spaced[1]})
    related = pairs.select(
        pl.col("own").str.contains(pl.col("named"), literal=True)
        | pl.col("named").str.contains(pl.col("own"), literal=True)
    ).to_series()
    return named.with_columns(
        own=own, is_related=related.fill_null(False) & (own != named["named"]).fill_null(False)
    )


def _measured(found: pl.DataFrame) -> pl.DataFrame:
    """``named, where, n_named, n_right, share_right`` over the records that have a brand."""
    known = found.filter(pl.col("own").is_not_null() & ~pl.col("is_related"))
    return (
        known.group_by("named", "where")
        .agg(
            pl.len().cast(pl.Int64).alias("n_named"),
            (pl.col("own") == pl.col("named")).sum().cast(pl.Int64).alias("n_right"),
        )
        .with_columns((pl.col("n_right") / pl.col("n_named")).alias("share_right"))
    )


def _best(found: pl.DataFrame) -> pl.DataFrame:
    """One proposal a record: by place in the title, then the surest, then the longest name."""
    place = {name: number for number, name in enumerate(_PLACES)}
    return (
        found.with_columns(
            place=pl.col("where").replace_strict(place, return_dtype=pl.Int8),
            size=pl.col("key").str.len_chars(),
        )
        .sort(
            "row",
            "place",
            "share_right",
            "size",
            "named",
            descending=[False, False, True, True, False],
        )
        .unique("row", keep="first", maintain_order=True)
    )


def _tried(
    found: pl.DataFrame, measured: pl.DataFrame, held: Branded, settings: BrandSettings
) -> pl.DataFrame:
    """What the rule proposes for records that have a brand, each left out of its own measure."""
    is_own = (pl.col("own") == pl.col("named")).cast(pl.Int64)
    without = (
        found.filter(pl.col("own").is_not_null() & ~pl.col("is_related"))
        .join(measured, on=["named", "where"])
        .join(held.brands, left_on="named", right_on="code")
        .with_columns(
            pl.col("n_right") - is_own, pl.col("n_named") - 1, pl.col("n_products") - is_own
        )
        .with_columns((pl.col("n_right") / pl.col("n_named")).alias("share_right"))
        .filter(pl.col("n_products") >= settings.min_products)
        .filter(pl.col("n_right") >= _SEEN)
        .filter(pl.col("share_right") >= settings.min_right)
    )
    return _best(without)


def _told(proposed: pl.DataFrame, records: pl.LazyFrame) -> pl.DataFrame:
    names = records.collect_schema().names()
    ids = pl.col("record_id") if "record_id" in names else pl.int_range(pl.len())
    wanted = [pl.col(c) if c in names else pl.lit(None).alias(c) for c in ("title", "brand")]
    rows = records.select(ids.alias("record_id"), *wanted).with_row_index("row")
    rows = rows.with_columns(pl.col("row").cast(pl.Int64)).rename({"brand": "given"})
    few = rows.filter(pl.col("row").is_in(proposed["row"].implode())).collect()
    return (
        proposed.join(few, on="row")
        .rename({"name": "brand"})
        .sort("share_right", "n_right", "row", descending=[True, True, False])
        .select(MISSING_SCHEMA.names())
        .cast(MISSING_SCHEMA)
    )
