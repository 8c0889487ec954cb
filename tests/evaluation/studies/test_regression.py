import numpy as np
import polars as pl
import pytest

from evaluation.loading import load_answers
from evaluation.studies.regression import Case, regression, regression_sentence


def answers(*shares, n=600):
    """Runs that have these shares of the same rows right, the first rows first."""
    gold = pl.DataFrame({"example_id": [str(i) for i in range(n)], "category_path": ["A > b"] * n})
    runs = {
        f"run {at}": gold.select(
            "example_id",
            category_path=pl.Series(["A > b" if i < share * n else "A > c" for i in range(n)]),
        )
        for at, share in enumerate(shares)
    }
    return list(load_answers("classification", gold, runs).answers.values())


def case(name, before, after, **more):
    return Case(name, "classification", "baseline", [before], [after], **more)


def test_each_case_is_forgotten_held_better_or_not_known():
    low, middle, high = answers(0.6, 0.8, 0.9)
    small_low, small_high = answers(0.5, 0.7, n=10)
    almost = answers(0.8, 0.802, n=6000)
    found = regression(
        [
            case("lost", high, low),
            case("gained", middle, high),
            case("same", middle, middle),
            case("close", *almost),
            case("small", small_high, small_low),
        ]
    )
    assert dict(found.select("name", "mark").iter_rows()) == {
        "lost": "forgotten",
        "gained": "better",
        "same": "held",
        "close": "better",
        "small": "too few rows to tell",
    }
    assert found["name"][0] == "lost"
    lost = found.row(0, named=True)
    assert lost["difference"] == pytest.approx(-0.3)
    assert lost["low"] < -0.3 < lost["high"] < 0


def test_a_difference_within_the_margin_is_held():
    generator = np.random.default_rng(1)
    n = 20_000
    gold = pl.DataFrame({"example_id": range(n), "category_path": ["A > b"] * n})
    runs = {
        name: gold.select(
            "example_id",
            category_path=pl.Series(np.where(generator.random(n) < 0.9, "A > b", "A > c")),
        )
        for name in ("a", "b")
    }
    before, after = load_answers("classification", gold, runs).answers.values()
    assert regression([case("noise", before, after)])["mark"].item() == "held"


def test_holm_is_over_all_cases():
    before, after = answers(0.52, 0.5, n=400)  # 8 rows lost, none gained: p = 2 / 2**8
    alone = regression([case("one", before, after)])
    many = regression([case(str(i), before, after) for i in range(10)])
    assert alone["p_value"].item() == pytest.approx(2 / 2**8)
    assert alone["mark"].item() == "forgotten"
    assert many["p_holm"].to_list() == pytest.approx([20 / 2**8] * 10)
    assert set(many["mark"]) == {"too few rows to tell"}


def test_a_metric_where_lower_is_better_is_forgotten_as_it_rises():
    gold = pl.DataFrame({"example_id": [str(i) for i in range(200)], "category_path": "A > b"})
    junk = gold.select("example_id", raw_output=pl.lit("{"))
    good = gold.select("example_id", category_path=pl.lit("A > b"))
    loaded = load_answers("classification", gold, {"good": good, "junk": junk}).answers
    found = regression([case("json", loaded["good"], loaded["junk"], metric="invalid_rate")])
    assert found["difference"].item() == 1
    assert found["mark"].item() == "forgotten"


def test_the_sentence_names_what_was_forgotten():
    high, low = answers(0.9, 0.6)
    told = regression_sentence(regression([case("tags", high, low), case("same", low, low)]))
    assert told.startswith("Forgotten: tags against the baseline (accuracy -0.3000, 95 % interval")
    assert told.endswith("Of 2 cases, 1 held.")
