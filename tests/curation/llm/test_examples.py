"""Decisions of people as examples: like the record, never of its group, never to be judged on."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from catalog.votes import VOTE_SCHEMA
from curation.llm.asking import stages_of
from curation.llm.examples import example_pool
from curation.llm.prompts import unfenced
from curation.llm.settings import ModelAnnotator

TITLES = ["red mug", "blue mug", "green tea", "mug with tea", "oak shelf", "pine shelf"]
IDS = [str(n) for n in range(6)]
RECORDS = conform(pl.LazyFrame({"record_id": IDS, "title": TITLES}))
MUGS, TEA, SHELVES = "Kitchen > Mugs", "Food > Tea", "Home > Shelves"
DECIDED = dict(zip(IDS, [MUGS, MUGS, TEA, MUGS, SHELVES, SHELVES], strict=True))
ALONE = dict(zip(IDS, range(6), strict=True))


def decisions(**changed: str | None) -> pl.DataFrame:
    held = {**DECIDED, **changed}
    return pl.DataFrame({"record_id": list(held), "question": "category", "value": held.values()})


def frame(groups: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame({"record_id": list(groups), "group_id": list(groups.values())})


def split(**names: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "record_id": IDS,
            "group_id": range(6),
            "split": [names.get(f"r{i}", "train") for i in IDS],
        }
    )


def chosen(pool, k=2):
    found = pool.chosen(RECORDS.collect(), k)
    return {i: [e.record_id for e in es] for i, es in zip(IDS, found, strict=True)}


def test_the_examples_are_the_decided_products_that_are_most_like_it():
    found = chosen(example_pool(RECORDS, decisions(), frame(ALONE)))
    assert set(found["0"]) == {"1", "3"}
    assert found["4"][0] == "5"
    assert all(own not in examples for own, examples in found.items())


def test_nothing_of_validation_or_test_is_ever_shown():
    held = split(r1="test", r3="validation", r5="dropped")
    pool = example_pool(RECORDS, decisions(), frame(ALONE), held)
    assert {e.record_id for e in pool.examples} == {"0", "2", "4"}
    assert not {"1", "3", "5"} & {i for found in chosen(pool, 6).values() for i in found}


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.integers(1, 6),
)
def test_an_example_is_never_of_the_records_own_group(groups, parts, k):
    held = split().with_columns(group_id=pl.Series(parts))
    pool = example_pool(RECORDS, decisions(), frame(dict(zip(IDS, groups, strict=True))), held)
    for own, examples in chosen(pool, k).items():
        others = [
            i for i in range(6) if groups[i] != groups[int(own)] and parts[i] != parts[int(own)]
        ]
        assert {int(i) for i in examples} <= set(others)
        assert len(examples) == len(set(examples)) == min(k, len(others))


def test_a_record_without_a_group_has_no_examples():
    pool = example_pool(RECORDS, decisions(), frame(dict.fromkeys("1", 0)))
    assert len(pool) == 1
    assert chosen(pool) == {i: [] for i in IDS}


def test_what_was_dropped_or_asks_something_else_is_no_example():
    other = decisions().with_columns(question=pl.lit("attribute:Colour"))
    held = pl.concat([decisions(**{"0": None}), other])
    assert len(example_pool(RECORDS, held, frame(ALONE))) == 5


def test_the_same_seed_draws_the_same_examples_and_another_seed_others():
    pools = [example_pool(RECORDS, decisions(), frame(ALONE), seed=s) for s in (0, 0, 1, 2, 3)]
    found = [chosen(pool, 3)["2"] for pool in pools]
    assert found[0] == found[1]
    assert len({tuple(one) for one in found}) > 1


@pytest.mark.parametrize("shown", [0, 2])
def test_examples_stand_beside_the_product_as_data(shown):
    tree = Taxonomy.from_paths([p.split(" > ") for p in (MUGS, TEA, SHELVES)])
    pool = example_pool(RECORDS, decisions(), frame(ALONE))
    annotator = ModelAnnotator(provider="openai", model="m", examples=shown, max_candidates=1)
    (stage,) = stages_of(annotator, tree, examples=pool)
    first = next(iter(stage.ask(RECORDS.collect(), pl.DataFrame(schema=VOTE_SCHEMA))))
    data = unfenced(first.request.prompt)
    told = [{"product": {"title": TITLES[i]}, "category_path": MUGS} for i in (1, 3)]
    assert sorted(data.get("examples", []), key=str) == (sorted(told, key=str) if shown else [])
    if shown:
        assert MUGS in data["options"]
