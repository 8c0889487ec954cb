import json

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import read_taxonomy
from catalog.taxonomy.repair import nearest_paths, required
from catalog.taxonomy.search import TaxonomySearch

PATHS = [
    ["Garden", "Pots", "Clay Pots"],
    ["Garden", "Tools"],
    ["Kitchen", "Pots"],
    ["Kitchen", "Knives & Blades"],
]


@pytest.fixture
def tree() -> Taxonomy:
    return Taxonomy.from_paths(PATHS)


def test_every_prefix_is_a_node_and_parents_come_first(tree):
    assert tree.nodes["path_text"].to_list() == [
        "Garden",
        "Garden > Pots",
        "Garden > Pots > Clay Pots",
        "Garden > Tools",
        "Kitchen",
        "Kitchen > Knives & Blades",
        "Kitchen > Pots",
    ]
    assert tree.nodes["parent"].to_list() == [-1, 0, 1, 0, -1, 4, 4]
    assert tree.nodes["is_leaf"].to_list() == [False, False, True, True, False, True, True]


def test_codes_are_minus_one_for_unknown_paths(tree):
    assert tree.codes(pl.Series([["Garden", "Tools"], ["Tools"], None])).tolist() == [3, -1, -1]


def test_ancestors_at_a_level(tree):
    assert tree.at_level(np.array([2, 3, -1]), 2).tolist() == [1, 3, -1]
    assert tree.at_level(np.array([2, 0]), 5).tolist() == [2, 0]


def test_distance_is_one_minus_the_overlap_of_the_paths(tree):
    a, b = np.array([2, 2, 2, 3, -1]), np.array([2, 1, 3, 6, 0])
    # equal; depths 3 and 2 sharing 2: 1 - 4/5; 3 and 2 sharing 1: 1 - 2/5; nothing shared; unknown
    assert tree.distance(a, b)[:4] == pytest.approx([0, 1 / 5, 3 / 5, 1])
    assert np.isnan(tree.distance(a, b)[4])
    assert tree.tree_distance(a, b)[:4].tolist() == [0, 1, 3, 4]


def test_same_name_under_two_parents_are_two_nodes(tree):
    assert tree.codes(pl.Series(["Garden > Pots", "Kitchen > Pots"])).tolist() == [1, 6]


def test_repair_tells_spelling_wrong_parent_nearest_and_unknown_apart(tree):
    wrong = [
        "garden > tools",
        "Kitchen > Tools",
        "Kitchen > Knive & Blade",
        "zzzz",
        "Garden > Tools",
    ]
    found = nearest_paths(tree, pl.Series(wrong))
    assert found.select("path_text", "nearest", "kind").rows() == [
        ("garden > tools", "Garden > Tools", "spelling"),
        ("Kitchen > Tools", "Garden > Tools", "wrong_parent"),
        ("Kitchen > Knive & Blade", "Kitchen > Knives & Blades", "nearest"),
        ("zzzz", None, "unknown"),
    ]


def test_search_wants_every_typed_word_as_the_start_of_a_word(tree):
    search = TaxonomySearch(tree)
    assert search.find("pot kit")["path_text"].to_list() == ["Kitchen > Pots"]
    assert search.find("clay")["path_text"].to_list() == ["Garden > Pots > Clay Pots"]
    assert search.find("knyves")["match"].to_list()[0] == "similar"
    assert set(search.find("clay knyves")["match"]) == {"some words"}
    assert search.find("  ").is_empty()
    assert search.find("pots", leaves_only=True)["is_leaf"].all()


def test_require_names_the_nearest_path(tree):
    with pytest.raises(InputError, match="Nearest: 'Garden > Tools'"):
        required(tree, "Garden > Tool")


def test_shopify_has_its_published_size_and_schema(shared_data):
    tree = read_taxonomy(f"shopify:{shared_data}/taxonomies/shopify")
    assert (len(tree), int(tree.nodes["is_leaf"].sum()), tree.max_depth) == (10_595, 8_516, 8)
    assert tree.version == "2025-01-unstable"
    assert tree.values.height == 20_635
    clothing = tree.schema_of(required(tree, "Apparel & Accessories > Clothing"))
    assert "Red" in clothing["Color"]


def test_google_has_its_published_size(shared_data):
    tree = read_taxonomy(f"google:{shared_data}/taxonomies/google/taxonomy-with-ids.en-US.txt")
    assert (len(tree), int(tree.nodes["is_leaf"].sum()), tree.max_depth) == (5_595, 4_719, 7)
    assert int((tree.nodes["depth"] == 1).sum()) == 21
    assert (
        tree.nodes.filter(pl.col("path_text") == "Animals & Pet Supplies")["node_id"].item() == "1"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("paths.txt", "Garden > Tools\nGarden > Pots\n"),
        ("slashes.txt", "Garden / Tools\nGarden / Pots\n"),
        ("path.csv", "id,path\n1,Garden > Tools\n2,Garden > Pots\n"),
        ("levels.csv", "l1,l2\nGarden,Tools\nGarden,Pots\n"),
        ("parents.csv", "id,name,parent_id\n1,Garden,\n2,Tools,1\n3,Pots,1\n"),
        (
            "own.json",
            json.dumps({"nodes": [{"path": ["Garden", "Tools"]}, {"path": ["Garden", "Pots"]}]}),
        ),
        (
            "ids.txt",
            "# Google_Product_Taxonomy_Version: 1\n1 - Garden\n2 - Garden > Tools\n3 - Garden > Pots\n",
        ),
    ],
)
def test_a_clients_own_file_is_read_in_many_forms(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    tree = read_taxonomy(str(path))
    assert tree.nodes["path_text"].to_list() == ["Garden", "Garden > Pots", "Garden > Tools"]


def test_attributes_of_a_node_hold_for_all_below_it(tmp_path):
    path = tmp_path / "own.json"
    nodes = [
        {"path": ["Garden"], "attributes": {"Colour": ["Red", "Blue"]}},
        {"path": ["Garden", "Pots"], "attributes": {"Material": None}},
    ]
    path.write_text(json.dumps({"name": "own", "version": "2", "nodes": nodes}))
    tree = read_taxonomy(str(path))
    assert tree.schema_of(required(tree, "Garden > Pots")) == {
        "Colour": ["Red", "Blue"],
        "Material": None,
    }


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nope.txt", "no such file"),
        ("google:{d}/taxonomies/shopify/categories.txt", "line 4: not a line of this taxonomy"),
        ("{d}/taxonomies/shopify/attributes.json", "not a taxonomy"),
        ("{d}/catalogs/bigbasket/BigBasket_Products.csv", "not a taxonomy"),
        ("{d}/taxonomies/shopify", "is a folder"),
    ],
)
def test_what_is_not_a_taxonomy_is_refused_in_one_line(shared_data, spec, told):
    with pytest.raises(InputError, match=told) as caught:
        read_taxonomy(spec.format(d=shared_data))
    assert "\n" not in str(caught.value)
