"""The few categories that a product may have."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from curation.llm.candidates import CandidateIndex, candidate_recall, inner_labels

PATHS = [["Garden", "Pots"], ["Garden", "Spades"], ["Kitchen", "Pots"], ["Office", "Pens"]]
TREE = Taxonomy.from_paths(PATHS)
RECORDS = conform(
    pl.LazyFrame(
        {
            "title": ["Spade for the garden", "Kitchen pot", "Biro", "Garden"],
            "category_path": [PATHS[1], PATHS[2], PATHS[3], ["Garden"]],
        }
    )
)


def names(row: np.ndarray) -> list[str | None]:
    return [TREE.path_text(int(code)) for code in row]


def test_the_path_with_the_telling_words_comes_first():
    top = CandidateIndex.of(TREE).top(pl.Series(["garden spades", "a pot for a kitchen"]), 2)
    assert [names(row)[0] for row in top] == ["Garden > Spades", "Kitchen > Pots"]


def test_places_left_over_are_filled_with_the_kin_of_the_best():
    top = CandidateIndex.of(TREE).top(pl.Series(["spade"]), 6)
    assert names(top[0]) == [
        "Garden > Spades", "Garden > Pots", "Kitchen > Pots", "Office > Pens", None, None,
    ]  # fmt: skip


def test_a_text_without_any_word_of_a_path_is_offered_the_roots():
    top = CandidateIndex.of(TREE).top(pl.Series(["xyz", ""]), 4)
    assert names(top[0]) == names(top[1]) == ["Garden", "Kitchen", "Office", None]


def test_inner_nodes_are_offered_where_products_sit():
    inner = inner_labels(RECORDS, TREE)
    assert inner == ["Garden"]
    assert names(CandidateIndex.of(TREE, inner).top(pl.Series(["garden"]), 1)[0]) == ["Garden"]
    assert "Garden" not in names(CandidateIndex.of(TREE).top(pl.Series(["garden"]), 9)[0])


def test_candidates_do_not_depend_on_what_else_is_asked():
    index = CandidateIndex.of(TREE)
    alone = index.top(pl.Series(["garden pot"]), 3)
    among = index.top(pl.Series(["spade", "garden pot", "pens and garden spades"]), 3)
    assert alone[0].tolist() == among[1].tolist()


def test_recall_counts_what_is_not_offered_as_missed():
    # "Garden" is an inner node and not offered, "Biro" finds only roots: two of four at any k.
    found = candidate_recall(RECORDS.collect(), TREE, ks=(1, 4))
    assert [found[k].value for k in (1, 4)] == [2 / 4, 2 / 4]
    offered = candidate_recall(RECORDS.collect(), TREE, ks=(1, 4), inner=["Garden"])
    assert [offered[k].value for k in (1, 4)] == [3 / 4, 3 / 4]
    assert found[1].n == 4


def test_recall_on_gold_leaves_out_what_the_taxonomy_does_not_have():
    gold = pl.Series(["Garden > Spades", "Nowhere", None, None])
    found = candidate_recall(RECORDS.collect(), TREE, gold=gold, ks=(1,))
    assert (found[1].value, found[1].n) == (1.0, 1)
    nothing = candidate_recall(RECORDS.collect(), TREE, gold=gold[1:3].append(gold[1:3]), ks=(1,))
    assert math.isnan(nothing[1].value)


def test_recall_on_a_real_catalog(shared_data, tmp_path):
    from curation.sources.products import load_products
    from curation.sources.settings import SourceSettings

    path = shared_data / "catalogs" / "bigbasket" / "BigBasket_Products.csv"
    columns = {
        "title": "product", "description": "description",
        "category": ["category", "sub_category", "type"],
    }  # fmt: skip
    loaded = load_products(SourceSettings(paths=[str(path)], columns=columns), tmp_path)
    records = loaded.records.collect()
    found = candidate_recall(records, Taxonomy.from_paths(records["category_path"].to_list()))
    values = [found[k].value for k in (5, 10, 20, 40, 80)]
    assert values == sorted(values)
    assert values[3] > 0.8
