"""Which rows an export holds: in which file, on which line, which field hidden, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from catalog.paths import joined
from curation.balance.draws import draws
from curation.exports.settings import ExportSettings

TRAIN = "train"
SPLITS = ("train", "validation", "test")

_DRAWS = float(2**64)


@dataclass(frozen=True)
class Plan:
    """Every line of an export, before it is written.

    Attributes
    ----------
    rows
        ``record_id, split, group_id, copy, masked`` (the hidden field or null), ``line`` (from 1
        in its file), ``category`` (a joined path), ``label_source``; sorted by split and line.
    left_out
        Records of gold that no file holds: reason -> how many.
    n_maskable
        Rows of train whose field could be hidden: it is there, and another one too.
    n_several_values
        Records with an attribute of more than one value, of which the answer holds the first.
    n_without_attributes
        Records that are asked for attributes and have none, whose answer is an empty object.
    """

    rows: pl.DataFrame
    left_out: dict[str, int]
    n_maskable: int
    n_several_values: int
    n_without_attributes: int

    @property
    def splits(self) -> list[str]:
        """The splits that have rows."""
        present = set(self.rows["split"].unique())
        return [name for name in SPLITS if name in present]

    def n_lines(self, split: str) -> int:
        """Rows of a split."""
        return int((self.rows["split"] == split).sum())


def plan_export(
    gold: pl.LazyFrame, split: pl.DataFrame, train: pl.DataFrame, settings: ExportSettings
) -> Plan:
    """Decide on every line.

    The order of lines is drawn from the seed by record and copy, so it is mixed, and the same
    however gold is sorted; so is the mask. A row is masked only where another field of the
    prompt remains.

    Parameters
    ----------
    gold
        The record schema with ``label_source``.
    split
        ``record_id, split, group_id``; a record without a split is in no file.
    train
        ``record_id, copy``: the rows of train after balancing.
    """
    rows = _described(gold, settings).join(
        split.select("record_id", pl.col("split").cast(pl.String), "group_id"),
        on="record_id",
        how="left",
    )
    in_train = pl.col("split") == TRAIN
    rows = rows.join(train.select("record_id", "copy"), on="record_id", how="left").with_columns(
        pl.when(in_train).then("copy").when(pl.col("split").is_not_null()).then(0).alias("copy")
    )
    reason = (
        pl.when(~pl.col("split").is_in(SPLITS).fill_null(False))
        .then(pl.lit("in no split"))
        .when(~pl.col("has_category"))
        .then(pl.lit("no category"))
        .when(~pl.col("has_attributes"))
        .then(pl.lit("no attributes"))
        .when(pl.col("copy").is_null())
        .then(pl.lit("dropped by balance"))
    )
    rows = rows.with_columns(reason.alias("reason"))
    left_out = rows.drop_nulls("reason").group_by("reason").agg(pl.col("record_id").n_unique())
    kept = _masked(rows.filter(pl.col("reason").is_null()), settings)
    maskable = kept.filter("maskable").height if settings.mask_field else 0
    records = kept.filter(pl.col("copy") == 0)
    several = records.filter("several_values").height
    bare = records.filter("is_bare").height
    rows = _in_order(kept, settings.seed)
    return Plan(rows, dict(left_out.sort("reason").iter_rows()), maskable, several, bare)


def _described(gold: pl.LazyFrame, settings: ExportSettings) -> pl.DataFrame:
    """What of each record decides where it goes; the texts stay on disk."""
    yes, no = pl.lit(True), pl.lit(False)
    has_category = (pl.col("category_path").list.len() > 0).fill_null(False)
    has_attributes = (pl.col("attributes").list.len() > 0).fill_null(False)
    filled = {name: pl.col(name).str.len_bytes().fill_null(0) > 0 for name in settings.fields}
    others = [there for name, there in filled.items() if name != settings.mask_field]
    maskable = no
    if settings.mask_field is not None and others:
        maskable = filled[settings.mask_field] & pl.any_horizontal(others)
    several = bare = no
    if "attributes" in settings.targets:
        evidences = pl.element().struct.field("evidences")
        values = evidences.list.eval(pl.element().struct.field("value").drop_nulls())
        bare = ~has_attributes
        several = pl.col("attributes").list.eval(values.list.n_unique() > 1).list.any()
    described = gold.select(
        "record_id",
        joined("category_path").alias("category"),
        pl.col("label_source").cast(pl.String),
        (has_category if "category" in settings.targets else yes).alias("has_category"),
        (has_attributes if settings.targets == ("attributes",) else yes).alias("has_attributes"),
        maskable.alias("maskable"),
        several.fill_null(False).alias("several_values"),
        bare.alias("is_bare"),
    )
    return described.collect(engine="streaming")


def _masked(rows: pl.DataFrame, settings: ExportSettings) -> pl.DataFrame:
    rows = rows.with_columns(maskable=pl.col("maskable") & (pl.col("split") == TRAIN))
    if settings.mask_field is None:
        return rows.with_columns(masked=pl.lit(None, pl.String))
    drawn = draws(_keys(rows), settings.seed, "mask").cast(pl.Float64) / _DRAWS
    hidden = pl.col("maskable") & (drawn < settings.mask_probability)
    return rows.with_columns(masked=pl.when(hidden).then(pl.lit(settings.mask_field)))


def _in_order(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    return (
        rows.with_columns(draws(_keys(rows), seed, "line").alias("draw"))
        .sort(pl.col("split").cast(pl.Enum(SPLITS)), "draw", "record_id", "copy")
        .select(
            "record_id",
            "split",
            pl.col("group_id").cast(pl.Int64),
            pl.col("copy").cast(pl.Int32),
            "masked",
            (pl.int_range(pl.len()).over("split") + 1).cast(pl.Int64).alias("line"),
            "category",
            "label_source",
        )
    )


def _keys(rows: pl.DataFrame) -> pl.Series:
    """A text for each row that its record and copy make; copy 0 is the record's own."""
    return rows.select(
        pl.concat_str("record_id", pl.lit("#"), pl.col("copy").cast(pl.String))
    ).to_series()
