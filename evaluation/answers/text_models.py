"""Models that metrics of meaning rest on: none is fetched unless it is asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

INSTALL_BERTSCORE = "pip install 'goldshelf[bertscore]'"
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_BATCH = 32


class Encodes(Protocol):
    """An embedding model."""

    @property
    def name(self) -> str:
        """As the settings say it."""

    def vectors(self, texts: Iterable[str]) -> np.ndarray:
        """A vector for each text, zeros where it knows no word of it, shape ``(n, d)``."""


@dataclass(frozen=True)
class BertModel:
    """A model for BERTScore (Zhang et al. 2020).

    Attributes
    ----------
    name
        A folder, or a model of the Hugging Face hub; None where none is asked for.
    may_fetch
        Whether a model of the hub that is not on this machine is fetched.
    """

    name: str | None = None
    may_fetch: bool = False

    @property
    def lacks(self) -> str | None:
        """What is not there for it to be used; None where all is."""
        if self.name is None:
            return "no model is set: --bertscore, or bertscore in [score], names one"
        if importlib.util.find_spec("bert_score") is None:
            return f"bert-score is not installed: {INSTALL_BERTSCORE}"
        if self.folder is None:
            return f"{self.name} is not on this machine: `hf download {self.name}` fetches it"
        return None

    @property
    def folder(self) -> Path | None:
        """Where its files are; None where they are not."""
        if self.name is None:
            return None
        folder = Path(self.name).expanduser()
        if folder.is_dir():
            return folder
        return _held(self.name) or (_fetched(self.name) if self.may_fetch else None)

    def scores(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
        """BERTScore F of each answer with its best reference, by `bert_score`, shape ``(n,)``.

        Without idf and baseline rescaling. The layer is the one that the package recommends; the
        last where it knows none.
        """
        if not answers:
            return np.zeros(0)
        scorer = _scorer(str(self.folder), Path(str(self.name)).name)
        _, _, found = scorer.score(
            list(answers), [list(one) for one in references], batch_size=_BATCH
        )
        return np.asarray(found.numpy(), dtype=float)


def _held(name: str, *, is_here_only: bool = True) -> Path | None:
    """Where a model of the hub is; None where it is not, which may change at any time."""
    from huggingface_hub import snapshot_download  # slow to import

    try:
        found = snapshot_download(name, allow_patterns=_FILES, local_files_only=is_here_only)
    except (OSError, ValueError):  # not here, no such model, no network: all the same
        return None
    return Path(found)


@lru_cache(maxsize=8)
def _fetched(name: str) -> Path | None:
    return _held(name, is_here_only=False)


@lru_cache(maxsize=1)
def _scorer(folder: str, name: str) -> Any:
    from bert_score import BERTScorer
    from bert_score.utils import model2layers
    from transformers import AutoConfig

    known = {key.rpartition("/")[2]: layers for key, layers in model2layers.items()}
    config = AutoConfig.from_pretrained(folder)
    layers = known.get(name) or config.num_hidden_layers
    scorer = BERTScorer(
        model_type=folder, num_layers=layers, idf=False, rescale_with_baseline=False
    )
    # A tokenizer that names no length takes texts that the model cannot.
    tokenizer = scorer._tokenizer
    tokenizer.model_max_length = min(tokenizer.model_max_length, config.max_position_embeddings)
    return scorer
