import polars as pl
import pytest

from evaluation.comparing.flip_causes import CAUSES, category_cause, causes_counted, with_causes

GOLD = ["Garden", "Pots", "Clay Pots"]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (["Garden", "Pots", "Steel Pots"], "sibling"),
        (["Garden", "Pots"], "too coarse"),
        ([*GOLD, "Small"], "too fine"),
        (["Kitchen", "Pots", "Clay pots"], "wrong parent"),
        (["Garden", "Clay Pots"], "wrong parent"),
        (["Kitchen", "Pots", "Steel Pots"], "other branch"),
        (["Garden", "Tools"], "other branch"),
    ],
)
def test_a_wrong_category_has_one_cause(answer, cause):
    assert category_cause(GOLD, answer) == cause
    assert cause in CAUSES


def flips(rows):
    names = ("example_id", "attribute", "change", "gold", "baseline", "candidate")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def told(outcomes, texts=None):
    return pl.DataFrame(
        {
            "example_id": list(outcomes),
            "baseline_outcome": [one[0] for one in outcomes.values()],
            "candidate_outcome": [one[1] for one in outcomes.values()],
            "text": [(texts or {}).get(key) for key in outcomes],
        },
        schema_overrides={"text": pl.String},
    )


def test_the_wrong_side_is_the_baseline_of_a_fixed_row_and_the_candidate_of_a_broken_one():
    rows = flips(
        [
            ("1", None, "fixed", "A > b", "A > c", "A > b"),
            ("2", None, "broken", "A > b", "A > b", "A"),
            ("3", None, "broken", "A > b", "A > b", None),
        ]
    )
    outcomes = {"1": ("answered", "answered"), "2": ("answered", "answered"),
                "3": ("answered", "refused")}  # fmt: skip
    found = with_causes("classification", rows, told(outcomes))
    assert found["wrong"].to_list() == ["A > c", "A", None]
    assert found["cause"].to_list() == ["sibling", "too coarse", "refused"]


def test_a_wrong_value_is_wording_another_value_or_without_evidence():
    text = "Dark red jug of stoneware"
    rows = flips(
        [
            ("1", "Colour", "broken", "dark red", "dark red", "Dark Red colour"),
            ("1", "Material", "broken", "stoneware", "stoneware", "glass"),
            ("1", "Style", "broken", "", "", "modern"),
            ("1", "Kind", "fixed", "jug", "", "jug"),
            ("1", "Maker", "fixed", "Acme", "", "Acme"),
            ("2", "Size", "fixed", "L", "", "L"),
        ]
    )
    outcomes = {"1": ("answered", "answered"), "2": ("invalid", "answered")}
    found = with_causes("attributes", rows, told(outcomes, {"1": text}))
    assert dict(found.select("attribute", "cause").iter_rows()) == {
        "Colour": "value wording",
        "Material": "other value",
        "Style": "value without need",
        "Kind": "missed value",
        "Maker": "missing evidence",
        "Size": "invalid",
    }
    counted = causes_counted(found)
    assert counted.group_by("change").agg(pl.col("share").sum())["share"].to_list() == [1, 1]
    assert counted["what"].str.len_chars().min() > 0
