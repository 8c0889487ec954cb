"""Texts as vectors by a static embedding model on this machine: likeness of meaning, not of words.

Static models (model2vec, and sentence-transformers' ``StaticEmbedding``) look each token up and
take the mean: tens of thousands of texts a second on one core, and the vector of a text is the
same whatever else is encoded with it. That of a transformer is not, to the last digit, and a
candidate that changes with its neighbours would make another question of the same record.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from catalog.errors import InputError
from curation.annotators.nearest import NOBODY

_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_STEPS = 4000
_CELLS = 4_000_000
_TEXTS_AT_ONCE = 4096
_LOCK = threading.Lock()


@dataclass(frozen=True, eq=False)
class Encoder:
    """An embedding model, ready to encode.

    Attributes
    ----------
    name
        As the settings say it.
    mark
        The hash of its files.
    """

    name: str
    mark: str
    model: Any

    def vectors(self, texts: Iterable[str]) -> np.ndarray:
        """Unit vectors, each part rounded to 1 / 4,000 and told as a whole number.

        Their products, and all sums on the way, are whole numbers below ``2 ** 24`` (up to 9,000
        dimensions), so exact in ``float32`` in whatever order they are added: the same texts are
        equally near on any machine.

        Returns
        -------
        Shape ``(n_texts, n_dimensions)``; zeros for a text without any token that is known.
        """
        held = list(texts)
        parts = [np.zeros((0, self.model.dim), np.float32)]
        for first in range(0, len(held), _TEXTS_AT_ONCE):
            with _LOCK:  # the tokeniser is changed and changed back while it works
                found = self.model.encode(
                    held[first : first + _TEXTS_AT_ONCE], use_multiprocessing=False
                )
            found = found.astype(np.float64)
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
            np.divide(found, lengths, out=found, where=lengths > 0)
            parts.append(np.rint(found * _STEPS).astype(np.float32))
        return np.concatenate(parts)


def open_encoder(name: str) -> Encoder:
    """Read an embedding model; the same one is read once.

    Parameters
    ----------
    name
        A folder, or a model of the Hugging Face hub, which is fetched the first time.

    Raises
    ------
    InputError
        If model2vec is not installed, or there is no such model, or it is none of this kind.
    """
    if importlib.util.find_spec("model2vec") is None:
        raise InputError(
            f"embedding {name!r}: model2vec is not installed. Run `pip install "
            "'goldshelf[embeddings]'`, or leave `embedding` out."
        )
    return _opened(name, str(model_folder(name)), embedding_mark(name))


def embedding_mark(name: str) -> str:
    """The hash of the files of a model that is on this machine: another model, another hash.

    Nothing is fetched.

    Raises
    ------
    InputError
        If the model is not here.
    """
    folder = model_folder(name, may_fetch=False)
    files = sorted({path for pattern in _FILES for path in folder.rglob(pattern)})
    told = [(str(path), path.stat()) for path in files]
    return _hash(str(folder), tuple((p, s.st_size, s.st_mtime_ns) for p, s in told))


def model_folder(name: str, *, may_fetch: bool = True) -> Path:
    """Where the files of a model are.

    Parameters
    ----------
    name
        A folder, or a model of the Hugging Face hub.
    may_fetch
        Whether a model of the hub that is not on this machine is fetched.

    Raises
    ------
    InputError
        If it is nowhere.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # slow to import

    why: Exception | None = None
    for is_here_only in (True, False) if may_fetch else (True,):
        try:
            found = snapshot_download(
                name, allow_patterns=list(_FILES), local_files_only=is_here_only
            )
        except (OSError, ValueError, httpx2.HTTPError) as error:
            why = error
        else:
            return Path(found)
    raise InputError(
        f"embedding {name!r}: no such folder, and no model of the Hugging Face hub by this name is "
        f"here or could be fetched ({type(why).__name__}). Name a folder with a model, or leave "
        "`embedding` out."
    ) from None


def nearest_by_meaning(queries: np.ndarray, vectors: np.ndarray, k: int) -> np.ndarray:
    """The ``k`` vectors with the highest cosine with each query, the highest first.

    Equal ones in the order of their numbers.

    Parameters
    ----------
    queries, vectors
        As `Encoder.vectors` gives them, of shapes ``(n_queries, d)`` and ``(n_vectors, d)``.

    Returns
    -------
    Numbers of vectors, shape ``(n_queries, min(k, n_vectors))``; `NOBODY` for a query of zeros.

    Examples
    --------
    >>> nearest_by_meaning(np.array([[3.0, 1.0], [0.0, 0.0]]), np.eye(2), 2).tolist()
    [[0, 1], [-1, -1]]
    """
    n = len(vectors)
    found = np.full((len(queries), min(k, n)), NOBODY, np.int32)
    step = max(1, _CELLS // max(1, n))
    for first in range(0, len(queries) if n else 0, step):
        some = queries[first : first + step]
        cost = np.arange(n) - (some @ vectors.T).astype(np.float64) * n
        best = np.argpartition(cost, found.shape[1] - 1, axis=1)[:, : found.shape[1]]
        order = np.argsort(np.take_along_axis(cost, best, axis=1), axis=1)
        best = np.take_along_axis(best, order, axis=1)
        found[first : first + step] = np.where(some.any(axis=1, keepdims=True), best, NOBODY)
    return found


@lru_cache(maxsize=4)
def _opened(name: str, folder: str, mark: str) -> Encoder:
    from model2vec import StaticModel

    try:
        return Encoder(name, mark, StaticModel.from_pretrained(folder))
    except Exception as error:  # its readers of files raise what they like
        told = " ".join(str(error).split())[:200]
        raise InputError(
            f"embedding {name!r}: {folder} is not a static embedding model ({told}). Name one that "
            "model2vec reads, such as minishlab/potion-base-8M."
        ) from None


@lru_cache(maxsize=8)
def _hash(folder: str, files: tuple[tuple[str, int, int], ...]) -> str:
    found = hashlib.sha256()
    for path, size, _ in files:
        found.update(f"{Path(path).relative_to(folder).as_posix()} {size}\n".encode())
        with Path(path).open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()[:16]
