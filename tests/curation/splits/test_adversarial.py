"""Catalogs that break splits: the result is right, or there is one clear line."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.text import words
from curation.splits.certificate import find_leaks
from curation.splits.certify_settings import CertifySettings
from curation.splits.settings import SplitSettings
from curation.splits.split import split_records

LOOK_ALIKES = ["Café", "Cafe\u0301", "ＣＡＦÉ", "cafe\u00adbar", "КАФЕ", "Kafe", "№ 5", "no 5", "\u200b", "İstanbul", "ß"]  # fmt: skip
titles = st.one_of(
    st.none(),
    st.just(""),
    st.lists(st.sampled_from([*LOOK_ALIKES, "tea", "red", "128GB"]), max_size=6).map(" ".join),
    st.text(max_size=12),
)
brands = st.sampled_from(
    [None, "", "Generic", "Acme", "ACME GmbH", "Ａｃｍｅ", "Açmé", "Bolt", "\x00"]
)
paths = st.sampled_from([None, ["X"], ["X", "1"], ["Y"], ["nowhere"]])
rows = st.lists(st.tuples(titles, brands, paths), min_size=1, max_size=30)
ways = st.fixed_dictionaries(
    {
        "fractions": st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5), (0.98, 0.01, 0.01)]),
        "overflow": st.sampled_from(["assign", "break", "drop"]),
        "by": st.sampled_from(["brand", "none"]),
        "near_duplicates": st.sampled_from([0.0, 0.5, 0.8, 1.0]),
        "slack": st.sampled_from([0.0, 0.2]),
        "proportion_slack": st.sampled_from([0.0, 0.5]),
        "keep": st.sampled_from([[], ["category"], ["category", "price", "language", "label"]]),
        "folds": st.sampled_from([0, 2, 5]),
        "text_columns": st.just([["title"]]),
    }
)


def frame_of(held):
    schema = {"title": pl.String, "brand": pl.String, "category_path": pl.List(pl.String)}
    return pl.DataFrame(held, schema=schema, orient="row").with_row_index("id")


@given(rows, ways)
@settings(max_examples=50, deadline=None)
def test_whatever_the_catalog_is_nothing_crosses_or_one_line_says_why(held, way):
    frame = frame_of(held)
    chosen = SplitSettings(**way)
    tree = Taxonomy.from_paths([["X", "1"], ["Y"]])
    try:
        made = split_records(frame.lazy(), chosen, taxonomy=tree)
    except InputError as error:
        assert "\n" not in str(error)
        assert frame.height < len(chosen.fractions) or "--folds" in str(error)
        return
    assert made.assignments["row"].to_list() == list(range(frame.height))
    splits = frame.with_columns(made.assignments["split"], made.assignments["fold"])
    broken = made.figures["n_broken_edges"] > 0
    parts = {n: p for (n,), p in splits.partition_by("split", as_dict=True).items()}
    names = [name for name in chosen.names if name in parts]
    certified = CertifySettings(
        group_columns=["brand"] if chosen.by == "brand" else [],
        text_columns=[["title"]] if chosen.near_duplicates else [],
        near_duplicates=chosen.near_duplicates or 1.0,
    )
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            a, b = parts[first], parts[second]
            found = find_leaks(a, b, certified, left_ids=a["id"], right_ids=b["id"])
            assert found.shared_groups == 0
            assert broken or (found.near_pairs, found.exact_pairs) == (0, 0)
            assert broken or found.sample.get("n_over_threshold", 0) == 0
    if chosen.folds:
        keyed = splits.with_columns(made.assignments["group_id"]).drop_nulls("fold")
        assert (keyed.group_by("group_id").agg(pl.col("fold").n_unique())["fold"] == 1).all()


@given(rows, rows, st.sampled_from([0.5, 0.8, 1.0]))
@settings(max_examples=50, deadline=None)
def test_a_certificate_counts_every_pair_also_of_equal_texts(left, right, threshold):
    a, b = frame_of(left), frame_of(right)
    asked = CertifySettings(
        group_columns=["brand"], text_columns=[["title"]], near_duplicates=threshold, lower_by=0.1
    )
    found = find_leaks(a, b, asked, left_ids=a["id"], right_ids=b["id"])
    first, second = ([words(t or "") for t in f["title"]] for f in (a, b))
    similarity = {
        (i, j): len(set(x) & set(y)) / len(set(x) | set(y))
        for i, x in enumerate(first)
        for j, y in enumerate(second)
        if x and y
    }
    near = [pair for pair, s in similarity.items() if s >= threshold]
    assert found.near_pairs == len(near)
    assert found.near_pairs_lower == sum(s >= threshold - 0.1 for s in similarity.values())
    assert found.exact_pairs == sum(first[i] == second[j] for i, j in similarity)
    keys = [set(brand_keys(f["brand"]).drop_nulls()) for f in (a, b)]
    assert found.shared_groups == len(keys[0] & keys[1])
    by_brand = {
        j for j, key in enumerate(brand_keys(b["brand"])) if key is not None and key in keys[0]
    }
    assert set(found.leaking_rows) == {j for _, j in near} | by_brand


def test_a_thousand_copies_against_a_thousand_are_a_million_pairs():
    a = pl.DataFrame({"id": range(3000), "title": ["red tea cup"] * 3000})
    b = pl.DataFrame({"id": range(2500), "title": ["Tea cup RED", "red, tea, cup"] * 1250})
    found = find_leaks(
        a, b, CertifySettings(group_columns=[], text_columns=[["title"]]),
        left_ids=a["id"], right_ids=b["id"],
    )  # fmt: skip
    # more than five million, so each text is counted alone: 3,000 x 2,500 and 3,000 x 1,250
    assert (found.near_pairs, found.exact_pairs) == (7_500_000, 3_750_000)
    assert len(found.leaking_rows) == 2500


def test_a_chain_of_ties_of_every_kind_stays_whole():
    n = 200
    frame = pl.DataFrame(
        {
            "title": [f"a{k // 2} b{k // 2} c{k // 2}" for k in range(n)],
            "brand": [f"brand {(k + 1) // 2}" for k in range(n)],
        }
    )
    made = split_records(frame.lazy(), SplitSettings())
    assert made.figures["n_groups"] == 1
    assert set(made.assignments["split"]) == {"train"}
    assert "got no row: the rows make only 1 group" in " ".join(made.notes)


@pytest.mark.parametrize("brand", ["Acme", None])
@pytest.mark.parametrize("title", ["", None, "one title"])
def test_all_equal_and_all_missing(brand, title):
    frame = pl.DataFrame(
        {"title": [title] * 30, "brand": [brand] * 30},
        schema={"title": pl.String, "brand": pl.String},
    )
    made = split_records(frame.lazy(), SplitSettings(text_columns=[["title"]]))
    is_tied = brand is not None or title == "one title"
    assert made.figures["n_groups"] == (1 if is_tied else 30)
    sizes = made.assignments["split"].value_counts(sort=True)["count"].to_list()
    assert sizes == ([30] if is_tied else [24, 3, 3])


def test_a_single_category_leaves_only_sizes_to_keep():
    frame = pl.DataFrame(
        {"title": [f"w{k} x{k}" for k in range(100)], "category_path": [["X"]] * 100}
    )
    made = split_records(frame.lazy(), SplitSettings(), taxonomy=Taxonomy.from_paths([["X"]]))
    assert made.balance["total_variation"].to_list() == [0.0, 0.0, 0.0]
    assert [facts["n_rows"] for facts in made.figures["splits"].values()] == [80, 10, 10]


def test_more_splits_than_groups_is_said():
    frame = pl.DataFrame({"title": list("abcdef"), "brand": ["A", "A", "A", "B", "B", "B"]})
    made = split_records(frame.lazy(), SplitSettings())
    assert "got no row: the rows make only 2 groups, the largest of 3 rows" in " ".join(made.notes)
