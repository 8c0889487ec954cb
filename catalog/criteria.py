"""By what an answer to a question is judged, by models and by people."""

from __future__ import annotations

from typing import Literal, get_args

Criterion = Literal["relevance", "faithfulness"]
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)
