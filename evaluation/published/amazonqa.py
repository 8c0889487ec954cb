"""AmazonQA (Gupta et al. 2019): BLEU-1 to 4 and ROUGE-L of the COCO captions, over characters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.metrics.summed_metric import SummedMetric
from evaluation.published.definition import Definition, Source
from evaluation.tasks.question_texts import REFERENCES

ORDERS = 4
_MOST = 4_000
_BETA = 1.2
_SMALL, _TINY = 1e-9, 1e-15


@dataclass(frozen=True, eq=False)
class ScriptAnswers:
    """A run as the script reads it.

    Attributes
    ----------
    sums
        Lengths of answer and closest reference, right and all n-grams of each order, ``(10, n)``;
        zeros where a row is left out.
    rouge_l, is_kept
        ROUGE-L of each row, 0 where it is left out; and whether it is kept, ``(n,)``.
    """

    sums: np.ndarray
    rouge_l: np.ndarray
    is_kept: np.ndarray
    clusters: np.ndarray | None
    counts: Mapping[str, int]
    dropped: Mapping[str, int]


def script_tokens(text: str) -> list[str]:
    """What the script takes for words: each character, in lower case, white space emptied.

    Examples
    --------
    >>> script_tokens("It is"), script_tokens("")
    (['i', 't', '', 'i', 's'], [''])
    """
    return " ".join(one.strip().lower() for one in text).split(" ")


def bleu_sums(references: Sequence[str], answer: str) -> list[int]:
    """What the COCO captions' BLEU sums of one answer: 10 numbers; empty tokens are none there.

    Examples
    --------
    >>> bleu_sums(["abc", "ab"], "ab d")
    [3, 3, 2, 1, 0, 0, 3, 2, 1, 0]
    """
    told = _words(answer)
    golds = [_words(one) for one in references]
    closest = min((abs(len(one) - len(told)), len(one)) for one in golds)[1]
    right, given = [], []
    for order in range(1, ORDERS + 1):
        most: Counter[tuple[str, ...]] = Counter()
        for one in golds:
            most |= _ngrams(one, order)
        ours = _ngrams(told, order)
        right.append((ours & most).total())
        given.append(max(0, len(told) - order + 1))
    return [len(told), closest, *right, *given]


def _words(text: str) -> list[str]:
    return " ".join(script_tokens(text)).split()


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def bleu_of(order: int) -> Callable[[np.ndarray], np.ndarray]:
    """BLEU up to an order from sums, shape ``(10, r)``, with the script's small constants."""

    def value(sums: np.ndarray) -> np.ndarray:
        right, given = sums[2 : 2 + order], sums[2 + ORDERS : 2 + ORDERS + order]
        product = np.prod((right + _TINY) / (given + _SMALL), axis=0)
        ratio = (sums[0] + _TINY) / (sums[1] + _SMALL)
        return np.asarray(product ** (1 / order) * np.exp(np.minimum(0.0, 1 - 1 / ratio)))

    return value


def script_rouge_l(references: Sequence[str], answer: str) -> float:
    """The COCO captions' ROUGE-L: F with beta 1.2 of the best precision and the best recall.

    Examples
    --------
    >>> script_rouge_l(["abcd"], "ab"), script_rouge_l(["abcd", "ab"], "ab")
    (0.6288659793814433, 1.0)
    """
    told = script_tokens(answer)[:_MOST]
    golds = [script_tokens(one)[:_MOST] for one in references]
    shared = [_longest(told, one) for one in golds]
    precision = max(shared) / len(told)
    recall = max(n / len(one) for n, one in zip(shared, golds, strict=True))
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _longest(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence; bits in parallel (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for at, one in enumerate(first):
        places[one] = places.get(one, 0) | 1 << at
    whole = (1 << len(first)) - 1
    rows = whole
    for one in second:
        hits = rows & places.get(one, 0)
        rows = ((rows + hits) | (rows - hits)) & whole
    return (whole & ~rows).bit_count()


def _read(rows: pl.DataFrame, clusters: np.ndarray | None) -> ScriptAnswers:
    said = rows.select(pl.coalesce("parsed", "raw_output")).to_series()
    is_failed = (rows["error"].str.strip_chars() != "").fill_null(False)
    sums, scores = np.zeros((2 + 2 * ORDERS, rows.height)), np.zeros(rows.height)
    kept = np.zeros(rows.height, dtype=bool)
    n_silent = n_bare = n_long = 0
    for n, (gold, text) in enumerate(zip(rows[REFERENCES], said, strict=True)):
        references = json.loads(gold)
        if text is None or is_failed[n]:
            n_silent += 1
        elif not references:
            n_bare += 1
        else:
            kept[n] = True
            sums[:, n] = bleu_sums(references, text)
            scores[n] = script_rouge_l(references, text)
            n_long += max(map(len, [text, *references])) > _MOST
    return ScriptAnswers(
        sums,
        scores,
        kept,
        clusters,
        {"questions scored": int(kept.sum())},
        {
            "questions without a prediction, which vanish from both files": n_silent,
            "questions without a gold answer, on which the script stops; left out here": n_bare,
            f"texts of over {_MOST:,} characters, cut here for ROUGE-L": n_long,
        },
    )


def _bleu_metric(order: int) -> SummedMetric[ScriptAnswers]:
    return SummedMetric(
        f"bleu_{order}",
        f"the COCO captions' BLEU-{order} over characters: geometric mean of the precision of n-grams "
        f"of 1 to {order} characters, summed over the kept questions, with a brevity penalty",
        lambda answers: answers.sums,
        bleu_of(order),
        "the script keeps no question",
    )


_METRICS: dict[str, Metric[ScriptAnswers]] = {
    **{f"bleu_{order}": _bleu_metric(order) for order in range(1, ORDERS + 1)},
    "rouge_l": RatioMetric(
        "rouge_l",
        "mean over the kept questions of the COCO captions' ROUGE-L over characters: F with beta 1.2 "
        "of the best precision and the best recall, which may be of different references",
        lambda answers: Sums(answers.rouge_l, answers.is_kept.astype(float)),
        "the script keeps no question",
    ),
}

AMAZONQA = Definition(
    "amazonqa",
    "answers",
    Source("amazonqa/amazonqa", "src/evaluation/evaluate.py", "6894b1a"),
    "BLEU-1 to BLEU-4 and ROUGE-L of the COCO captions scripts over lower-cased answers, one "
    "prediction a question, several references",
    (
        "the texts are put together from single characters, not words: the line that parted words is "
        "commented out, so that BLEU-4 is of 4 characters and far higher than any BLEU of words",
        "create_eval_files.py writes predicted questions alone to both files: a question that is not "
        "answered vanishes, and with it what it would have cost",
        "for ROUGE-L each white space is a token; BLEU drops them",
        "'No Answer Present.' is a text like any other",
        "METEOR, CIDEr and the semantic similarity are left out: they need models or the whole corpus",
        "with --multiple it averages the least, the mean and the best over references; not given here",
    ),
    _read,
    _METRICS,
    "rouge_l",
)
