"""A product in few words, and its paragraphs as they stand."""

from __future__ import annotations

import polars as pl

from catalog.records import conform
from curation.llm import descriptions
from curation.llm.descriptions import bounded_paragraphs, products, short_descriptions


def told(**columns: object) -> tuple:
    return short_descriptions(conform(pl.LazyFrame(columns)).collect()).row(0)


def test_talk_of_the_sale_is_left_out_and_the_product_stays():
    text = (
        "<p>Oak shelf, 2.5 m long.</p> Free UK delivery on all orders! 30-day returns. "
        "Two-year warranty included. Add to basket now! Carries 12 kg."
    )
    assert told(title=["Shelf"], description=[text])[2] == "Oak shelf, 2.5 m long. Carries 12 kg."


def test_words_that_only_look_like_talk_stay():
    text = "Model ship with a return spring. A delivery van for the nursery."
    assert told(description=[text])[2] == text


def test_a_long_paragraph_is_not_lost_for_one_word_in_it():
    text = "oak and pine " * 40 + "with free shipping"
    assert told(description=[text])[2].startswith("oak and pine")


def test_texts_are_bounded_behind_a_word():
    title, _, description = told(title=["tea " * 200], description=["mug " * 1000])
    assert len(title) <= descriptions.TITLE_CHARACTERS
    assert len(description) <= descriptions.DESCRIPTION_CHARACTERS
    assert description.endswith("mug…")


def test_a_text_without_blanks_is_cut_too():
    assert len(told(description=["x" * 5000])[2]) <= descriptions.DESCRIPTION_CHARACTERS


def test_paragraphs_tell_a_record_without_a_description():
    paragraphs = [[{"text": "Mug", "source": "title"}, {"text": "Red", "source": "feature"}]]
    assert told(title=["Mug"], paragraphs=paragraphs) == ("Mug", None, "Red")


def test_nothing_is_null_and_does_not_stand_in_a_product():
    rows = conform(pl.LazyFrame({"title": ["Mug", None], "description": [" ", "Ships today."]}))
    assert products(rows.collect()) == [{"title": "Mug"}, {}]


def test_paragraphs_are_cut_at_their_end_so_that_places_hold():
    texts = ["a" * 10, "b" * 10_000, "c"]
    paragraphs = [[{"text": text, "source": "x"} for text in texts]]
    rows = conform(pl.LazyFrame({"paragraphs": paragraphs})).collect()
    (found,) = bounded_paragraphs(rows)
    assert found == ["a" * 10, "b" * (descriptions.PARAGRAPH_CHARACTERS - 10)]
