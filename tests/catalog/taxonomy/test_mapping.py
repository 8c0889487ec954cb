import json

import pytest

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.mapping import check_mapping, read_mapping

ARROWS = """# Shopify Product Taxonomy - Mapping shopify/2025-01-unstable to google/2021-09-21
# Format:
# → {base taxonomy category name}
# ⇒ {mapped taxonomy category name}

→ Animals & Pet Supplies
⇒ Animals & Pet Supplies

→ Animals & Pet Supplies > Pet Supplies > Bird Supplies > Bird Toys > Bells & Beads
⇒ Animals & Pet Supplies > Pet Supplies > Bird Supplies > Bird Toys

→ Bundles
⇒ Split A
⇒ Split B

→ Uncategorized
"""


def mapping(tmp_path, text, name="mapping.txt"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_mapping(path)


def test_the_publishers_text_is_read(tmp_path):
    assert mapping(tmp_path, ARROWS).rows() == [
        ("Animals & Pet Supplies", "Animals & Pet Supplies", 1),
        (
            "Animals & Pet Supplies > Pet Supplies > Bird Supplies > Bird Toys > Bells & Beads",
            "Animals & Pet Supplies > Pet Supplies > Bird Supplies > Bird Toys",
            1,
        ),
        ("Bundles", "Split A", 2),
        ("Uncategorized", None, 0),
    ]


def test_the_publishers_json_is_read_by_name_and_by_id(tmp_path):
    rule = {
        "input": {"category": {"id": "gid://shopify/TaxonomyCategory/aa-1", "full_name": "A > B"}},
        "output": {"category": [{"id": "166", "full_name": "C"}]},
    }
    empty = {"input": {"category": {"id": "9", "full_name": "Z"}}, "output": {"category": None}}
    text = json.dumps({"version": "1", "mappings": [{"rules": [rule, empty]}]})
    assert mapping(tmp_path, text, "m.json").select("label", "to").rows() == [
        ("A > B", "C"), ("aa-1", "C"), ("Z", None), ("9", None),
    ]  # fmt: skip


def test_a_table_of_two_columns_is_read(tmp_path):
    text = 'old,new,from_id\n"A > B",C>D,aa-1\nE,,\n'
    assert mapping(tmp_path, text, "m.csv").select("label", "to").rows() == [
        ("A > B", "C>D"), ("aa-1", "C>D"), ("E", None),
    ]  # fmt: skip
    assert mapping(tmp_path, "old\tnew\nA\tB\n", "m.tsv").select("label", "to").rows() == [
        ("A", "B")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just one line", "expected lines '→ A' and '⇒ B', or a CSV of two columns"),
        ("⇒ B\n→ A\n", "line 1: '⇒' without a '→' before"),
        ("→ A\nB\n", "line 2: expected '→ category'"),
        ("old,new\n", "no line of it maps a category"),
        ("", "expected lines"),
    ],
)
def test_what_is_no_mapping_is_refused_in_one_line(tmp_path, text, told):
    with pytest.raises(InputError, match=told) as caught:
        mapping(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_json_of_another_shape_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a mapping"):
        mapping(tmp_path, '{"a": 1}', "m.json")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_mapping(tmp_path / "nope.txt")


def test_a_mapping_between_other_taxonomies_is_refused(tmp_path):
    old, new = Taxonomy.from_paths([["A"]]), Taxonomy.from_paths([["B"]], node_ids=["7"])
    fits = mapping(tmp_path, "old,new\nA,7\n", "m.csv")
    check_mapping(fits, old, new, "m.csv")
    with pytest.raises(InputError, match="none of its 1 new categories is in taxonomy"):
        check_mapping(fits, old, old, "m.csv")
    with pytest.raises(InputError, match=r"none of its 1 old categories .* such as 'A'"):
        check_mapping(fits, new, new, "m.csv")
