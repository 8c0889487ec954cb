import json

import polars as pl

from catalog.records import conform
from catalog.taxonomy import Taxonomy
from catalog.taxonomy.labels import relabelled, resolve_labels
from catalog.taxonomy.migration import plan_migration

OLD = Taxonomy.from_paths(
    [["Garden"], ["Garden", "Pots"], ["Garden", "Gnomes"], ["Kitchen"], ["Kitchen", "Knives"]],
    node_ids=["1", "2", "3", "4", "5"],
)
NEW = Taxonomy.from_paths(
    [["Garden"], ["Garden", "Planters"], ["Kitchen"], ["Garden", "Knives"]],
    node_ids=["1", "2", "4", "5"],
)
LABELS = pl.DataFrame(
    {
        "path_text": ["Garden > Pots", "Garden > Gnomes", "Kitchen", "Kitchen > Knives", "kitchen"],
        "n_records": [5, 4, 3, 2, 1],
    }
)


def how(found):
    return {
        f: (t, h, a)
        for f, t, h, a in found.table.select("from_path", "to_path", "how", "is_applied").rows()
    }


def test_each_label_has_a_successor_or_is_lost():
    found = plan_migration(OLD, NEW, LABELS)
    told = how(found)
    assert told["Garden > Pots"] == ("Garden > Planters", "same id", True)
    assert told["Kitchen"] == ("Kitchen", "same id", True)
    assert told["Kitchen > Knives"] == ("Garden > Knives", "same id", True)
    assert told["kitchen"] == ("Kitchen", "spelling", True)
    assert told["Garden > Gnomes"][1:] in {("nearest", False), (None, False)}
    assert (found.n_records, found.n_lost) == (15, 4)


def test_a_nearest_path_is_taken_on_request_alone():
    found = plan_migration(OLD, NEW, LABELS, takes_nearest=True)
    assert how(found)["Garden > Gnomes"][1:] == ("nearest", True)
    assert found.n_lost == 0


def test_the_publishers_mapping_counts_before_all_else():
    mapping = pl.DataFrame({"label": ["Garden > Pots", "3"], "to": ["Kitchen", "2"]})
    told = how(plan_migration(OLD, NEW, LABELS, mapping))
    assert told["Garden > Pots"] == ("Kitchen", "mapping", True)
    # named by its id on both sides
    assert told["Garden > Gnomes"] == ("Garden > Planters", "mapping", True)


def test_the_mapping_to_keep_names_every_node_that_changes_once():
    assert plan_migration(OLD, NEW, LABELS).nodes.rows() == [
        # lost: its id leads to its old name
        ("Garden > Gnomes", "Garden > Gnomes", "3"),
        ("Garden > Pots", "Garden > Planters", None),
        ("Kitchen > Knives", "Garden > Knives", None),
        ("kitchen", "Kitchen", None),
    ]


def test_ids_are_mapped_too_where_the_new_taxonomy_has_others():
    other = Taxonomy.from_paths([["Garden"], ["Kitchen"]], node_ids=["g", "k"])
    rows = plan_migration(OLD, other, LABELS.head(0)).nodes
    assert ("Kitchen", "Kitchen", "4") in rows.rows()


def test_ids_of_google_and_shopify_become_paths():
    tree = Taxonomy.from_paths([["A"], ["A", "B"]], node_ids=["aa", "aa-1"])
    labels = pl.DataFrame(
        {"label": ["gid://shopify/TaxonomyCategory/aa-1", "aa-1", "A > B", "1604", "Mugs"],
         "n_records": [1, 2, 4, 8, 16]}
    )  # fmt: skip
    found = resolve_labels(labels, tree)
    assert {(r[0], tuple(r[1])) for r in found.changed.rows()} == {
        ("gid://shopify/TaxonomyCategory/aa-1", ("A", "B")),
        ("aa-1", ("A", "B")),
    }
    assert (found.n_named, found.n_mapped) == (3, 0)
    assert found.unknown_ids.rows() == [("1604", 8)]


def test_a_mapping_goes_before_ids_and_its_targets_may_be_ids():
    tree = Taxonomy.from_paths([["A"], ["A", "B"]], node_ids=["1", "2"])
    labels = pl.DataFrame({"label": ["Old", "1"], "n_records": [3, 1]})
    mapping = pl.DataFrame({"label": ["Old"], "to": ["2"]})
    found = resolve_labels(labels, tree, mapping)
    assert found.changed.rows() == [("Old", ["A", "B"], "mapping"), ("1", ["A"], "id")]
    assert (found.n_mapped, found.n_named) == (3, 1)


def test_the_label_of_the_source_is_never_lost():
    records = conform(
        pl.LazyFrame(
            {
                "record_id": ["a", "b", "c"],
                "category_path": [["1604"], ["Kept"], None],
                "extra": ['{"x":1}', None, "{}"],
            }
        )
    )
    changed = pl.DataFrame({"label": ["1604"], "path": [["A", "B"]], "how": ["id"]})
    done = relabelled(records, changed).collect()
    assert done["category_path"].to_list() == [["A", "B"], ["Kept"], None]
    assert json.loads(done["extra"][0]) == {"x": 1, "category_given": "1604"}
    assert done["extra"].to_list()[1:] == [None, "{}"]
    bare = relabelled(records.with_columns(extra=pl.lit("{}")), changed).collect()
    assert json.loads(bare["extra"][0]) == {"category_given": "1604"}
