"""What speaks for two brands being one: products that they share, names in the other's titles."""

from __future__ import annotations

import polars as pl

from curation.brands.names import Branded
from curation.brands.same_titles import title_marks
from curation.splits.groups import identifier_keys

SHOWN = 3
EVIDENCE = pl.Schema(
    {
        "a": pl.UInt32(),
        "b": pl.UInt32(),
        "kind": pl.String(),
        "support": pl.Int64(),
        "is_strong": pl.Boolean(),
        "left": pl.List(pl.Int64),
        "right": pl.List(pl.Int64),
    }
)
"""Two codes, ``a < b``; how many pieces of evidence; example rows of ``a`` and of ``b``."""


def shared_identifiers(records: pl.LazyFrame, held: Branded, max_brands: int) -> pl.DataFrame:
    """Brands that share identifiers; part numbers, which makers give alike by chance, apart.

    A code that more than ``max_brands`` brands share says nothing. One identifier is strong, and
    so are two part numbers.
    """
    if "identifiers" not in records.collect_schema().names():
        return pl.DataFrame(schema=EVIDENCE)
    keys = identifier_keys(records.select("identifiers"))
    rows = keys.with_columns(code=held.codes.gather(keys["row"])).drop_nulls("code")
    part = pl.col("key").str.starts_with("mpn:")
    counted = [
        _counted(_shared(rows.filter(which), "key", max_brands), kind, strong_from)
        for which, kind, strong_from in ((~part, "identifier", 1), (part, "part_number", 2))
    ]
    return pl.concat(counted)


def shared_titles(held: Branded, max_brands: int) -> pl.DataFrame:
    """Brands with products of the same title, but for the brand's own words; three are strong."""
    marks = title_marks(held.titles, held.codes, held.brands)
    return _counted(_shared(marks, "mark", max_brands), "title", 3)


def _shared(rows: pl.DataFrame, mark: str, max_brands: int) -> pl.DataFrame:
    """``a, b, left, right``: the first rows of two brands that share a mark, each pair once."""
    firsts = rows.group_by(mark, "code").agg(pl.col("row").min())
    counts = firsts.group_by(mark).len()
    few = counts.filter(pl.col("len").is_between(2, max_brands))
    shared = firsts.join(few, on=mark, how="semi")
    return (
        shared.join(shared, on=mark, suffix="_b")
        .filter(pl.col("code") < pl.col("code_b"))
        .select(a="code", b="code_b", left="row", right="row_b")
        .unique()
        .sort("a", "b", "left", "right")
    )


def _counted(pairs: pl.DataFrame, kind: str, strong_from: int) -> pl.DataFrame:
    found = pairs.group_by("a", "b", maintain_order=True).agg(
        pl.lit(kind).alias("kind"),
        pl.len().alias("support"),
        (pl.len() >= strong_from).alias("is_strong"),
        pl.col("left").head(SHOWN),
        pl.col("right").head(SHOWN),
    )
    return found.cast(EVIDENCE)


def named_in_titles(held: Branded, named: pl.DataFrame) -> pl.DataFrame:
    """Brands whose titles begin with the name of another one.

    It counts where that is so in a quarter of the brand's titles that begin with any brand, and where at least
    half of all titles that begin with the name are of one of the two, so that "face" in "face mask" is no
    brand. It is strong from two titles on where the other brand's own titles begin with its name too.

    Parameters
    ----------
    named
        `curation.brands.mentions.mentions` of the titles.
    """
    begins = named.filter(pl.col("where") == "begins").select(
        "row", "named", own=held.codes.gather(named.filter(pl.col("where") == "begins")["row"])
    )
    begins = begins.drop_nulls("own")
    by_name = begins.group_by("named").agg(
        pl.len().alias("n_named"), (pl.col("own") == pl.col("named")).sum().alias("n_right")
    )
    first = (
        pl.DataFrame({"named": held.codes, "first": pl.int_range(len(held.codes), eager=True)})
        .drop_nulls("named")
        .group_by("named")
        .agg(pl.col("first").min())
    )
    other = (
        begins.filter(pl.col("own") != pl.col("named"))
        .group_by("own", "named")
        .agg(pl.len().alias("n"), pl.col("row").sort().head(SHOWN))
        .join(by_name, on="named")
        .join(begins.group_by("own").agg(pl.len().alias("n_own")), on="own")
        .filter(4 * pl.col("n") >= pl.col("n_own"))
        .filter(2 * (pl.col("n") + pl.col("n_right")) >= pl.col("n_named"))
        .join(first, on="named")
    )
    is_first = pl.col("own") < pl.col("named")
    ours, theirs = pl.col("row"), pl.col("first").repeat_by(pl.col("row").list.len())
    turned = other.select(
        a=pl.min_horizontal("own", "named"),
        b=pl.max_horizontal("own", "named"),
        support="n",
        is_strong=(pl.col("n") > 1) & (pl.col("n_right") > 0),
        left=pl.when(is_first).then(ours).otherwise(theirs),
        right=pl.when(is_first).then(theirs).otherwise(ours),
    )
    both = (
        turned.sort("support", "a", "b", descending=[True, False, False])
        .group_by("a", "b", maintain_order=True)
        .agg(
            pl.lit("named").alias("kind"),
            pl.col("support").sum(),
            pl.col("is_strong").any(),
            pl.col("left").first(),
            pl.col("right").first(),
        )
    )
    return both.cast(EVIDENCE)
