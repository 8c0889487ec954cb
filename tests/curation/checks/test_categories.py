def test_leaf_with_fewer_records_than_the_minimum_is_small(look):
    rows = [{"category": "A > few"}] * 4 + [{"category": "A > enough"}] * 5
    rows = [dict(row) for row in rows]
    found = look(rows)
    assert found.rows("small_category") == ["1", "2", "3", "4"]
    # 4 of 5 records: a score of 4/5.
    assert found.rows("small_category", "score") == [(4 / 5,)] * 4
    assert look(rows, smallest_category=4).rows("small_category") == []


def test_wrong_paths_and_inner_nodes_are_not_small_categories(look, given_tree):
    rows = [{"category": "A"}, {"category": "A > wrong"}, {"category": "A > few"}]
    assert look(rows, given_tree(["A > few", "A > none"])).rows("small_category") == ["3"]


def brands(*names):
    return [{"category": "A > B", "brand": name} for name in names]


def test_leaf_of_nearly_one_brand_is_dominated(look):
    # 9 of 10 records with a brand: 9/10 > 8/10; spellings of one brand count together.
    rows = [*brands("Acme", "ACME Inc.", *["Acme"] * 7, "Bolt"), *brands(None, "Generic")]
    found = look(rows)
    assert found.rows("dominated_category") == [str(n) for n in range(1, 10)]
    assert found.rows("dominated_category", "score")[0] == (1 - 9 / 10,)


def test_share_at_the_limit_is_not_dominated(look):
    # 8 of 10 is not more than 0.8.
    assert look(brands(*["Acme"] * 8, "B", "C")).rows("dominated_category") == []


def test_small_leaf_is_not_dominated(look):
    assert look(brands(*["Acme"] * 9)).rows("dominated_category") == []
    assert len(look(brands(*["Acme"] * 9), dominated_minimum=9).rows("dominated_category")) == 9
