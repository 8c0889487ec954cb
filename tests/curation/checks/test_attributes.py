import polars as pl
from rapidfuzz import fuzz

from curation.checks.attributes import closest_values

SCHEMA = {
    "Shirts": {"Colour": ["Red", "Navy Blue", "Blue"], "Size": ["Small", "M", "42"], "Note": None},
    "Mugs": {},
}


def test_attribute_that_the_category_lacks_is_found(look, given_tree):
    rows = [
        {"category": "Shirts", "attributes": {"Colour": "Red", "Capacity": "1 l"}},
        {"category": "Shirts", "attributes": {"Note": "any text"}},
    ]
    found = look(rows, given_tree(["Shirts"], SCHEMA))
    assert found.rows("attribute_not_in_schema", "record_id", "message") == [
        ("1", "'Shirts' has no attribute 'Capacity'")
    ]


def test_attribute_in_other_case_is_told_how_the_schema_writes_it(look, given_tree):
    rows = [{"category": "Shirts", "attributes": {"colour": "Red"}}]
    found = look(rows, given_tree(["Shirts"], SCHEMA))
    assert found.rows("attribute_not_in_schema", "suggestion") == [("The schema writes 'Colour'.",)]


def test_categories_without_a_schema_and_inner_nodes_are_not_judged(look, given_tree):
    tree = given_tree(["Shirts", "Mugs", "Home > Beds"], {**SCHEMA, "Home": {"Size": ["L"]}})
    rows = [
        {"category": "Mugs", "attributes": {"Capacity": "1 l"}},
        {"category": "Home", "attributes": {"Capacity": "1 l"}},
        {"category": "No > Where", "attributes": {"Capacity": "1 l"}},
        {"category": "Shirts", "attributes": {"Capacity": []}},
    ]
    assert look(rows, tree).rows("attribute_not_in_schema") == []


def test_value_outside_the_list_gets_the_closest_one(look, given_tree):
    rows = [
        {"category": "Shirts", "attributes": {"Colour": ["Bleu", "Red"]}},
        {"category": "Shirts", "attributes": {"Colour": "qqqq"}},
        {"category": "Shirts", "attributes": {"Note": "Bleu"}},
    ]
    found = look(rows, given_tree(["Shirts"], SCHEMA))
    assert found.rows("value_not_in_schema", "record_id", "fix_field", "fix_value") == [
        ("1", "attribute:Colour", "Blue"),
        ("2", None, None),
    ]
    # By rapidfuzz itself: "bleu" and "blue" share b, l and one of e, u: 2 * 3 / 8.
    [(score,), (none,)] = found.rows("value_not_in_schema", "score")
    assert abs(score - fuzz.ratio("bleu", "blue") / 100) < 1e-6
    assert abs(score - 6 / 8) < 1e-6
    assert none == 0.0


def test_value_in_other_case_is_outside_the_list_and_fixed(look, given_tree):
    rows = [{"category": "Shirts", "attributes": {"Colour": "navy blue"}}]
    found = look(rows, given_tree(["Shirts"], SCHEMA))
    assert found.rows("value_not_in_schema", "score", "fix_value") == [(1.0, "Navy Blue")]


def test_evidences_are_counted_beside_records(look, given_tree):
    rows = [{"category": "Shirts", "attributes": {"Colour": ["x", "x", "y"]}}]
    line = look(rows, given_tree(["Shirts"], SCHEMA)).line("value_not_in_schema")
    assert (line["n_rows"], line["n_evidences"]) == (1, 3)


def test_closest_value_of_each_list_is_its_own():
    asked = pl.DataFrame({"list_id": [0, 1, 1], "value": ["lage", "lage", "lage"]})
    allowed = pl.DataFrame({"list_id": [0, 0, 1], "value": ["Small", "Large", "Lager"]})
    assert closest_values(asked, allowed).select("list_id", "closest").rows() == [
        (0, "Large"),
        (1, "Lager"),
    ]


def test_several_values_of_one_attribute_conflict(look):
    rows = [
        {"attributes": {"Colour": ["Red", "Blue"]}},
        {"attributes": {"Colour": ["Red", "red", "RED!"]}},
        {"attributes": {"Count": ["6", "6 count"]}},
        {"attributes": {"Colour": "Red", "Trim": "Blue"}},
    ]
    assert look(rows).rows("conflicting_values", "record_id", "message") == [
        ("1", "'Colour' is 'Red' and 'Blue'")
    ]


def against(look, tree, title, colour):
    rows = [{"title": title, "category": "Shirts", "attributes": {"Colour": colour}}]
    found = look(rows, tree(["Shirts"], SCHEMA))
    return found.rows("conflicting_values", "message", "fix_field", "fix_value")


def test_other_value_of_the_list_in_the_title_conflicts(look, given_tree):
    assert against(look, given_tree, "Shirt, blue", "Red") == [
        ("'Colour' is 'Red', but the title says 'Blue'", "attribute:Colour", "Blue")
    ]


def test_longer_value_of_the_title_is_proposed(look, given_tree):
    assert against(look, given_tree, "Navy-Blue shirt", "Red")[0][2] == "Navy Blue"


def test_title_that_names_the_value_too_does_not_conflict(look, given_tree):
    assert against(look, given_tree, "Red shirt with blue trim", "Red") == []
    assert against(look, given_tree, "Bluebird shirt", "Red") == []
    assert against(look, given_tree, "Navy blue shirt", "Blue") == []


def test_title_with_two_other_values_conflicts_without_a_fix(look, given_tree):
    tree = given_tree(["Shirts"], {"Shirts": {"Colour": ["Red", "Blue", "Green"]}})
    rows = [
        {"title": "Blue and green shirt", "category": "Shirts", "attributes": {"Colour": "Red"}}
    ]
    assert look(rows, tree).rows("conflicting_values", "fix_value") == [(None,)]


def test_single_letters_and_numbers_are_not_looked_for_in_titles(look, given_tree):
    rows = [
        {"title": "Men's shirt 42 M", "category": "Shirts", "attributes": {"Size": "Small"}},
        {"title": "Shirt small", "category": "Shirts", "attributes": {"Size": "M"}},
    ]
    assert look(rows, given_tree(["Shirts"], SCHEMA)).rows("conflicting_values") == ["2"]
