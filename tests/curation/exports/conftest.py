"""A small gold table, its splits and a way to write them, shared by the tests of exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.records import conform
from curation.exports.bundle import Bundle, write_bundle
from curation.exports.plan import Plan, plan_export
from curation.exports.prompts import system_prompt
from curation.exports.settings import ExportSettings


def gold_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Gold from the fields that matter; attributes are given as key -> list of values."""
    filled = []
    for row in rows:
        attributes = row.get("attributes")
        evidences = None
        if attributes is not None:
            evidences = [
                {
                    "key": key,
                    "evidences": [{"value": v, "pid": 0, "begin": 0, "end": 1} for v in values],
                }
                for key, values in attributes
            ]
        filled.append({**row, "attributes": evidences})
    frame = pl.DataFrame(
        filled,
        schema_overrides={
            "attributes": pl.List(
                pl.Struct(
                    {
                        "key": pl.String,
                        "evidences": pl.List(
                            pl.Struct(
                                {
                                    "value": pl.String,
                                    "pid": pl.Int32,
                                    "begin": pl.Int32,
                                    "end": pl.Int32,
                                }
                            )
                        ),
                    }
                )
            ),
            "category_path": pl.List(pl.String),
        },
        infer_schema_length=None,
    )
    return (
        conform(frame.lazy())
        .with_columns(
            pl.lit("source").alias("label_source"),
            pl.lit(0.5).alias("label_score"),
            pl.lit(None, pl.String).alias("label_by"),
        )
        .collect()
    )


@dataclass(frozen=True)
class Written:
    """What was written, where, and by which plan."""

    folder: Path
    plan: Plan
    bundle: Bundle

    def lines(self, name: str) -> list[str]:
        """The lines of a file, parted at line feeds alone."""
        text = (self.folder / name).read_bytes().decode("utf-8")
        assert text.endswith("\n")
        return text[:-1].split("\n")


Write = Callable[..., Written]


@pytest.fixture
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write an export: gold, the split of each record, the copies of train, the settings."""

    def written(
        gold: pl.DataFrame,
        splits: list[str | None],
        *,
        copies: dict[str, int] | None = None,
        **settings: Any,
    ) -> Written:
        folder = tmp_path_factory.mktemp("export")
        chosen = ExportSettings(**settings)
        gold.write_parquet(folder / "gold.parquet")
        split = pl.DataFrame(
            {
                "record_id": gold["record_id"],
                "split": pl.Series(splits, dtype=pl.String),
                "group_id": pl.Series(range(gold.height), dtype=pl.Int64),
            }
        )
        named = split.filter(split="train")["record_id"].to_list()
        repeats = dict.fromkeys(named, 1) if copies is None else copies
        train = pl.DataFrame(
            [(r, copy, 1.0) for r, n in repeats.items() for copy in range(n)],
            schema={"record_id": pl.String, "copy": pl.Int32, "weight": pl.Float64},
            orient="row",
        )
        plan = plan_export(gold.lazy(), split, train, chosen)
        bundle = write_bundle(
            folder / "gold.parquet",
            plan,
            chosen,
            {task: system_prompt(chosen, task=task) for task in plan.tasks},
            folder / "out",
            folder / "scratch",
        )
        return Written(folder / "out", plan, bundle)

    return written


@pytest.fixture
def gold() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    """`gold_of`, for tests that make their own rows."""
    return gold_of


@pytest.fixture
def kettle() -> pl.DataFrame:
    """One product with something in every field."""
    return gold_of(
        [
            {
                "record_id": "k1",
                "title": 'Kettle 1.7 L "Eco"',
                "description": "Steel.\nQuiet & safe",
                "brand": "Hervé",
                "category_path": ["Kitchen", "Kettles"],
                "attributes": [("Volume", ["1.7 L", "1.7 l"]), ("Colour", [])],
                "identifiers": [{"kind": "sku", "value": "K-1"}],
            }
        ]
    )
