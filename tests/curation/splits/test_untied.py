"""What a split cannot go by is said, and so is what it does not tie."""

import polars as pl

from curation.splits.settings import SplitSettings
from curation.splits.split import split_records


def pairs(n):
    """Pairs of a first product of their own and one of four second products."""
    return pl.DataFrame(
        {
            "task": ["product_pair"] * n,
            "title": [f"w{k} x{k} y{k}" for k in range(n)],
            "brand": pl.Series([None] * n, dtype=pl.String),
            "category_path": pl.Series([None] * n, dtype=pl.List(pl.String)),
            "context": [[f"Second {k % 4}"] for k in range(n)],
            "target": [str(k % 2) for k in range(n)],
        }
    )


def test_without_brand_or_category_it_is_said_and_so_are_second_products_that_cross():
    made = split_records(pairs(40).lazy(), SplitSettings())
    # 32 rows of train have all four second products, so that those of the other 8 are all known.
    assert made.notes == [
        "no record has a brand, so brands tie nothing",
        "no record has a category, so none keeps its proportion; targets do with --keep label",
        "the second product of 4 rows of validation and of 4 rows of test is in train too: of a "
        "pair of products only the first ties",
    ]


def test_second_products_that_do_not_cross_and_other_tasks_are_no_news():
    own = pairs(40).with_columns(context=pl.concat_list("title"), brand=pl.lit("Generic"))
    asked = SplitSettings(keep=["label"])
    assert split_records(own.lazy(), asked).notes == []
    questions = pairs(40).with_columns(task=pl.lit("question_answering"), brand=pl.lit("Generic"))
    assert split_records(questions.lazy(), asked).notes == []
