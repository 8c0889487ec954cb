"""Rehearsal: general instructions from a file of the user's, mixed into train alone.

So that a model that learns a catalog does not forget the rest (Scialom et al. 2022, "Fine-tuned
Language Models are Continual Learners", who mix in 1 % and more).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.text import folded
from catalog.wording import counted
from curation.balance.draws import draws
from curation.duplicates.dedupe import pairs_between
from curation.exports.plan import TRAIN, Plan
from curation.exports.prompts import CONTROL_MARKS
from curation.exports.settings import RehearsalSettings
from curation.exports.turns import read_turns

_DRAWS = float(2**64)
_FEWEST_WORDS = 5
MIXED_SCHEMA = pl.Schema(
    {"line": pl.Int64(), "roles": pl.List(pl.String()), "texts": pl.List(pl.String())}
)


@dataclass(frozen=True)
class Rehearsal:
    """What is mixed into train.

    Attributes
    ----------
    plan
        The plan with the lines of train moved apart.
    rows
        ``line`` (in ``train.jsonl``), ``roles, texts``, sorted.
    facts
        For the manifest: the file's name and hash, its licence, what was taken and left out.
    notes
        What is to be said aloud.
    """

    plan: Plan
    rows: pl.DataFrame
    facts: dict[str, Any]
    notes: list[str]


def rehearsed(
    plan: Plan,
    settings: RehearsalSettings,
    path: Path,
    held_out: pl.Series,
    *,
    one_turn: bool = False,
) -> Rehearsal:
    """Draw instructions from a file and give them lines among those of train.

    Parameters
    ----------
    held_out
        Texts of validation and test that no instruction may repeat: as near-duplicates, or whole
        within the instruction, if of five words or more.
    one_turn
        Whether the format holds one question and one answer: longer chats are left out.

    Raises
    ------
    InputError
        If the file is not JSON Lines of chats or instructions.
    """
    every = read_turns(path)
    asked = every["texts"].list.join("\n")
    reasons = {
        "several turns": _several(every) if one_turn else _nowhere(every),
        "control marks of a chat": asked.str.contains_any(list(CONTROL_MARKS)),
        "like a text of validation or test": _known(asked, every, held_out, settings),
    }
    left_out: dict[str, int] = {}
    kept = pl.Series([True] * every.height, dtype=pl.Boolean)
    for reason, is_so in reasons.items():
        n = int((kept & is_so).sum())
        left_out |= {reason: n} if n else {}
        kept = kept & ~is_so
    n_train = plan.n_lines(TRAIN)
    n_wanted = round(settings.share / (1 - settings.share) * n_train)
    keys = draws(every.select(pl.format("{}", "line")).to_series(), settings.seed, "rehearsal")
    taken = every.with_columns(keys.alias("draw")).filter(kept).sort("draw", "line").head(n_wanted)
    moved, lines = _with_room(plan, taken["draw"].to_numpy())
    rows = taken.select(line=pl.Series(lines, dtype=pl.Int64), roles="roles", texts="texts")
    facts = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": settings.licence,
        "n_in_file": every.height,
        "n_rows": rows.height,
        "n_wanted": n_wanted,
        "share": rows.height / (n_train + rows.height) if n_train else None,
        "left_out": left_out,
        "near_duplicates": settings.near_duplicates,
        "n_held_out_texts": held_out.len(),
        "split": TRAIN,
    }
    return Rehearsal(moved, rows.cast(MIXED_SCHEMA), facts, _notes(facts))


def _nowhere(every: pl.DataFrame) -> pl.Series:
    return pl.Series([False] * every.height, dtype=pl.Boolean)


def _several(every: pl.DataFrame) -> pl.Series:
    return every["roles"].list.count_matches("user") > 1


def _known(
    asked: pl.Series, every: pl.DataFrame, held_out: pl.Series, settings: RehearsalSettings
) -> pl.Series:
    """Whether an instruction, or its first question alone, repeats a held-out text."""
    first = every.select(
        pl.col("texts").list.get(pl.col("roles").list.eval(pl.element() == "user").list.arg_max())
    ).to_series()
    found = _nowhere(every).to_numpy().copy()
    for texts in (asked, first):
        found[pairs_between(texts, held_out, settings.near_duplicates)["left"].to_numpy()] = True
    whole = folded(held_out.unique())
    whole = whole.filter(whole.str.count_matches(" ") >= _FEWEST_WORDS - 1)
    if len(whole):
        found |= (
            (" " + folded(asked) + " ").str.contains_any((" " + whole + " ").to_list()).to_numpy()
        )
    return pl.Series(found)


def _with_room(plan: Plan, drawn: np.ndarray) -> tuple[Plan, np.ndarray]:
    """The plan with lines of train moved apart, and the lines between them, in order of draws."""
    n = plan.n_lines(TRAIN)
    order = draws(pl.Series(drawn).cast(pl.String), 0, "place").to_numpy()
    places = np.sort(np.floor(order / _DRAWS * (n + 1)).astype(np.int64).clip(0, n))
    before = np.searchsorted(places, np.arange(n), side="right")
    in_train = (plan.rows["split"] == TRAIN).to_numpy()
    lines = plan.rows["line"].to_numpy().copy()
    lines[in_train] += before[lines[in_train] - 1]
    rows = plan.rows.with_columns(pl.Series("line", lines, dtype=pl.Int64))
    return replace(plan, rows=rows), places + np.arange(len(places)) + 1


def _notes(facts: dict[str, Any]) -> list[str]:
    notes = [
        f"{counted(facts['n_rows'], 'line')} of {facts['file']} ({facts['licence']}) mixed into "
        f"train: {facts['share'] or 0:.1%} of it"
    ]
    if facts["n_rows"] < facts["n_wanted"]:
        notes.append(
            f"{facts['file']} has no more than that; {facts['n_wanted']:,} lines were wanted"
        )
    left = [f"{why} {n:,}" for why, n in facts["left_out"].items()]
    if left:
        notes.append(f"lines of {facts['file']} left out: {', '.join(left)}")
    return notes
