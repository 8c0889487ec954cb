"""What leaks cost, and answers that stand in the input."""

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from curation.annotators.classifiers import KnnClassifier
from curation.exports.answers import HIDDEN, without_answers
from curation.exports.settings import ExportSettings
from curation.splits.inflation import inflation
from curation.splits.prompt_leaks import prompt_leaks


def test_a_random_split_flatters_where_copies_cross():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(150), 6)
    label = rng.integers(0, 5, 150)[groups]
    # the words tell the group and nothing of the label: only a copy can be known
    texts = pl.Series([f"g{g} h{g} i{g} v{rng.integers(9)}" for g in groups])
    is_test = groups >= 120
    found = inflation(
        texts, pl.Series([f"L{k}" for k in label]), groups, is_test, KnnClassifier, seed=1
    )
    assert found.random.value > 0.95
    assert found.safe.value < 0.5
    assert found.difference.value == pytest.approx(found.random.value - found.safe.value)
    assert found.difference.low < found.difference.value < found.difference.high
    assert found.difference.low > 0.2
    assert (found.n_train, found.n_test) == (720, 180)


def test_without_groups_that_matter_there_is_no_inflation_to_be_sure_of():
    rng = np.random.default_rng(1)
    label = rng.integers(0, 4, 800)
    texts = pl.Series([f"word{k} other{rng.integers(500)}" for k in label])
    groups = rng.integers(0, 200, 800)
    groups = np.unique(groups, return_inverse=True)[1]
    found = inflation(
        texts, pl.Series([f"L{k}" for k in label]), groups, groups < 40, KnnClassifier, seed=1
    )
    assert found.difference.low <= 0 <= found.difference.high


def test_one_side_without_rows_is_one_line():
    with pytest.raises(InputError, match="0 of 2 rows are in test"):
        inflation(
            pl.Series(["a", "b"]), pl.Series(["x", "y"]), np.array([0, 1]), np.zeros(2, bool),
            KnnClassifier, seed=1,
        )  # fmt: skip


def shares(frame):
    found = prompt_leaks(frame.lazy())
    return {(q, f): (n, k) for q, f, n, k, _ in found.rows()}


def test_answers_in_the_input_are_counted_by_question_and_whole_words():
    frame = pl.DataFrame(
        {
            "title": ["ACME steel mug", "Boltless pot", "Kettle", None],
            "description": ["In Home > Mugs", "", "a kettle of home kettles", "x"],
            "brand": ["Acme", "Bolt", None, "Nord"],
            "category_path": [["Home", "Mugs"], ["Home", "Pots"], ["Home", "Kettles"], None],
            "attributes": [
                [{"key": "Material", "evidences": [{"value": "steel"}]}], [], None,
                [{"key": "Material", "evidences": []}],
            ],
        }
    )  # fmt: skip
    found = shares(frame)
    # rows with a brand and a title are two; "Bolt" is not a word of "Boltless"
    assert found["brand", "title"] == (2, 1)
    assert found["category", "description"] == (2, 2)
    assert found["category path", "description"] == (2, 2)
    assert found["attribute Material", "title"] == (1, 1)
    assert ("brand", "brand") not in found


def test_marks_of_patterns_in_answers_are_only_letters():
    frame = pl.DataFrame({"title": ["a (b+ c", "x"], "brand": ["(b+", ".*"]})
    assert prompt_leaks(frame.lazy()).height == 0


def test_nothing_to_measure_is_an_empty_table():
    assert prompt_leaks(pl.LazyFrame({"price": [1.0]})).is_empty()


def test_the_category_is_masked_where_it_is_asked_and_only_there():
    rows = pl.DataFrame(
        {
            "title": ["TEA POTS of steel", None, "a+b"],
            "description": ["See Home > Tea Pots. tea pots!", "Home/Tea Pots", "plain"],
            "category_path": [["Home", "Tea Pots"], ["Home", "Tea Pots"], None],
        }
    )
    asked = ExportSettings(mask_answers=True)
    hidden = without_answers(rows, asked, "classification")
    assert hidden["title"].to_list() == [f"{HIDDEN} of steel", None, "a+b"]
    assert hidden["description"].to_list() == [f"See {HIDDEN}. {HIDDEN}!", HIDDEN, "plain"]
    assert without_answers(rows, asked, "attribute_extraction").equals(rows)
    assert without_answers(rows, ExportSettings(), "classification").equals(rows)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (["Food", "Basmati Rice"], "Basmati rice, BASMATI-RICE", "[...], [...]"),
        (["Food", "Sugar & Jaggery"], "Sugar + jaggery", "[...]"),
        (["Care", "Toothbrush"], "A ToothBrush; two toothbrushes", "A [...]; two [...]"),
        (["Food", "Ham"], "Shampoo of Graham, ham", "Shampoo of Graham, [...]"),
        (["Food", "Crème"], "CRÈME", "[...]"),
        (["茶", "乌龙茶"], "好乌龙茶包", "好[...]包"),
        (["A", "(+)"], "a (+)", "a (+)"),
        (["Food", "TV"], "TV of Food TV", "TV of [...]"),
    ],
)
def test_an_answer_is_taken_out_however_it_is_written_and_not_within_a_word(path, text, said):
    rows = pl.DataFrame({"title": [text, "other"], "category_path": [path, path]})
    hidden = without_answers(rows, ExportSettings(mask_answers=True), "classification")
    assert hidden["title"].to_list() == [said, "other"]
