from __future__ import annotations

import polars as pl

from curation.balance.clusters import text_clusters

EDGES = ("kind", "left_id", "right_id")


def clusters(titles: list[str | None], edges: list[tuple[str, str, str]]) -> list[int]:
    ids = [str(i) for i in range(len(titles))]
    records = pl.DataFrame(
        {"record_id": ids, "title": titles}, schema_overrides={"title": pl.String}
    )
    tied = pl.DataFrame(edges, schema=dict.fromkeys(EDGES, pl.String), orient="row")
    return text_clusters(records, tied.lazy()).to_list()


def test_near_duplicates_chain_into_one_cluster() -> None:
    edges = [("near_duplicate", "0", "1"), ("near_duplicate", "1", "2")]
    assert clusters(["a", "b", "c", "d"], edges) == [0, 0, 0, 1]


def test_brands_and_records_elsewhere_tie_nothing() -> None:
    edges = [("brand", "0", "1"), ("identifier", "0", "1"), ("near_duplicate", "0", "elsewhere")]
    assert clusters(["a", "b"], edges) == [0, 1]


def test_equal_titles_are_one_and_empty_ones_are_none() -> None:
    assert clusters(["Red Cup", "red cup!", "", None, " "], []) == [0, 0, 1, 2, 3]
