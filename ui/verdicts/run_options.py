"""What a person says about a run's file, the same wherever one is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from ui import files
from workspace.runs import format_options, known_formats
from workspace.runs.plain import model_settings

ACCEPTED = [*files.ACCEPTED, "eval", files.ZIP]


def format_choice(place: Any, key: str) -> str:
    """The format of the file; told from its content where nobody says."""
    known = known_formats()
    chosen: str = place.selectbox(
        "Format", list(known), key=key, format_func=lambda name: f"{name}: {known[name]}"
    )
    return chosen


def options(prefix: str, *, errors: Path | None = None, keys: Path | None = None) -> Any:
    """Which reading of a file, and the field that ties its rows.

    Parameters
    ----------
    errors, keys
        The error file of a batch, and the keys of a list of answers alone.
    """
    left, right = st.columns(2)
    reading = left.text_input(
        "Reading",
        key=f"{prefix}.filter",
        placeholder="the first",
        help="a filter of lm-eval, a scorer of Inspect, a prompt of promptfoo",
    )
    key = right.text_input("Key", key=f"{prefix}.key", placeholder="example_id, record_id or id")
    return format_options(filter=reading or None, errors=errors, keys=keys, key=key or None)


def models(prefix: str) -> Any:
    """The models that metrics of meaning rest on: of answers, and of categories."""
    left, right = st.columns(2)
    bertscore = left.text_input(
        "Model of BERTScore",
        key=f"{prefix}.bertscore",
        placeholder="none",
        help="a folder, or a model of the hub that is on this machine; of the task answers",
    )
    embedding = right.text_input(
        "Embedding model",
        key=f"{prefix}.embedding",
        placeholder="none",
        help="a static one (model2vec); of semantic F1 by embedding",
    )
    return model_settings(bertscore=bertscore or None, embedding=embedding or None)


def beside(prefix: str) -> dict[str, Path | None]:
    """The two files that may belong to one: failed requests, and keys."""
    left, right = st.columns(2)
    return {
        "errors": files.dropped("Error file of a batch, if any", f"{prefix}.errors", place=left),
        "keys": files.dropped(
            "Keys of a list of answers alone, if it is one", f"{prefix}.keys", place=right
        ),
    }
