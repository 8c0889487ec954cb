"""Questions answered in free text: is there an answer, is it right, do the reviews support it?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from catalog.criteria import Criterion
from evaluation.answers.answer_words import content_words, sentences
from evaluation.answers.squad import squad_f1, squad_normalised
from evaluation.answers.text_models import BertModel
from evaluation.metrics.calibration import calibration_metrics
from evaluation.metrics.metric import Metric, RatioMetric, Sums
from evaluation.metrics.summed_metric import SummedMetric
from evaluation.tasks.answer_scores import (
    INSTALL,
    N_SUMS,
    bleu_signature,
    bleu_tokenizer,
    corpus_bleu,
    is_installed,
    rouge_l,
    sentence_bleu,
)
from evaluation.tasks.judged_answers import Judgements, judged_metrics
from evaluation.tasks.question_texts import (
    ANSWERABLE,
    CONTEXTS,
    QUESTION,
    READY,
    REFERENCES,
    SOURCES,
    Said,
    answers_gold,
    said_answer,
)
from evaluation.tasks.row_answers import (
    LABEL,
    RowAnswers,
    TaskKind,
    by_name,
    outcome_metrics,
    said,
    share,
)

ALWAYS_ANSWERED = "always answered: every question taken to have an answer"
ALWAYS_NULL = "always null: no question answered"
FIRST_CONTEXT = "the first context of each question as its answer"
RIGHT_FROM = 0.5
"""Token F1 from which an answer counts as right, in accuracy and among the flips."""
SUPPORTED_FROM = 0.5
"""Share of its content words that one context must have for a sentence to be supported."""
_ASKED = "mean over the gold rows that can be answered and have a gold answer"
_EMPTY = "no gold row can be answered and has a gold answer"
_ZERO = "a row without an answer counts 0"


@dataclass(frozen=True, eq=False)
class QuestionAnswers(RowAnswers):
    """One run's answers to questions.

    Attributes
    ----------
    references, contexts
        The gold answers and the given reviews of each row; either may be empty.
    is_answerable
        Whether each question can be answered, by the gold, ``(n,)``.
    takes_answerable
        1 where the run gives an answer, 0 where it says that there is none, NaN where it does
        neither, ``(n,)``.
    bert
        The model of BERTScore.
    questions
        What was asked, null where the gold does not say; None where it never does.
    judged
        What a judge says of the answers, by criterion.
    """

    references: list[list[str]]
    contexts: list[list[str]]
    is_answerable: np.ndarray
    takes_answerable: np.ndarray
    bert: BertModel = field(default=BertModel(), kw_only=True)
    questions: pl.Series | None = field(default=None, kw_only=True)
    judged: Mapping[Criterion, Judgements] = field(default_factory=dict, kw_only=True)

    @cached_property
    def asked(self) -> np.ndarray:
        """The rows that can be answered and have a gold answer, shape ``(m,)``."""
        has_gold = np.array([bool(texts) for texts in self.references], dtype=bool)
        return np.flatnonzero(self.is_answerable & has_gold)

    @cached_property
    def texts(self) -> list[str]:
        """The answers, empty where there is none."""
        return self.answer_text.fill_null("").to_list()

    def by_row(self, score: Callable[[list[str], str], float]) -> np.ndarray:
        """A score of each asked row from its gold answers and its answer, ``(n,)``; 0 without one."""
        found = np.zeros(self.n_rows)
        for row in self.asked.tolist():
            if self.texts[row]:
                found[row] = score(self.references[row], self.texts[row])
        return found

    @cached_property
    def token_f1(self) -> np.ndarray:
        """SQuAD's F1 with the best gold answer, ``(n,)``."""
        return self.by_row(lambda gold, answer: max(squad_f1(one, answer) for one in gold))

    @cached_property
    def exact_match(self) -> np.ndarray:
        """Whether it is a gold answer after SQuAD's normalisation, ``(n,)``."""
        return self.by_row(
            lambda gold, answer: float(squad_normalised(answer) in map(squad_normalised, gold))
        )

    @cached_property
    def rouge_l(self) -> np.ndarray:
        """ROUGE-L with the best gold answer, ``(n,)``."""
        return self.by_row(rouge_l)

    @cached_property
    def bert_score(self) -> np.ndarray:
        """BERTScore F with the best gold answer, ``(n,)``; the model has to be there."""
        found = np.zeros(self.n_rows)
        rows = [row for row in self.asked.tolist() if self.texts[row]]
        found[rows] = self.bert.scores(
            [self.texts[row] for row in rows], [self.references[row] for row in rows]
        )
        return found

    @cached_property
    def bleu_tokenizer(self) -> str:
        """How sacrebleu parts the words: the gold decides."""
        return bleu_tokenizer([self.references[row] for row in self.asked.tolist()])

    @cached_property
    def bleu(self) -> tuple[np.ndarray, np.ndarray]:
        """BLEU of each answer, ``(n,)``, and what corpus BLEU sums, ``(10, n)``."""
        scores, sums = np.zeros(self.n_rows), np.zeros((N_SUMS, self.n_rows))
        for row in self.asked.tolist():
            scores[row], sums[:, row] = sentence_bleu(
                self.references[row], self.texts[row], self.bleu_tokenizer
            )
        return scores, sums

    @cached_property
    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """The share of content words, and of sentences, that the contexts support, ``(n,)`` each.

        0 where an answer was to be given and is not there; NaN where there is nothing to judge.
        """
        words, parts = np.full(self.n_rows, np.nan), np.full(self.n_rows, np.nan)
        for row, (contexts, answer) in enumerate(zip(self.contexts, self.texts, strict=True)):
            if not contexts:
                continue
            if answer:
                words[row], parts[row] = supported(answer, contexts)
            elif self.is_answerable[row]:
                words[row] = parts[row] = 0.0
        return words, parts

    @cached_property
    def is_correct(self) -> np.ndarray:
        """Right answers, and no answer where there is none to give."""
        declined = ~self.is_answerable & (self.takes_answerable == 0)
        has_gold = np.zeros(self.n_rows, dtype=bool)
        has_gold[self.asked] = True
        return np.asarray(declined | (has_gold & (self.token_f1 >= RIGHT_FROM)))

    @cached_property
    def slices(self) -> tuple[pl.Series, np.ndarray]:
        """Questions that can be answered, and others."""
        return pl.Series(LABEL, ["no answer", "can be answered"]), self.is_answerable.astype(int)

    @property
    def gold_counts(self) -> dict[str, int]:
        """Questions, and how many of them have what."""
        n_yes = int(self.is_answerable.sum())
        return {
            "can be answered": n_yes,
            "no answer": self.n_rows - n_yes,
            "with a gold answer": len(self.asked),
            "with contexts": sum(map(bool, self.contexts)),
        }


def supported(answer: str, contexts: Sequence[str]) -> tuple[float, float]:
    """How much of an answer the contexts say themselves: a lexical measure, no judgement of sense.

    A paraphrase counts against an answer, and a "not" that the contexts lack does not.

    Returns
    -------
    The share of its distinct content words that stand in any context; and the share of its
    sentences of whose content words one context has at least half. Sentences without a content
    word are left out; both are NaN where the answer has none.

    Examples
    --------
    >>> supported("Yes. It is steel. Very light.", ["a steel mug", "heavy"])
    (0.5, 0.5)
    """
    held = [content_words(context) for context in contexts]
    everywhere = set().union(*held)
    words = content_words(answer)
    if not words:
        return float("nan"), float("nan")
    told = [one for one in map(content_words, sentences(answer)) if one]
    shares = [max(len(one & some) for some in held) / len(one) for one in told]
    n_supported = sum(one >= SUPPORTED_FROM for one in shares)
    return len(words & everywhere) / len(words), n_supported / len(told)


def question_answers(
    joined_rows: Sequence[pl.DataFrame], clusters: np.ndarray | None
) -> list[QuestionAnswers]:
    """The answers of several runs to the same questions."""
    first = joined_rows[0]
    references, contexts = (
        [json.loads(text) for text in first[name]] for name in (REFERENCES, CONTEXTS)
    )
    is_answerable = (first[ANSWERABLE] == "yes").to_numpy()
    read = []
    for rows in joined_rows:
        texts, known = said(rows)
        told = [
            said_answer(text) if outcome is None else Said(None, outcome)
            for text, outcome in zip(texts, known, strict=True)
        ]
        outcomes = pl.Series([one.outcome for one in told], dtype=pl.String)
        takes = outcomes.replace_strict(
            ["answered", "null"], [1.0, 0.0], default=None, return_dtype=pl.Float64
        )
        read.append(
            QuestionAnswers(
                rows["example_id"],
                rows[LABEL],
                pl.Series([one.text for one in told], dtype=pl.String),
                outcomes,
                clusters,
                references,
                contexts,
                is_answerable,
                takes.fill_null(float("nan")).to_numpy(),
                questions=first[QUESTION] if QUESTION in first.columns else None,
            )
        )
    return read


def _over_asked(
    scores: Callable[[QuestionAnswers], np.ndarray],
) -> Callable[[QuestionAnswers], Sums]:
    def sums(answers: QuestionAnswers) -> Sums:
        is_asked = np.zeros(answers.n_rows)
        is_asked[answers.asked] = 1.0
        return Sums(scores(answers) * is_asked, is_asked)

    return sums


def _asked_mean(
    name: str,
    words: str,
    scores: Callable[[QuestionAnswers], np.ndarray],
    package: str | None = None,
) -> RatioMetric[QuestionAnswers]:
    definition = f"{_ASKED} of {words}; {_ZERO}"
    sums, empty = _over_asked(scores), _EMPTY
    if package is not None and not is_installed(package.replace("-", "_")):
        empty = f"{package} is not installed: {INSTALL}"
        sums = _nothing
    return RatioMetric(name, definition, sums, empty=empty, is_set_by_gold=True)


def _nothing(answers: QuestionAnswers) -> Sums:
    return Sums(np.zeros(answers.n_rows), np.zeros(answers.n_rows))


def _corpus_bleu(answers: Sequence[QuestionAnswers]) -> SummedMetric[QuestionAnswers]:
    definition = (
        "corpus BLEU (Papineni et al. 2002) by sacrebleu over the gold rows that can be answered and "
        "have a gold answer, an empty text standing for a missing answer; n-grams of up to 4 words, "
        "exponential smoothing, case counts"
    )
    if not is_installed("sacrebleu"):
        return SummedMetric(
            "bleu",
            definition,
            lambda answers: np.zeros((N_SUMS, answers.n_rows)),
            corpus_bleu,
            f"sacrebleu is not installed: {INSTALL}",
        )
    if answers:
        asked = [answers[0].references[row] for row in answers[0].asked.tolist()]
        definition += f"; {bleu_signature(asked, answers[0].bleu_tokenizer)}"
    return SummedMetric("bleu", definition, lambda one: one.bleu[1], corpus_bleu, _EMPTY)


def _bert_score(answers: Sequence[QuestionAnswers]) -> RatioMetric[QuestionAnswers]:
    model = answers[0].bert if answers else BertModel()
    named = f" of {model.name}" if model.name else ""
    words = (
        f"BERTScore F (Zhang et al. 2020){named} with the best gold answer, by bert-score, without "
        "idf and baseline rescaling: unlike texts have .8 and more"
    )
    lacks = model.lacks
    sums = _nothing if lacks else _over_asked(lambda one: one.bert_score)
    return RatioMetric(
        "bert_score", f"{_ASKED} of {words}; {_ZERO}", sums, empty=lacks or _EMPTY,
        is_set_by_gold=True,
    )  # fmt: skip


def _faithful(at: int) -> Callable[[QuestionAnswers], Sums]:
    def sums(answers: QuestionAnswers) -> Sums:
        found = answers.support[at]
        return Sums(np.nan_to_num(found), (~np.isnan(found)).astype(float))

    return sums


def _answerability(answers: QuestionAnswers) -> Sums:
    return share(answers.takes_answerable == answers.is_answerable)


def _answerability_f1(answers: QuestionAnswers) -> Sums:
    yes = answers.is_answerable.astype(float)
    told = (answers.takes_answerable == 1).astype(float)
    return Sums(2 * yes * told, yes + told)


def _hallucinated(answers: QuestionAnswers) -> Sums:
    no = ~answers.is_answerable
    return Sums((no & (answers.takes_answerable == 1)).astype(float), no.astype(float))


def answer_metrics(answers: Sequence[QuestionAnswers]) -> dict[str, Metric[QuestionAnswers]]:
    """Every metric by name."""
    judged = (
        "over the gold rows with contexts that can be answered or are answered; a row to be answered "
        "and without an answer counts 0, an answer without a content word is left out"
    )
    nothing_judged = "no gold row has contexts and an answer to be judged by them"
    return by_name(
        [
            _asked_mean(
                "token_f1",
                "the overlap of words as F1 with the best gold answer (SQuAD: lower case, no "
                "ASCII punctuation, no articles; of scripts without spaces each character is a word)",
                lambda answers: answers.token_f1,
            ),
            _asked_mean(
                "exact_match",
                "whether the answer is one of the gold's after SQuAD's normalisation",
                lambda answers: answers.exact_match,
            ),
            RatioMetric(
                "accuracy",
                f"share of all gold rows with token F1 of at least {RIGHT_FROM:g}, or without an "
                "answer where there is none to give and the run says so",
                lambda answers: share(answers.is_correct),
                is_set_by_gold=True,
            ),
            _asked_mean(
                "rouge_l",
                "ROUGE-L F with the best gold answer, by rouge-score with Porter's stemmer; words of "
                "any script, of those without spaces each character; the first 1,000 words",
                lambda answers: answers.rouge_l,
                "rouge-score",
            ),
            _asked_mean(
                "sentence_bleu",
                "sacrebleu's BLEU of the answer alone against all its gold answers (effective order, "
                "exponential smoothing)",
                lambda answers: answers.bleu[0],
                "sacrebleu",
            ),
            _corpus_bleu(answers),
            _bert_score(answers),
            RatioMetric(
                "answerability_accuracy",
                "share of all gold rows that are answered where the question can be answered, and "
                "null where it cannot; a row that is neither is wrong",
                _answerability,
                is_set_by_gold=True,
            ),
            RatioMetric(
                "answerability_f1",
                "F1 of yes: 2 answered rows that can be answered / (rows that can be answered + "
                "answered rows)",
                _answerability_f1,
                empty="no question can be answered, and none is",
            ),
            RatioMetric(
                "hallucination_rate",
                "share of the gold rows that cannot be answered that are answered all the same",
                _hallucinated,
                empty="every question can be answered",
                is_set_by_gold=True,
                higher_is_better=False,
            ),
            RatioMetric(
                "faithfulness",
                "mean share of the answer's distinct content words (all but English function words) "
                f"that stand in the given contexts; {judged}",
                _faithful(0),
                empty=nothing_judged,
            ),
            RatioMetric(
                "faithful_sentences",
                "mean share of the answer's sentences of whose content words one context has at "
                f"least half; {judged}",
                _faithful(1),
                empty=nothing_judged,
            ),
            *judged_metrics(answers),
            *outcome_metrics(),
            *calibration_metrics(),
        ]
    )


_LINE = ("token_f1", "exact_match", "accuracy", "answerability_accuracy", "answerability_f1")


def answer_lines(answers: QuestionAnswers) -> dict[str, Mapping[str, float]]:
    """Every question answered, none, and the first context of each as its answer."""
    yes = float(answers.is_answerable.mean())
    lines: dict[str, Mapping[str, float]] = {
        ALWAYS_ANSWERED: {"answerability_accuracy": yes, "answerability_f1": 2 * yes / (1 + yes)},
        ALWAYS_NULL: _line(answers, [None] * answers.n_rows),
    }
    if any(answers.contexts):
        firsts = [texts[0] if texts else None for texts in answers.contexts]
        lines[FIRST_CONTEXT] = _line(answers, firsts)
    return lines


def _line(answers: QuestionAnswers, texts: Sequence[str | None]) -> dict[str, float]:
    """What answers from the gold file alone would score."""
    told = pl.Series(texts, dtype=pl.String)
    constant = replace(
        answers,
        answer_text=told,
        outcomes=pl.Series(["null" if text is None else "answered" for text in texts]),
        takes_answerable=told.is_not_null().cast(pl.Float64).to_numpy(),
        clusters=None,
        confidence=None,
    )
    metrics = answer_metrics([])
    return {name: metrics[name].statistic(constant).value for name in _LINE}


ANSWERS = TaskKind(
    "answers",
    "answers is a text or a list of texts (also called answer, label); is_answerable, and contexts "
    "(context, reviews, review_snippets) where there are",
    None,
    question_answers,
    answer_metrics,
    "token_f1",
    answer_lines,
    ready=answers_gold,
    columns=READY,
    sources=SOURCES,
)
