"""Who corrects the gold of one record moves no other record out of its split."""

import numpy as np
import polars as pl
import pytest

from curation.splits.settings import SplitSettings
from curation.splits.split import split_records

N = 600
SETTINGS = SplitSettings(near_duplicates=0)


@pytest.fixture
def records():
    rng = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "record_id": [f"r{i}" for i in range(N)],
            "title": [f"thing {i}" for i in range(N)],
            "brand": [f"brand {i}" for i in rng.integers(0, 150, N)],
        }
    )


def split_of(records, before=None, **more):
    made = split_records(records.lazy(), SETTINGS, before=before, **more)
    return made.assignments["split"], made


def test_known_records_stay_and_new_ones_are_drawn(records):
    first, _ = split_of(records)
    new = pl.DataFrame(
        {
            "record_id": [f"n{i}" for i in range(100)],
            "title": [f"other {i}" for i in range(100)],
            "brand": [f"new brand {i}" for i in range(100)],
        }
    )
    before = pl.concat([first, pl.Series([None] * 100, dtype=pl.String)])
    again, made = split_of(pl.concat([records, new]), before)
    assert again.head(N).equals(first)
    assert set(again.tail(100)) == {"train", "validation", "test"}
    assert made.notes == []


def test_a_new_record_of_a_known_brand_goes_where_its_brand_is(records):
    first, _ = split_of(records)
    added = records.head(1).with_columns(pl.lit("new").alias("record_id"), title=pl.lit("unlike"))
    again, _ = split_of(
        pl.concat([records, added]), pl.concat([first, pl.Series([None], dtype=pl.String)])
    )
    assert again[N] == first[0]


def test_groups_that_come_together_go_where_most_of_them_were(records):
    first, _ = split_of(records)
    sizes = records.with_columns(split=first).group_by("brand", "split").len()
    large = sizes.filter(pl.col("split") == "train").sort("len")["brand"][-1]
    small = sizes.filter(pl.col("split") == "test").sort("len")["brand"][0]
    tied = records.with_columns(brand=pl.col("brand").replace(small, large))
    again, made = split_of(tied, first)
    assert set(again.filter(records["brand"] == small)) == {"train"}
    others = records["brand"] != small
    assert again.filter(others).equals(first.filter(others))
    assert "1 group came together from several splits" in made.notes[0]


def test_groups_that_became_others_are_all_drawn_anew(records):
    mixed = pl.Series(["train", "test"] * (N // 2))
    again, made = split_of(records, mixed)
    assert again.equals(split_of(records)[0])
    assert "drawn anew" in made.notes[-1]
