"""By what an answer to a question is judged, by models and by people."""

from __future__ import annotations

from typing import Literal, get_args

Criterion = Literal["relevance", "faithfulness"]
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)
CRITERION_WORDS: dict[Criterion, str] = {
    "relevance": "relevance to the question",
    "faithfulness": "faithfulness to the contexts",
}
ASKED: dict[Criterion, str] = {
    "relevance": "Is this answer relevant to its question?",
    "faithfulness": "Do these texts support everything that this answer says?",
}
"""What models and people are asked."""
YES_MEANS: dict[Criterion, str] = {
    "relevance": "Yes: it speaks to what the question asks, and says something of use about it. "
    "Whether it is true is not asked.",
    "faithfulness": "Yes: everything that it says of the product follows from the texts, in whatever "
    "words. What they do not say, or contradict, is not supported, even if you know it to be true.",
}
"""What people are told beside it; models are told the same at greater length."""
