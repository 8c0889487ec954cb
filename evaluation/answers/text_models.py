"""Models that metrics of meaning rest on: none is fetched unless it is asked for."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from catalog.errors import InputError

INSTALL_BERTSCORE = "pip install 'goldshelf[bertscore]'"
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_OFFSET = ("roberta", "camembert", "mpnet", "longformer", "data2vec-text")
_MOST_TOKENS = 512
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
        folder = self.folder
        if folder is not None:
            return _no_model(folder)
        if _is_path(self.name):
            return f"no folder {self.name}: expected that of a model, or a name of the hub"
        return f"{self.name} is not on this machine: `hf download {self.name}` fetches it"

    @property
    def folder(self) -> Path | None:
        """Where its files are; None where they are not."""
        if self.name is None:
            return None
        folder = Path(self.name).expanduser()
        if folder.is_dir():
            return folder
        if _is_path(self.name):
            return None
        return _held(self.name) or (_fetched(self.name) if self.may_fetch else None)

    def scores(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
        """BERTScore F of each answer with its best reference, by `bert_score`, shape ``(n,)``.

        Without idf and baseline rescaling. The layer is the one that the package recommends; the
        last where it knows none.

        Raises
        ------
        InputError
            If the model cannot be loaded.
        """
        if not answers:
            return np.zeros(0)
        scorer = _scorer(str(self.folder), Path(str(self.name)).name)
        _, _, found = scorer.score(
            list(answers), [list(one) for one in references], batch_size=_BATCH
        )
        return np.asarray(found.numpy(), dtype=float)


def _is_path(name: str) -> bool:
    """Whether a name can only be a folder: names of the hub are ``NAME`` or ``OWNER/NAME``."""
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _no_model(folder: Path) -> str | None:
    """Why a folder holds no model; None where it looks like one."""
    try:
        body = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        body = None
    if not isinstance(body, dict) or "model_type" not in body:
        return f"{folder} holds no model: expected a config.json with its model_type"
    if not any(any(folder.glob(pattern)) for pattern in _WEIGHTS):
        return f"{folder} holds no weights: expected {' or '.join(_WEIGHTS)}"
    return None


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
    from safetensors import SafetensorError
    from transformers import AutoConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of the reading of the weights
    try:
        config = AutoConfig.from_pretrained(folder)
        scorer = BERTScorer(
            model_type=folder,
            num_layers=_layers(name, config.num_hidden_layers),
            idf=False,
            rescale_with_baseline=False,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        told = str(error).strip().split("\n")[0][:200]
        raise InputError(
            f"BERTScore model {folder} cannot be loaded: {told} Name another model, or none."
        ) from error
    # A tokenizer that names no length takes texts that the model cannot.
    tokenizer = scorer._tokenizer
    tokenizer.model_max_length = min(tokenizer.model_max_length, _most_tokens(config))
    return scorer


def _most_tokens(config: Any) -> int:
    """How many tokens a model takes: RoBERTa's kin and MPNet count places from behind the padding."""
    most = int(getattr(config, "max_position_embeddings", _MOST_TOKENS))
    is_offset = any(name in config.model_type for name in _OFFSET)
    return most - int(config.pad_token_id or 0) - 1 if is_offset else most


def _layers(name: str, n_layers: int) -> int:
    """The layer that bert-score recommends for a model of this name, if the model has it; the last else."""
    from bert_score.utils import model2layers

    known = {key.rpartition("/")[2]: layers for key, layers in model2layers.items()}
    return int(min(known.get(name, n_layers), n_layers))
