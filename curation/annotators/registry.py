"""The annotators that need no key, by name."""

from __future__ import annotations

from curation.annotators.learned import out_of_fold
from curation.annotators.lexical import lexical
from curation.annotators.material import Annotator
from curation.annotators.source import source

ANNOTATORS: dict[str, Annotator] = {
    "source": source,
    "knn": out_of_fold("knn"),
    "linear": out_of_fold("linear"),
    "lexical": lexical,
}
"""``source`` is the catalog itself; ``knn`` and ``linear`` learn from it out of fold, so they
share its habits; ``lexical`` knows the names of the categories alone."""
