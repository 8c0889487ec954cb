"""ROUGE-L and BLEU of single answers, by the packages that define them.

They are optional: `INSTALL` is what to say where one is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from evaluation.answers.answer_words import answer_words, is_unspaced

INSTALL = "pip install 'goldshelf[qa]'"
PACKAGES = ("rouge_score", "sacrebleu")
MOST_WORDS = 1_000
"""ROUGE-L compares so many words of a text: its table grows with the product of both lengths."""
N_SUMS = 10
_ORDERS = 4


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    return find_spec(package) is not None


class _Tokenizer:
    """`answer_words`, the ASCII ones of over three letters stemmed, as `rouge_score` does."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self._stem = cache(PorterStemmer().stem)

    def tokenize(self, text: str) -> list[str]:
        """The words that are compared."""
        return [
            self._stem(word) if len(word) > 3 and word.isascii() else word
            for word in answer_words(text)[:MOST_WORDS]
        ]


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Tokenizer())


def rouge_l(references: Sequence[str], answer: str) -> float:
    """ROUGE-L F-measure (Lin 2004) with the best reference, by `rouge_score`, in [0, 1].

    Porter stemmer on; equal to ``RougeScorer(["rougeL"], use_stemmer=True)`` on ASCII text of at
    most `MOST_WORDS` words.

    Examples
    --------
    >>> rouge_l(["It fits two mugs.", "No"], "it fits mugs")
    0.8571428571428571
    """
    return float(_rouge().score_multi(list(references), answer)["rougeL"].fmeasure)


def bleu_tokenizer(references: Sequence[Sequence[str]]) -> str:
    """sacrebleu's ``13a``; ``char`` where most of the references are written without spaces."""
    return "char" if is_unspaced([text for texts in references for text in texts]) else "13a"


@cache
def _bleu(tokenizer: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    return BLEU(tokenize=tokenizer, effective_order=True)


def bleu_signature(references: Sequence[Sequence[str]], tokenizer: str) -> str:
    """sacrebleu's signature of corpus BLEU over these references."""
    from sacrebleu import __version__

    sizes = {len(texts) for texts in references}
    n = sizes.pop() if len(sizes) == 1 else "var"
    return f"nrefs:{n}|case:mixed|eff:no|tok:{tokenizer}|smooth:exp|version:{__version__}"


def sentence_bleu(
    references: Sequence[str], answer: str, tokenizer: str
) -> tuple[float, list[float]]:
    """sacrebleu's BLEU of one answer in [0, 1], effective order; and what corpus BLEU sums.

    Returns
    -------
    The score; and lengths of answer and closest reference, right n-grams and all n-grams of each
    order, `N_SUMS` numbers.

    Examples
    --------
    >>> sentence_bleu(["a b c d e"], "a b c d f", "13a")[1]
    [5.0, 5.0, 4.0, 3.0, 2.0, 1.0, 5.0, 4.0, 3.0, 2.0]
    """
    found = _bleu(tokenizer).sentence_score(answer, list(references))
    lengths = (found.sys_len, found.ref_len)
    return found.score / 100, [float(n) for n in (*lengths, *found.counts, *found.totals)]


def corpus_bleu(sums: np.ndarray) -> np.ndarray:
    """Corpus BLEU (Papineni et al. 2002) from sums, in [0, 1]; sacrebleu's, exponential smoothing.

    Parameters
    ----------
    sums
        What `sentence_bleu` gives, summed over answers, shape ``(10, r)``.

    Examples
    --------
    >>> corpus_bleu(np.array([[5.0, 5, 4, 3, 2, 1, 5, 4, 3, 2]]).T).round(4)
    array([0.6687])
    """
    answered, wanted = sums[0], sums[1]
    right, given = sums[2 : 2 + _ORDERS], sums[2 + _ORDERS :]
    halved, logs = np.ones(sums.shape[1]), np.zeros(sums.shape[1])
    is_zero = (right.sum(axis=0) <= 0) | (given <= 0).any(axis=0)
    for hits, all_of in zip(right, np.maximum(given, 1.0), strict=True):
        halved = np.where(hits > 0, halved, 2 * halved)
        logs += np.log(np.where(hits > 0, hits, 1 / halved) / all_of)
    brevity = np.minimum(0.0, 1 - wanted / np.maximum(answered, 1.0))
    return np.where(is_zero, 0.0, np.exp(brevity + logs / _ORDERS))
