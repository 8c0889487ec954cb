"""Texts as vectors by any embedding model of this machine: static, or a sentence transformer."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from catalog.errors import InputError
from curation.llm.embeddings import Encoder, embedding_mark, model_folder, open_encoder

INSTALL = "pip install 'goldshelf[sentence-transformers]'"
_MODULES = "modules.json"
_BATCH = 64


def open_any_encoder(name: str) -> Encoder:
    """Read an embedding model of either kind; the same one is read once.

    The vector of a text by a transformer may differ in the last digits with the texts that are
    encoded beside it, and from machine to machine.

    Parameters
    ----------
    name
        A folder, or a model of the Hugging Face hub, which is fetched the first time. One whose
        ``modules.json`` names a transformer is read by sentence-transformers, any other by
        model2vec.

    Raises
    ------
    InputError
        If the package that reads it is not installed, there is no such model, or it is none.
    """
    folder = model_folder(name)
    if not is_sentence_transformer(folder):
        return open_encoder(name)
    if importlib.util.find_spec("sentence_transformers") is None:
        raise InputError(
            f"embedding {name!r} is a sentence transformer, and sentence-transformers is not "
            f"installed. Run `{INSTALL}`, or name a static model."
        )
    return _opened(name, str(folder), embedding_mark(name))


def is_sentence_transformer(folder: Path) -> bool:
    """Whether a folder holds a model of sentence-transformers that model2vec does not read.

    Raises
    ------
    InputError
        If its list of modules cannot be read.
    """
    path = folder / _MODULES
    if not path.is_file():
        return False
    try:
        kinds = [str(module["type"]) for module in json.loads(path.read_bytes())]
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"{path}: expected a list of modules, each with its type, as sentence-transformers "
            "writes it."
        ) from None
    return not any(kind.endswith("StaticEmbedding") for kind in kinds)


@dataclass(frozen=True, eq=False)
class _SentenceTransformer:
    model: Any
    dim: int

    def encode(self, texts: list[str], *, use_multiprocessing: bool) -> np.ndarray:
        """As model2vec's models do it; one process."""
        found: np.ndarray = self.model.encode(texts, batch_size=_BATCH, show_progress_bar=False)
        return found


@lru_cache(maxsize=2)
def _opened(name: str, folder: str, mark: str) -> Encoder:
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of the reading of the weights
    try:
        model = SentenceTransformer(
            folder, device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
        )
        dim = len(model.encode("a", show_progress_bar=False))
    except Exception as error:  # its readers of files raise what they like
        told = " ".join(str(error).split())[:200]
        raise InputError(
            f"embedding {name!r}: {folder} cannot be read by sentence-transformers ({told}). Name "
            "a folder with modules.json and weights in safetensors."
        ) from None
    return Encoder(name, mark, _SentenceTransformer(model, dim))
