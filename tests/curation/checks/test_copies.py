import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from catalog.text import folded
from curation.checks.settings import CheckSettings
from curation.checks.shelf import Shelf

MUG = {"title": "Red mug", "description": "Holds tea.", "category": "A > B"}


def test_same_words_and_category_are_an_exact_duplicate_of_the_first(look):
    rows = [MUG, {"title": "Blue mug"}, {**MUG, "title": "RED  mug!"}, {**MUG, "price": 9.0}]
    found = look(rows)
    assert found.rows("exact_duplicate", "record_id", "fix_field", "fix_value") == [
        ("3", "drop", "1"),
        ("4", "drop", "1"),
    ]


def test_copy_under_another_brand_is_told(look):
    rows = [{**MUG, "brand": "Acme"}, {**MUG, "brand": "Bolt"}, {**MUG, "brand": "ACME Inc."}]
    assert look(rows).rows("exact_duplicate", "message") == [
        ("says the same as 1, under another brand",),
        ("says the same as 1",),
    ]


def test_other_values_queries_and_descriptions_are_no_exact_duplicates(look):
    rows = [
        {**MUG, "attributes": {"Size": "S"}},
        {**MUG, "attributes": {"Size": "L"}},
        {**MUG, "query": "cup"},
        {**MUG, "description": "Holds coffee."},
    ]
    assert look(rows).rows("exact_duplicate") == []


def test_places_of_values_do_not_part_duplicates(look):
    rows = [
        {**MUG, "attributes": {"Colour": [("Red", 0, 0, 3)]}},
        {**MUG, "title": "RED MUG", "attributes": {"Colour": "Red"}},
    ]
    assert look(rows).rows("exact_duplicate") == ["2"]


def test_records_without_words_repeat_nothing(look):
    rows = [{"title": None}, {"title": None}, {"title": "!!"}, {"title": "--"}]
    assert look(rows).rows("exact_duplicate") == []
    assert look(rows).rows("near_duplicate") == []


def test_same_text_under_two_categories_is_found_on_both_sides(look):
    rows = [MUG, {**MUG, "category": "A > C"}, {"title": "Red mug", "category": "A > C"}]
    found = look(rows)
    assert found.rows("same_text_different_category", "record_id", "message", "fix_value") == [
        ("1", "is in 'A > B', while the same text is in 'A > C'", None),
        ("2", "is in 'A > C', while the same text is in 'A > B'", None),
    ]
    assert found.rows("exact_duplicate") == []


def test_category_of_most_is_proposed_to_the_others(look):
    rows = [MUG, MUG, {**MUG, "category": "A > C"}]
    found = look([dict(row) for row in rows])
    assert found.rows("same_text_different_category", "record_id", "fix_value") == [
        ("1", None),
        ("2", None),
        ("3", "A > B"),
    ]


def test_same_text_without_a_category_is_no_contradiction(look):
    assert look([MUG, {**MUG, "category": None}]).rows("same_text_different_category") == []


TEN = "one two three four five six seven eight nine ten"


def test_near_duplicate_names_the_words_that_differ(look):
    # 9 of 11 words shared: 9/11 = 0.82 >= 0.8.
    rows = [{"title": f"{TEN}"}, {"title": TEN.replace("ten", "zehn")}, {"title": "quite other"}]
    found = look(rows)
    assert found.rows("near_duplicate", "record_id", "message", "fix_value") == [
        ("2", "like 1 by title and description (0.82): 'zehn' instead of 'ten'", "1")
    ]
    assert found.rows("near_duplicate", "score") == [(1 - 9 / 11,)]


def test_pair_just_under_the_threshold_is_not_found(look):
    # 8 of 12 words shared: 2/3 < 0.8; found at 0.6.
    rows = [{"title": TEN}, {"title": TEN.replace("nine ten", "neun zehn")}]
    assert look(rows).rows("near_duplicate") == []
    assert look(rows, near_duplicate_threshold=0.6).rows("near_duplicate") == ["2"]


def test_variant_by_a_number_is_found_and_not_to_be_dropped(look):
    rows = [{"title": f"{TEN} 128gb"}, {"title": f"{TEN} 256gb"}]
    [(message, fix)] = look(rows).rows("near_duplicate", "message", "fix_value")
    assert "'256gb' instead of '128gb'" in message
    assert fix is None


def test_titles_alone_are_compared_too_and_propose_no_dropping(look):
    rows = [
        {"title": "hair oil", "description": "warm cedar and clove for evenings"},
        {"title": "Hair Oil", "description": "fresh lemon that wakes you up"},
    ]
    assert look(rows).rows("near_duplicate", "record_id", "message", "fix_value") == [
        ("2", "like 1 by title (1.0): the same words", None)
    ]


def test_kept_record_of_a_cluster_is_never_dropped_itself(look):
    # 1 ~ 2 ~ 3 by one word each: both copies are dropped for the first.
    rows = [{"title": f"{TEN} a"}, {"title": f"{TEN} b"}, {"title": f"{TEN} b c"}]
    found = look(rows).rows("near_duplicate", "record_id", "fix_value")
    assert found == [("2", "1"), ("3", "1")]


def test_equal_texts_are_not_near_duplicates_as_well(look):
    assert look([MUG, MUG]).rows("near_duplicate") == []


WORDS = st.one_of(
    st.none(), st.lists(st.sampled_from(["Tea", "tea", "mug!", "", "Ä"]), max_size=3).map(" ".join)
)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=12))
def test_same_text_is_equality_of_words(texts):
    frame = pl.DataFrame(texts, schema={"title": pl.String, "description": pl.String}, orient="row")
    shelf = Shelf(conform(frame.lazy()), Taxonomy.from_paths([]), CheckSettings())
    keys = list(
        zip(*(folded(frame[c]).fill_null("").to_list() for c in frame.columns), strict=True)
    )
    expected = [-1 if key == ("", "") else keys.index(key) for key in keys]
    assert np.array_equal(shelf.same_text, np.array(expected, dtype=np.int64))
