"""Find a node as a person types: every typed word starts a word of the path."""

from __future__ import annotations

import polars as pl
from rapidfuzz import fuzz, process

from catalog.taxonomy.tree import Taxonomy
from catalog.text import folded, words


class TaxonomySearch:
    """An index over one taxonomy, built once and asked at every key press.

    Examples
    --------
    >>> tree = Taxonomy.from_paths([["Garden", "Flower Pots"], ["Kitchen", "Pots"]])
    >>> TaxonomySearch(tree).find("pot kit")["path_text"].to_list()
    ['Kitchen > Pots']
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._index = taxonomy.nodes.select("code", "depth", "is_leaf").with_columns(
            (" " + folded(taxonomy.nodes["name"])).alias("name"),
            (" " + folded(taxonomy.nodes["path_text"])).alias("path"),
        )

    def find(self, text: str, *, limit: int = 20, leaves_only: bool = False) -> pl.DataFrame:
        """The best nodes for a typed text, best first.

        Returns
        -------
        ``code, node_id, path_text, is_leaf, match``, where ``match`` is ``words`` (all of
        them stand in the path), ``some words``, or ``similar`` (the closest spellings).
        """
        typed = words(text)
        pool = self._index.filter("is_leaf") if leaves_only else self._index
        if not typed or limit < 1:
            return self._rows(pool.head(0), "words")
        stems = [w[:-1] if len(w) > 3 and w.endswith("s") else w for w in typed]
        path_has = [pl.col("path").str.contains(" " + w, literal=True) for w in stems]
        name_has = [pl.col("name").str.contains(" " + w, literal=True) for w in stems]
        whole = " " + " ".join(typed)
        scored = pool.with_columns(
            pl.sum_horizontal(path_has).alias("_in_path"),
            (pl.col("name") == whole).alias("_exact"),
            pl.col("name").str.starts_with(whole).alias("_starts"),
            pl.sum_horizontal(name_has).alias("_in_name"),
        ).sort(
            ["_in_path", "_exact", "_starts", "_in_name", "depth", "code"],
            descending=[True, True, True, True, False, False],
        )
        hits = scored.filter(pl.col("_in_path") == len(stems)).head(limit)
        if hits.height:
            return self._rows(hits, "words")
        hits = scored.filter(pl.col("_in_path") > 0).head(limit)
        if hits.height:
            return self._rows(hits, "some words")
        close = process.extract(
            " ".join(typed),
            [name.lstrip() for name in pool["name"]],
            scorer=fuzz.partial_ratio,
            limit=limit,
            score_cutoff=70,
        )
        return self._rows(pool[[position for _, _, position in close]], "similar")

    def _rows(self, hits: pl.DataFrame, match: str) -> pl.DataFrame:
        return (
            hits.select("code")
            .join(
                self.taxonomy.nodes.select("code", "node_id", "path_text", "is_leaf"),
                on="code",
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.lit(match).alias("match"))
        )
