import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.text import words
from curation.splits.assign import assign_groups, count_groups
from curation.splits.certificate import find_leaks
from curation.splits.certify_settings import CertifySettings
from curation.splits.groups import GroupSettings, record_groups
from curation.splits.settings import SplitSettings
from curation.splits.split import split_records

TITLES = GroupSettings(text_columns=[["title"]])


def labels(rows, settings=TITLES):
    return record_groups(pl.LazyFrame(rows), settings).labels.tolist()


def test_brands_tie_whatever_their_spelling():
    assert labels({"title": ["a b", "c d", "e f"], "brand": ["Acme", "ACME Inc.", "Bolt"]}) == [
        0,
        0,
        1,
    ]


def test_generic_and_missing_brands_tie_nothing():
    assert labels({"title": ["a", "b", "c", "d"], "brand": ["Generic", "generic", None, ""]}) == [
        0,
        1,
        2,
        3,
    ]


def test_the_shops_own_brand_ties_nothing_where_it_is_named():
    rows = {"title": ["a", "b"], "brand": ["BB Home", "bb home"]}
    own = GroupSettings(text_columns=[["title"]], generic_brands=["BB Home"])
    assert labels(rows) == [0, 0]
    assert labels(rows, own) == [0, 1]


def test_identifiers_tie_by_kind_and_value():
    def ids(*pairs):
        return [{"kind": k, "value": v} for k, v in pairs]

    rows = {
        "title": ["a", "b", "c", "d", "e"],
        "identifiers": [
            ids(("gtin", "0012-3")), ids(("gtin", "00123")), ids(("sku", "00123")),
            ids(("mpn", "x1")), ids(("mpn", "x1")),
        ],
    }  # fmt: skip
    # the hyphen does not count, the kind does, and part numbers under four characters tie nothing
    assert labels(rows) == [0, 0, 1, 2, 3]


def test_ties_are_transitive_across_kinds():
    rows = {
        "title": ["red tea cup", "tea cup red", "blue mug", "green pot"],
        "brand": ["A", "B", "B", "C"],
    }
    assert labels(rows) == [0, 0, 0, 1]


catalogs = st.lists(
    st.tuples(
        st.sampled_from(["A", "a inc", "B", "C", "D", "Generic", None, ""]),
        st.lists(st.sampled_from(["tea", "cup", "Red", "blue", "XL", "é"]), max_size=5).map(
            " ".join
        ),
        st.sampled_from([["X", "1"], ["X", "2"], ["Y"], None]),
    ),
    min_size=3,
    max_size=40,
)


@given(catalogs, st.sampled_from(["assign", "drop"]), st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_nothing_ever_crosses(rows, overflow, seed):
    frame = pl.DataFrame(
        rows,
        schema={"brand": pl.String, "title": pl.String, "category_path": pl.List(pl.String)},
        orient="row",
    )
    tree = Taxonomy.from_paths([["X", "1"], ["X", "2"], ["Y"]])
    made = split_records(
        frame.lazy(),
        SplitSettings(seed=seed, overflow=overflow, text_columns=[["title"]]),
        taxonomy=tree,
    )
    assert made.assignments.height == frame.height
    held = frame.with_columns(made.assignments["split"], key=brand_keys(frame["brand"])).filter(
        pl.col("split") != "dropped"
    )
    assert (
        held.drop_nulls("key").group_by("key").agg(pl.col("split").n_unique())["split"] == 1
    ).all()
    sets = [frozenset(words(title)) for title in held["title"]]
    splits = held["split"].to_list()
    for i in range(len(sets)):
        for j in range(i):
            if sets[i] and sets[j] and len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= 0.8:
                assert splits[i] == splits[j]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=60),
    st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5), (0.6, 0.3, 0.1)]),
    st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_sizes_are_held_within_the_largest_group(sizes, fractions, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 5, len(groups))
    assigned = assign_groups(count_groups(groups, [codes]), fractions, slack=0.005, seed=seed)
    total = sum(sizes)
    for position, fraction in enumerate(fractions):
        rows = sum(size for size, split in zip(sizes, assigned, strict=True) if split == position)
        assert abs(rows - fraction * total) <= max(max(sizes), 0.005 * total, 1) + 1e-9


def test_categories_keep_their_proportion_better_than_by_size_alone():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 400, 8_000)
    favourite = rng.integers(0, 20, 400)
    codes = np.where(rng.random(8_000) < 0.8, favourite[groups], rng.integers(0, 20, 8_000))
    groups = np.unique(groups, return_inverse=True)[1]

    def variation(features):
        assigned = assign_groups(count_groups(groups, features), (0.8, 0.2), slack=0.005, seed=1)
        test = np.bincount(codes[assigned[groups] == 1], minlength=20)
        return 0.5 * np.abs(test / test.sum() - np.bincount(codes) / len(codes)).sum()

    assert variation([codes]) < 0.25 * variation([])


def test_every_category_with_enough_groups_is_in_every_split():
    rng = np.random.default_rng(4)
    groups = np.arange(600) // 2
    codes = np.repeat(rng.integers(0, 25, 300), 2)
    assigned = assign_groups(count_groups(groups, [codes]), (0.8, 0.1, 0.1), slack=0.01, seed=2)
    splits = assigned[groups]
    # 30 groups a small split, 25 categories of at least 5 groups: each can be everywhere
    assert np.bincount(codes[::2]).min() >= 3
    for code in range(25):
        assert set(splits[codes == code]) == {0, 1, 2}, code


def test_a_category_that_cannot_be_everywhere_is_listed_with_the_reason():
    frame = pl.DataFrame(
        {
            "title": [f"w{n} x{n}" for n in range(40)],
            "category_path": [["Rare"]] + [["Common"]] * 39,
        }
    )
    made = split_records(
        frame.lazy(), SplitSettings(), taxonomy=Taxonomy.from_paths([["Rare"], ["Common"]])
    )
    assert made.missing["path_text"].unique().to_list() == ["Rare"]
    assert made.missing["reason"].unique().to_list() == ["fewer groups than the 3 splits"]
    assert "1 category could not be in every split" in made.notes[0]


def test_a_category_whose_groups_are_too_large_for_a_split_is_told_apart():
    frame = pl.DataFrame(
        {
            "title": [f"w{n} x{n}" for n in range(200)],
            "brand": ["A"] * 60 + ["B"] * 50 + [f"own {n}" for n in range(90)],
            "category_path": [["Wide" if n % 10 == 0 else "Common"] for n in range(111)]
            + [["Common"]] * 89,
        }
    )
    taxonomy = Taxonomy.from_paths([["Wide"], ["Common"]])
    made = split_records(frame.lazy(), SplitSettings(), taxonomy=taxonomy)
    # Wide is in A (60 rows), in B (50) and in one row of its own (110): (.1 + .005) * 200 = 21
    assert made.missing["path_text"].to_list() == ["Wide"]
    assert made.missing["reason"].to_list() == [
        "too large: 1 of its 3 groups fit a split of 21 rows"
    ]


def test_the_same_seed_gives_the_same_split_and_another_another():
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "title": [f"w{n} x{n}" for n in range(500)],
            "brand": [f"b{k}" for k in rng.integers(0, 90, 500)],
        }
    )
    runs = [
        split_records(frame.lazy(), SplitSettings(seed=seed)).assignments["split"].to_list()
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_group_larger_than_its_split_is_assigned_broken_or_dropped_as_asked():
    # ten near-duplicate titles in a chain of overlapping words, no brand: one group of ten of twelve
    words_of = [[f"w{n}" for n in range(start, start + 9)] for start in range(10)]
    titles = [" ".join(w) for w in words_of] + ["alone one", "alone two"]
    frame = pl.DataFrame({"title": titles}).lazy()
    common = {"fractions": (0.5, 0.5), "text_columns": [["title"]], "near_duplicates": 0.8}
    whole = split_records(frame, SplitSettings(**common))
    assert whole.figures["largest_group"] == 10
    assert "assigned whole" in whole.notes[0]
    broken = split_records(frame, SplitSettings(**common, overflow="break"))
    assert broken.figures["n_broken_edges"] > 0
    assert broken.figures["splits"]["train"]["n_rows"] == 6
    assert "broken into" in broken.notes[0]
    dropped = split_records(frame, SplitSettings(**common, overflow="drop"))
    assert dropped.figures["n_dropped"] == 10
    assert "dropped, as asked" in dropped.notes[0]


def test_fewer_rows_than_splits_are_refused():
    with pytest.raises(InputError, match="2 rows cannot be split 3 ways"):
        split_records(pl.LazyFrame({"title": ["a", "b"]}), SplitSettings())


@pytest.mark.parametrize("fractions", [(0.8, 0.3), (1.0,), (0.5, 0.5, 0.0), (0.4, 0.3, 0.2, 0.1)])
def test_fractions_that_are_no_shares_are_refused(fractions):
    with pytest.raises(ValidationError):
        SplitSettings(fractions=fractions)


def leaks(left, right, **settings):
    a, b = pl.DataFrame(left), pl.DataFrame(right)
    return find_leaks(
        a, b, CertifySettings(text_columns=[["title"]], **settings),
        left_ids=a["id"], right_ids=b["id"],
    )  # fmt: skip


def test_each_kind_of_leak_is_counted_and_its_rows_named():
    found = leaks(
        {
            "id": ["t1", "t2", "t3"],
            "title": ["red tea cup", "a b c d e", "zzz"],
            "brand": ["Acme", "X", "Y"],
        },
        {
            "id": ["e1", "e2", "e3", "e4"],
            "title": ["new thing", "RED tea-cup", "a b c d f e", "fine"],
            "brand": ["acme inc", "P", "Q", "R"],
        },
    )
    # e1 shares the brand; e2 has the same words; e3 shares 5 of 6 words (.83)
    assert (found.shared_groups, found.exact_pairs, found.near_pairs) == (1, 1, 2)
    assert found.leaking_rows == ["e1", "e2", "e3"]
    assert found.leaks
    assert found.largest_similarity == 1.0
    assert found.sample["n_over_threshold"] == 2


def test_a_clean_pair_of_files_leaks_nothing():
    found = leaks(
        {"id": ["t1"], "title": ["red tea"], "brand": ["Generic"]},
        {"id": ["e1"], "title": ["blue mug"], "brand": ["generic"]},
    )
    assert not found.leaks
    assert found.leaking_rows == []


def test_what_nearly_leaks_is_told_and_is_no_leak():
    found = leaks(
        {"id": ["t"], "title": ["a b c d"], "brand": ["X"]},
        {"id": ["e"], "title": ["a b c e"], "brand": ["Y"]},
        near_duplicates=0.65,
    )
    # 3 of 5 words: .6 is under .65 and over .55
    assert (found.near_pairs, found.near_pairs_lower) == (0, 1)
    assert not found.leaks


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="has no column 'brand'"):
        leaks({"id": ["t"], "title": ["a"]}, {"id": ["e"], "title": ["b"]})


def test_queries_tie_as_groups_do():
    rows = {"title": ["a", "b", "c"], "query": ["Red shoes", "red  shoes!", None]}
    assert labels(rows) == [0, 0, 1]


def test_the_publishers_split_is_honoured_on_request_alone():
    frame = pl.DataFrame(
        {
            "title": [f"w{n} x{n}" for n in range(40)],
            "split_hint": ["test"] * 10 + ["dev"] * 10 + ["train"] * 10 + [None] * 10,
        }
    ).lazy()
    made = split_records(frame, SplitSettings(keep_publisher=True))
    assert made.assignments["split"].to_list()[:30] == (
        ["test"] * 10 + ["validation"] * 10 + ["train"] * 10
    )
    assert made.figures["n_by_publisher"] == 30
    assert "30 rows put where their publisher put them" in made.notes[0]
    assert split_records(frame, SplitSettings()).figures["n_by_publisher"] == 0


def test_a_query_on_both_sides_leaks_by_its_words_in_order():
    left = {"id": ["a", "b", "c"], "title": ["x", "y", "z"], "query": ["Big mug!", "tea", None]}
    right = {"id": ["d", "e", "f"], "title": ["u", "v", "w"], "query": ["big  MUG", "mug big", ""]}
    found = leaks(left, right, group_columns=[])
    assert (found.shared_queries, found.leaking_rows, found.leaks) == (1, ["d"], True)
    assert found.listed.row(0, named=True) == {
        "kind": "shared query",
        "left_id": "a",
        "right_id": "d",
        "key": "big mug",
        "similarity": None,
    }
    unasked = leaks(left, right, group_columns=[], queries=False)
    assert (unasked.shared_queries, unasked.leaks) == (0, False)


def test_rows_that_are_split_by_query_share_none():
    rows = pl.DataFrame(
        {
            "id": [f"r{n}" for n in range(60)],
            "title": [f"word{n} other{n} third{n}" for n in range(60)],
            "query": [["Red mug", "red MUG"][n % 2] if n < 4 else f"q {n // 2}" for n in range(60)],
        }
    )
    made = split_records(rows.lazy(), SplitSettings(by="none", seed=3))
    parts = rows.with_columns(made.assignments["split"]).partition_by("split", as_dict=True)
    frames = {name: part for (name,), part in parts.items()}
    found = leaks(frames["train"], frames["test"], group_columns=[])
    assert found.shared_queries == 0
