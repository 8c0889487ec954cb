"""How far a judge says what people say of the same answers, and people what other people say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from catalog.wording import counted
from curation.agreement.cohen import cohen_kappa
from curation.agreement.counts import label_counts
from curation.agreement.krippendorff import krippendorff_alpha
from curation.agreement.percent import percent_agreement
from curation.agreement.votes import votes_of
from evaluation.tasks.question_texts import HUMAN
from stats.estimate import Estimate
from stats.intervals import mean_estimate

KAPPA = (
    "Cohen's kappa of judge and people over the answers that both judged: 1 is full agreement, 0 what "
    "chance gives"
)
AGREEMENT = "share of the answers that both judged on which judge and people say the same"
BETWEEN = "share of equal pairs of raters on the answers that two or more rated"
ALPHA = (
    "Krippendorff's alpha of the raters: 1 is full agreement, 0 what chance gives; a judge can hardly "
    "agree with people more than they do with each other"
)
SAID_SCHEMA = pl.Schema(
    {"example_id": pl.String(), "mark": pl.String(), "rater": pl.String(), "value": pl.Int64()}
)
"""What people say of answers: 1 yes, 0 no; a line for each rater."""
_ANSWER = ["example_id", "mark"]


@dataclass(frozen=True)
class WithPeople:
    """A judge held against people, and people against each other.

    Of an answer that several rated, what most of them say counts; one on which they are equally
    divided is left out.

    Attributes
    ----------
    kappa, agreement
        `KAPPA` and `AGREEMENT`; undefined without ratings.
    between, alpha
        `BETWEEN` and `ALPHA`; undefined where no answer has two raters.
    n_rated
        Answers of the run that somebody rated.
    raters
        Who did.
    n_divided
        Answers left out.
    """

    kappa: Estimate
    agreement: Estimate
    between: Estimate
    alpha: Estimate
    n_rated: int
    raters: list[str]
    n_divided: int

    def as_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "kappa_with_people": self.kappa.as_json(),
            "agreement_with_people": self.agreement.as_json(),
            "agreement_between_people": self.between.as_json(),
            "alpha_between_people": self.alpha.as_json(),
            "n_rated": self.n_rated,
            "raters": self.raters,
            "n_divided": self.n_divided,
        }

    @property
    def lines(self) -> list[tuple[str, Estimate, str]]:
        """Each figure with its name and meaning; those between people where an answer has two raters."""
        lines = [
            ("kappa with people", self.kappa, KAPPA),
            ("agreement with people", self.agreement, AGREEMENT),
        ]
        if self.between.n:
            lines += [
                ("agreement between people", self.between, BETWEEN),
                ("alpha between people", self.alpha, ALPHA),
            ]
        return lines

    @property
    def notes(self) -> list[str]:
        """What was left out, said aloud."""
        if not self.n_divided:
            return []
        told = counted(self.n_divided, "answer")
        return [f"{told} on which people are equally divided left out of agreement with people"]


def nobody_knows(criterion: Criterion) -> str:
    """Why nothing is known of how good the judge is, where people judged nothing."""
    return (
        f"no row has {HUMAN[criterion]} (yes or no), so nobody knows how good the judge is: have "
        "people judge some of these answers, on the page Rate or from a file"
    )


def with_human(answers: pl.DataFrame, ratings: pl.DataFrame) -> pl.DataFrame:
    """Answers with what most people say of each as ``human``: 1 or 0, null where nobody or both halves do.

    Examples
    --------
    >>> rated = pl.DataFrame([("a", "m", "ann", 1), ("a", "m", "bob", 1), ("a", "m", "cat", 0),
    ...     ("b", "m", "ann", 1), ("b", "m", "bob", 0)], schema=SAID_SCHEMA, orient="row")
    >>> asked = pl.DataFrame({"example_id": ["b", "a", "c"], "mark": ["m", "m", "m"]})
    >>> with_human(asked, rated)["human"].to_list()
    [None, 1, None]
    """
    share = pl.col("value").mean()
    most = ratings.group_by(_ANSWER).agg(
        pl.when(share > 0.5).then(1).when(share < 0.5).then(0).cast(pl.Int64).alias("human")
    )
    return answers.join(most, on=_ANSWER, how="left", maintain_order="left")


def with_people(
    criterion: Criterion, judgements: pl.DataFrame, ratings: pl.DataFrame
) -> WithPeople:
    """Hold what a judge says against what people say.

    Parameters
    ----------
    judgements
        ``example_id, mark, said, cluster``: a line for each answer of one asking of one run;
        ``cluster`` is null throughout where rows are independent.
    ratings
        `SAID_SCHEMA`; those of other answers are left out.
    """
    rows = with_human(judgements, ratings).with_row_index("place")
    rated = rows.join(ratings, on=_ANSWER, how="inner")
    clusters = None
    if not rows["cluster"].null_count():
        clusters = rows["cluster"].to_numpy()
    between, alpha = _between(rated, clusters)
    held = rated.unique("place")
    return WithPeople(
        *_of_judge(criterion, rows, clusters),
        between,
        alpha,
        held.height,
        sorted(rated["rater"].unique().to_list()),
        held["human"].null_count(),
    )


def _of_judge(
    criterion: Criterion, rows: pl.DataFrame, clusters: np.ndarray | None
) -> tuple[Estimate, Estimate]:
    """Cohen's kappa, and the share of equal judgements."""
    if rows["human"].null_count() == rows.height:
        nobody = Estimate.undefined(nobody_knows(criterion))
        return nobody, nobody
    both = rows.drop_nulls(["human", "said"])
    if both.is_empty():
        nothing = Estimate.undefined("no answer was judged by both")
        return nothing, nothing
    judge, people = (both[name].to_numpy() for name in ("said", "human"))
    groups = _groups(clusters, both["place"].to_numpy())
    equal = (judge == people).astype(float)
    return cohen_kappa(judge, people, 2, groups), mean_estimate(equal, groups)


def _between(rated: pl.DataFrame, clusters: np.ndarray | None) -> tuple[Estimate, Estimate]:
    """The share of equal pairs of raters, and their alpha."""
    votes = votes_of(rated.sort("place"), item="place", annotator="rater", label="value")
    counts = label_counts(votes)
    groups = _groups(clusters, votes.item_names.cast(pl.Int64).to_numpy())
    return percent_agreement(counts, groups), krippendorff_alpha(counts, clusters=groups)


def _groups(clusters: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    """The groups of some rows, as codes without gaps."""
    return None if clusters is None else np.unique(clusters[places], return_inverse=True)[1]
