"""Which rows an export holds: in which file, on which line, which field hidden, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from catalog.paths import joined
from catalog.records import RECORD_SCHEMA, TASKS
from curation.balance.draws import draws
from curation.exports.images import image_counts
from curation.exports.prompts import CONTROL_MARKS
from curation.exports.settings import ExportSettings
from curation.exports.templates import CATALOG_TASKS, CLASSIFICATION

TRAIN = "train"
SPLITS = ("train", "validation", "test")

_DRAWS = float(2**64)


@dataclass(frozen=True)
class Plan:
    """Every line of an export, before it is written.

    Attributes
    ----------
    rows
        ``record_id, task`` (what is asked), ``split, group_id, copy, weight`` (1 unless balance gave
        weights), ``masked`` (the hidden field or null), ``line`` (from 1 in its file), ``category``
        (a joined path), ``label_source``; sorted by split and line.
    left_out
        Records of gold that no file holds: reason -> how many.
    n_maskable
        Rows of train whose field could be hidden: it is there, and another one too.
    n_several_values
        Records with an attribute of more than one value, of which the answer holds the first.
    n_without_attributes
        Records that are asked for attributes and have none, whose answer is an empty object.
    images
        Where images are asked for, of the records in the files: ``n_records`` that have any,
        ``n_images`` shown, ``n_images_over`` the most, ``n_images_other`` without a web address.
    """

    rows: pl.DataFrame
    left_out: dict[str, int]
    n_maskable: int
    n_several_values: int
    n_without_attributes: int
    images: dict[str, int] = field(default_factory=dict)

    @property
    def tasks(self) -> list[str]:
        """The tasks that have rows, in the order of the catalog's."""
        present = set(self.rows["task"].unique())
        return [name for name in TASKS if name in present]

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
        ``record_id, copy, weight``: the rows of train after balancing. Rows of the other splits
        weigh 1.
    """
    rows = _described(gold, settings).join(
        split.select("record_id", pl.col("split").cast(pl.String), "group_id"),
        on="record_id",
        how="left",
    )
    in_train = pl.col("split") == TRAIN
    balanced = train.select("record_id", "copy", "weight")
    rows = rows.join(balanced, on="record_id", how="left").with_columns(
        pl.when(in_train).then("copy").when(pl.col("split").is_not_null()).then(0).alias("copy"),
        pl.when(in_train).then("weight").otherwise(1.0).alias("weight"),
    )
    reason = (
        pl.when(~pl.col("split").is_in(SPLITS).fill_null(False))
        .then(pl.lit("in no split"))
        .when(pl.col("lacks").is_not_null())
        .then("lacks")
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
    images = _images(records) if settings.images else {}
    return Plan(rows, dict(left_out.sort("reason").iter_rows()), maskable, several, bare, images)


def is_askable(settings: ExportSettings, task: str | None = None) -> pl.Expr:
    """Whether a row of gold can be an example, of a task where one is named."""
    asked = asked_task(settings)
    is_so = _lacks(settings, asked).is_null()
    return is_so if task is None else is_so & (asked == task)


def _described(gold: pl.LazyFrame, settings: ExportSettings) -> pl.DataFrame:
    """What of each record decides where it goes; the texts stay on disk."""
    no = pl.lit(False)
    filled = {name: _is_filled(name) for name in settings.fields}
    others = [there for name, there in filled.items() if name != settings.mask_field]
    maskable = no
    if settings.mask_field is not None and others:
        maskable = filled[settings.mask_field] & pl.any_horizontal(others)
    asks = [task for task in CATALOG_TASKS if "attributes" in settings.targets_of(task)]
    asks_attributes = pl.col("task").is_in(asks) if asks else no
    several = bare = no
    if asks:
        evidences = pl.element().struct.field("evidences")
        values = evidences.list.eval(pl.element().struct.field("value").drop_nulls())
        # The cast gives a column of nulls its inner type back, which Polars may have lost.
        held = pl.col("attributes").cast(RECORD_SCHEMA["attributes"])
        several = held.list.eval(values.list.n_unique() > 1).list.any()
        bare = ~_has("attributes")
    described = gold.with_columns(asked_task(settings)).select(
        "record_id",
        "task",
        joined("category_path").alias("category"),
        pl.col("label_source").cast(pl.String),
        _lacks(settings, pl.col("task")).alias("lacks"),
        maskable.alias("maskable"),
        (asks_attributes & several.fill_null(False)).alias("several_values"),
        (asks_attributes & bare).alias("is_bare"),
        **(image_counts(settings.max_images) if settings.images else {}),
    )
    return described.collect(engine="streaming")


def asked_task(settings: ExportSettings) -> pl.Expr:
    """What a record is asked: its own task, but for products where the targets say it."""
    task = pl.col("task").cast(pl.String).fill_null(CLASSIFICATION)
    if settings.asks_as is None:
        return task.alias("task")
    is_product = task.is_in(CATALOG_TASKS)
    return pl.when(is_product).then(pl.lit(settings.asks_as)).otherwise(task).alias("task")


def _lacks(settings: ExportSettings, asked: pl.Expr) -> pl.Expr:
    """Why a record cannot be an example; null where it can."""
    reasons = [(~asked.is_in(TASKS), "of an unknown task")]
    for task in CATALOG_TASKS:
        targets = settings.targets_of(task)
        if "category" in targets:
            reasons.append(((asked == task) & ~_has("category_path"), "no category"))
        if targets == ("attributes",):
            reasons.append(((asked == task) & ~_has("attributes"), "no attributes"))
    is_other = ~asked.is_in(CATALOG_TASKS)
    reasons.append((is_other & ~_is_filled("target"), "no target"))
    texts = ("instruction", "query", "question", *settings.fields)
    asks = [_has("context"), _has("options"), *(_is_filled(name) for name in texts)]
    reasons.append((is_other & ~pl.any_horizontal(asks), "nothing to ask"))
    if settings.format != "records" and settings.target_form == "text":
        marked = pl.col("target").str.contains_any(list(CONTROL_MARKS)).fill_null(False)
        reasons.append((is_other & marked, "control marks of a chat in the target"))
    return pl.coalesce(pl.when(is_so).then(pl.lit(why)) for is_so, why in reasons)


def _has(name: str) -> pl.Expr:
    return (pl.col(name).list.len() > 0).fill_null(False)


def _is_filled(name: str) -> pl.Expr:
    return pl.col(name).str.len_bytes().fill_null(0) > 0


def _images(records: pl.DataFrame) -> dict[str, int]:
    totals = records.select(
        (pl.col("n_images") > 0).sum().alias("n_records"),
        pl.col("n_images", "n_images_over", "n_images_other").sum(),
    )
    return {name: int(n) for name, n in totals.row(0, named=True).items()}


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
            "task",
            "split",
            pl.col("group_id").cast(pl.Int64),
            pl.col("copy").cast(pl.Int32),
            pl.col("weight").cast(pl.Float64),
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
