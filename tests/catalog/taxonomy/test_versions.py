import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.taxonomy import Taxonomy
from catalog.taxonomy.files import read_taxonomy
from catalog.taxonomy.versions import compare_taxonomies


def tree(rows):
    """From ``id: path`` or from paths."""
    if isinstance(rows, dict):
        return Taxonomy.from_paths([p.split(" > ") for p in rows.values()], node_ids=list(rows))
    return Taxonomy.from_paths([p.split(" > ") for p in rows])


def changed(old, new):
    found = compare_taxonomies(tree(old), tree(new))
    return {(c, o, n) for c, o, n in found.changes.select("change", "old_path", "new_path").rows()}


OLD = {
    "1": "Garden", "2": "Garden > Pots", "3": "Garden > Pots > Clay Pots", "4": "Garden > Tools",
    "5": "Kitchen", "6": "Kitchen > Knives",
}  # fmt: skip


def test_a_taxonomy_beside_itself_has_no_change():
    found = compare_taxonomies(tree(OLD), tree(OLD))
    assert found.changes.is_empty()
    assert found.counts == {
        "same": 6, "renamed": 0, "moved": 0, "follows its parent": 0, "removed": 0, "added": 0,
    }  # fmt: skip
    assert set(found.how) == {"same id"}


def test_ids_tell_renamed_moved_followed_removed_and_added_apart():
    new = {
        "1": "Garden", "2": "Garden > Planters", "3": "Garden > Planters > Clay Pots",
        "5": "Kitchen", "6": "Garden > Knives", "7": "Kitchen > Ladles",
    }  # fmt: skip
    assert changed(OLD, new) == {
        ("renamed", "Garden > Pots", "Garden > Planters"),
        ("follows its parent", "Garden > Pots > Clay Pots", "Garden > Planters > Clay Pots"),
        ("moved", "Kitchen > Knives", "Garden > Knives"),
        ("removed", "Garden > Tools", None),
        ("added", None, "Kitchen > Ladles"),
    }


def test_without_ids_a_name_found_once_elsewhere_has_moved():
    assert changed(["A > X", "B > Y"], ["A", "B > X", "B > Y"]) == {("moved", "A > X", "B > X")}


def test_without_ids_an_alike_name_at_the_same_place_is_a_new_name_and_all_below_follows():
    old = ["Home > Flower Pots > Small", "Home > Other > Small"]
    new = ["Home > Flowerpots > Small", "Home > Other > Small"]
    assert changed(old, new) == {
        ("renamed", "Home > Flower Pots", "Home > Flowerpots"),
        ("follows its parent", "Home > Flower Pots > Small", "Home > Flowerpots > Small"),
    }


def test_a_name_that_two_nodes_have_is_not_taken_for_a_move():
    old, new = ["A > Other", "B > Other", "C > K"], ["A", "B", "D > Other", "C > K"]
    found = changed(old, new)
    assert not any(kind == "moved" for kind, _, _ in found)


def test_ids_that_mean_other_things_are_not_trusted():
    old = {"1": "A", "2": "B", "3": "C"}
    new = {"3": "A", "1": "B", "2": "C"}
    found = compare_taxonomies(tree(old), tree(new))
    assert not found.ids_are_shared
    assert found.changes.is_empty()


def test_an_empty_taxonomy_has_lost_everything():
    found = compare_taxonomies(tree(OLD), tree([]))
    assert found.counts["removed"] == 6
    assert compare_taxonomies(tree([]), tree(OLD)).counts["added"] == 6


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(" > ".join), min_size=1),
    st.sets(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(" > ".join), min_size=1),
)
def test_every_node_is_told_once_on_each_side(old, new):
    before, after = tree(sorted(old)), tree(sorted(new))
    found = compare_taxonomies(before, after)
    taken = found.successors[found.successors >= 0]
    assert len(np.unique(taken)) == len(taken)
    changes = found.changes
    n_old = changes["old_path"].drop_nulls()
    n_new = changes["new_path"].drop_nulls()
    assert n_old.is_unique().all() and n_new.is_unique().all()
    assert found.counts["same"] + len(n_old) == len(before)
    assert found.counts["same"] + len(n_new) == len(after)
    # a path that both have is its own successor when ids say nothing
    assert set(before.nodes["path_text"]) & set(after.nodes["path_text"]) == set(
        before.nodes["path_text"]
    ) - set(n_old)


def test_google_with_one_root_renamed_changes_that_root_and_what_is_below(shared_data, tmp_path):
    path = shared_data / "taxonomies/google/taxonomy-with-ids.en-US.txt"
    text = path.read_text("utf-8").replace(" - Furniture", " - Furniture & Decor")
    newer = tmp_path / "newer.txt"
    newer.write_text(text, "utf-8")
    old, new = read_taxonomy(f"google:{path}"), read_taxonomy(f"google:{newer}")
    found = compare_taxonomies(old, new)
    below = old.nodes.filter(pl.col("path").list.first() == "Furniture").height
    assert found.ids_are_shared
    assert found.counts["renamed"] == 1
    assert found.counts["follows its parent"] == below - 1
    assert found.counts["same"] == len(old) - below


def test_the_garbled_google_is_nine_new_names_and_what_is_below_them(shared_data):
    folder = shared_data / "taxonomies/google"
    old = read_taxonomy(f"google:{folder}/taxonomy-with-ids.en-US.mojibake.txt")
    new = read_taxonomy(f"google:{folder}/taxonomy-with-ids.en-US.txt")
    counts = compare_taxonomies(old, new).counts
    assert counts["renamed"] + counts["follows its parent"] == 9
    assert counts["same"] == pytest.approx(5_595 - 9)
