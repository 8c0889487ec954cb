import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.answers.contract import conform_predictions
from evaluation.answers.joining import join_predictions


def gold(*ids, **more):
    return pl.DataFrame({"example_id": list(ids), **more})


def predicted(*ids, **more):
    rows = pl.DataFrame({"example_id": list(ids), "raw_output": ["x"] * len(ids), **more})
    return conform_predictions(rows, "p")


def test_rows_are_joined_by_key_not_by_place_and_stay_in_the_order_of_the_gold():
    rows = predicted("c", "a", raw_output=["of c", "of a"])
    joined = join_predictions(gold("a", "b", "c"), rows)
    assert joined.rows["example_id"].to_list() == ["a", "b", "c"]
    assert joined.rows["raw_output"].to_list() == ["of a", None, "of c"]
    assert joined.rows["is_there"].to_list() == [True, False, True]
    assert joined.notes == [
        "predictions: 1 gold row of 3 without a prediction; they count as wrong."
    ]


def test_predictions_for_no_gold_row_are_counted_and_named():
    joined = join_predictions(gold("a"), predicted("x", "a", "y"))
    assert joined.n_unknown == 2
    assert "2 rows left out" in joined.notes[0]
    assert "x, y" in joined.notes[0]


def test_predictions_of_which_none_fits_are_refused():
    with pytest.raises(InputError, match=r"none of 2 rows .*\(found 'x', expected such as 'a'\)"):
        join_predictions(gold("a"), predicted("x", "y"))


def test_a_key_twice_is_refused_and_the_first_is_named():
    with pytest.raises(InputError, match=r"p: example_id 'b' stands in 2 rows"):
        join_predictions(gold("a", "b"), predicted("a", "b", "b"), name="p")
    with pytest.raises(InputError, match=r"g: example_id 'a' stands in 3 rows"):
        join_predictions(gold("a", "a", "a"), predicted("a"), gold_name="g")


def test_repeats_are_no_duplicates_and_the_first_is_scored():
    rows = predicted("a", "a", "b", repeat=[1, 0, 0], raw_output=["second", "first", "b"])
    joined = join_predictions(gold("a", "b"), rows)
    assert joined.rows["raw_output"].to_list() == ["first", "b"]
    assert joined.n_repeats == 1
    assert "1 repeat left out" in joined.notes[0]
    with pytest.raises(InputError, match="once for each repeat"):
        join_predictions(gold("a"), predicted("a", "a", repeat=[1, 1]))


def test_a_row_of_the_train_split_is_refused():
    with pytest.raises(InputError, match=r"1 row of the train split \(first: 'c'\)"):
        join_predictions(gold("a"), predicted("a", "c"), train_ids=pl.Series(["c", "d"]))


def test_an_example_that_has_changed_is_refused():
    rows = predicted("a", "b", example_hash=["1", "2"])
    assert join_predictions(gold("a", "b", example_hash=["1", "2"]), rows).rows.height == 2
    with pytest.raises(InputError, match="example_hash of 'b' differs"):
        join_predictions(gold("a", "b", example_hash=["1", "3"]), rows)


def test_a_hash_that_one_side_does_not_tell_is_not_held_against_it():
    rows = predicted("a", "b", example_hash=["1", None])
    joined = join_predictions(gold("a", "b", example_hash=["1", "3"]), rows)
    assert joined.rows["is_there"].all()
