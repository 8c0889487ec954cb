PATHS = ["Home > Kitchen > Frying Pans", "Home > Kitchen > Kettles", "Home > Bath", "Pets > Beds"]


def wrong(look, tree, path):
    found = look([{"category": path}, {"category": "Home > Bath"}], tree(PATHS))
    return found.rows("path_not_in_taxonomy", "record_id", "message", "fix_field", "fix_value")


def test_other_spelling_is_told_and_fixed(look, given_tree):
    assert wrong(look, given_tree, "home > kitchen > frying-pans") == [
        (
            "1",
            "'home > kitchen > frying-pans' is written otherwise in the taxonomy",
            "category_path",
            "Home > Kitchen > Frying Pans",
        )
    ]


def test_right_leaf_under_the_wrong_parent_is_told_and_fixed(look, given_tree):
    [(_, message, _, fix)] = wrong(look, given_tree, "Pets > Kettles")
    assert "its last name stands under another parent" in message
    assert fix == "Home > Kitchen > Kettles"


def test_typing_error_is_told_and_fixed(look, given_tree):
    [(_, message, _, fix)] = wrong(look, given_tree, "Home > Kitchen > Fryng Pans")
    assert "another path is nearly the same" in message
    assert fix == "Home > Kitchen > Frying Pans"


def test_path_like_none_has_no_fix(look, given_tree):
    [(_, message, field, fix)] = wrong(look, given_tree, "QX-77")
    assert message == "'QX-77' is not in the taxonomy, nor is any like it"
    assert (field, fix) == (None, None)


def test_path_of_the_taxonomy_is_not_found(look, given_tree):
    assert wrong(look, given_tree, "Pets > Beds") == []
    assert wrong(look, given_tree, None) == []


def test_label_on_an_inner_node_names_what_is_below(look, given_tree):
    rows = [{"category": "Home > Kitchen"}, {"category": "Home > Bath"}, {"category": "No > Where"}]
    found = look(rows, given_tree(PATHS))
    assert found.rows("label_on_inner_node", "record_id", "message", "suggestion") == [
        (
            "1",
            "'Home > Kitchen' has 2 categories below it",
            "Choose one below it: Frying Pans, Kettles.",
        )
    ]


def test_inner_nodes_of_an_inferred_taxonomy_count_too(look):
    rows = [{"category": "A"}, {"category": "A > B"}]
    assert look(rows).rows("label_on_inner_node") == ["1"]


def test_rare_spelling_of_an_inferred_category_is_found(look):
    rows = [{"category": c} for c in ["Tea & Coffee", "Tea & Coffee", "tea and coffee", "Tea"]]
    found = look(rows)
    assert found.rows("category_spelled_twice", "record_id", "fix_value") == [("3", "Tea & Coffee")]


def test_categories_that_differ_in_a_word_are_not_one(look):
    rows = [{"category": c} for c in ["Men's Shoes", "Women's Shoes", "Men's Shoe"]]
    assert look(rows).rows("category_spelled_twice") == []
