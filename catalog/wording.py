"""Small words for people: counts and lists as a sentence says them."""

from __future__ import annotations


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(6079, "row"), counted(2, "category", "categories")
    ('1 row', '6,079 rows', '2 categories')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


_SHORT = {"f1": "F1", "lca": "LCA", "mrr": "MRR", "ece": "ECE", "aurc": "AURC", "json": "JSON",
          "ndcg": "nDCG", "brier": "Brier", "bleu": "BLEU", "rouge": "ROUGE", "l": "L", "bert": "BERT"}  # fmt: skip


def words(name: str) -> str:
    """A name from a file as people read it.

    Examples
    --------
    >>> words("accuracy_at_level.2"), words("hierarchical_f1"), words("n_rows")
    ('accuracy at level 2', 'hierarchical F1', 'rows')
    """
    told = name.removeprefix("n_").replace("_", " ").replace(".", " ")
    return " ".join(_SHORT.get(word, word) for word in told.split(" "))
