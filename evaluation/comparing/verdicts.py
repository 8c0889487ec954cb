"""Better, worse, tied, or too few rows to tell: the rule, and the sentence a stakeholder reads."""

from __future__ import annotations

import math
from typing import Literal

from catalog.wording import counted
from stats.estimate import Estimate

Verdict = Literal["better", "worse", "tied", "too few rows to tell"]
ALPHA = 0.05

_NAMES = {
    "f1": "F1",
    "f1_macro": "macro F1",
    "f1_weighted": "weighted F1",
    "f1_normalised": "normalised F1",
    "precision_macro": "macro precision",
    "recall_macro": "macro recall",
    "hierarchical_f1": "hierarchical F1",
    "token_f1": "token F1",
    "rouge_l": "ROUGE-L",
    "bleu": "BLEU",
    "sentence_bleu": "sentence BLEU",
    "bert_score": "BERTScore",
    "ndcg": "nDCG",
    "mrr": "MRR",
}


def verdict_of(
    difference: Estimate,
    p_value: float,
    *,
    is_identical: bool,
    margin: float,
    higher_is_better: bool = True,
) -> Verdict:
    """The verdict on a paired difference, candidate minus baseline.

    *better*, *worse*: the interval excludes 0 and p is below .05. *tied*: the answers are
    identical, or the whole interval lies within plus and minus the margin. Anything else is *too few rows to tell*: no difference was shown, and none was excluded.

    Examples
    --------
    >>> shown = Estimate(0.05, 0.03, 0.07, n=1200)
    >>> verdict_of(shown, 0.001, is_identical=False, margin=0.01)
    'better'
    >>> verdict_of(Estimate(0.002, -0.004, 0.008, 9000), 0.4, is_identical=False, margin=0.01)
    'tied'
    """
    if is_identical:
        return "tied"
    if math.isnan(difference.low) or math.isnan(difference.high) or math.isnan(p_value):
        return "too few rows to tell"
    if p_value < ALPHA and (difference.low > 0 or difference.high < 0):
        return "better" if (difference.value > 0) == higher_is_better else "worse"
    if -margin <= difference.low and difference.high <= margin:
        return "tied"
    return "too few rows to tell"


def sentence_of(
    verdict: Verdict,
    metric: str,
    baseline: Estimate,
    candidate: Estimate,
    difference: Estimate,
    p_value: float,
    *,
    is_share: bool,
    is_identical: bool,
    margin: float,
    smallest_effect: float,
    n_rows: int,
    n_runs: tuple[int, int] = (1, 1),
    cluster_name: str | None,
    n_fixed: int,
    n_broken: int,
    noun: str = "row",
) -> str:
    """One sentence, whole and honest.

    Parameters
    ----------
    cluster_name
        What the groups of dependent rows are called, in the singular; None where rows stand
        alone.
    n_runs
        Repeats of the baseline and of the candidate.
    noun
        What is fixed and broken.
    """
    rows = counted(n_rows, "row")
    if cluster_name is not None and difference.n_clusters is not None:
        rows += f" of {counted(difference.n_clusters, cluster_name)}"
    if n_runs != (1, 1):
        rows += f", {counted(n_runs[1], 'run')} against {n_runs[0]}"
    changed = f"{counted(n_fixed, noun)} fixed, {n_broken:,} broken"
    if is_identical:
        said = f"{metric_words(metric)} {number(baseline.value, is_share)}"
        return f"The two are tied: the same answer on all {rows}; {said}."
    values = (
        f"{metric_words(metric)} {number(candidate.value, is_share)} against "
        f"{number(baseline.value, is_share)}"
    )
    if math.isnan(difference.value):
        return f"Nothing can be told: {metric_words(metric)} is undefined ({difference.reason})."
    shown = f"{step(difference.value, is_share)}{_points(difference.value, is_share)}"
    if math.isnan(difference.low):
        bounds = f"({difference.reason})"
    else:
        ends = f"{step(difference.low, is_share)} to {step(difference.high, is_share)}"
        bounds = f"(95 % interval {ends}, {p_words(p_value)})"
    told = f"{values}, {shown} {bounds} on {rows}; {changed}."
    if verdict in ("better", "worse"):
        return f"The candidate is {verdict}: {told}"
    if verdict == "tied":
        limit = f"{number(margin, is_share).removesuffix(' %')}{_points(margin, is_share)}"
        return f"The two are tied, within {limit}: {told}"
    return f"Too few rows to tell: {told} {effect_words(smallest_effect, is_share)}".rstrip()


def effect_words(smallest_effect: float, is_share: bool = True) -> str:
    """How small a difference a test set could show; empty where that is not known.

    Examples
    --------
    >>> effect_words(0.021)
    'This test set would show a difference of 2.1 points or more, four times in five.'
    """
    if math.isnan(smallest_effect):
        return ""
    if is_share and smallest_effect > 1:
        return "This test set is too small to show any difference."
    least = number(smallest_effect, is_share).removesuffix(" %")
    return (
        f"This test set would show a difference of {least}{_points(smallest_effect, is_share)} or "
        "more, four times in five."
    )


def metric_words(metric: str) -> str:
    """A metric as a sentence says it.

    Examples
    --------
    >>> metric_words("f1_macro"), metric_words("accuracy_at_level.2"), metric_words("bert_score")
    ('macro F1', 'accuracy at level 2', 'BERTScore')
    """
    return _NAMES.get(metric, metric.replace("_", " ").replace(".", " "))


def number(value: float, is_share: bool = True) -> str:
    """A value as a sentence says it: a share in per cent.

    Examples
    --------
    >>> number(0.8421), number(1.25, is_share=False)
    ('84.2 %', '1.25')
    """
    if math.isnan(value):
        return "undefined"
    return f"{100 * value:.1f} %" if is_share else f"{value:.2f}"


def step(value: float, is_share: bool = True) -> str:
    """A difference with its sign, in points where it is of shares.

    Examples
    --------
    >>> step(0.051), step(-0.02), step(0.0)
    ('+5.1', '−2.0', '0.0')
    """
    text = f"{100 * value:+.1f}" if is_share else f"{value:+.2f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def p_words(p_value: float) -> str:
    """A p-value as a sentence says it.

    Examples
    --------
    >>> p_words(0.00042), p_words(0.0703), p_words(1e-9), p_words(1.0)
    ('p = .0004', 'p = .07', 'p < .0001', 'p = 1')
    """
    if math.isnan(p_value):
        return "no test"
    if p_value < 0.0001:
        return "p < .0001"
    text = f"{p_value:.4f}" if p_value < 0.001 else f"{p_value:.3f}" if p_value < 0.01 else ""
    text = text or f"{p_value:.2f}"
    return f"p = {'1' if float(text) == 1 else text.lstrip('0')}"


def _points(value: float, is_share: bool) -> str:
    if not is_share:
        return ""
    return " point" if f"{abs(100 * value):.1f}" == "1.0" else " points"
