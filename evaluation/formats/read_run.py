"""What every importer takes and gives, so that no other part knows one tool from another.

An importer is a module of this package with a `Format` called ``FORMAT``, listed in
`evaluation.formats.FORMATS`. It gives the rows as they are: whatever a tool aggregated is not
read, and every row of the file is a row here or is counted in ``notes``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from evaluation.answers.attribute_pairs import is_json_object
from evaluation.answers.contract import conform_predictions

LABEL = "label"
_ANSWER_OF_TASK = {"classification": "category_path", "attributes": "attributes"}


class FormatOptions(BaseModel):
    """What a person may say about a file; a format that has no use for an option leaves it.

    ``filter`` chooses between several readings of one answer (lm-eval's filters, Inspect's
    scorers, promptfoo's prompts); ``errors`` is the file of failed requests that a batch writes
    apart; ``keys`` is a file with the keys of a list that holds answers alone, one row each, in
    the order of the list; ``key`` is the field of an example that ties it to the gold, where it
    is not called ``example_id``, ``record_id`` or ``id``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: str | None = None
    errors: Path | None = None
    keys: Path | None = None
    key: str | None = None


@dataclass(frozen=True, eq=False)
class ReadRun:
    """A run as a tool wrote it.

    Attributes
    ----------
    predictions
        Columns of the contract (`evaluation.answers.contract.conform_predictions`), a row for each answer.
    gold
        ``example_id``, and ``category_path``, ``attributes``, or ``label`` where the file does not
        tell which of them its texts are; any other columns, to cluster by. None where the file
        carries no gold.
    about
        ``model``, and what else the file says of itself: names of `evaluation.answers.contract.RunCard`
        fill the card, all others go into its ``about``.
    task
        Where the format tells it, else None.
    notes
        Lines to be said aloud: what was chosen, left out, doubled, without a key.
    """

    predictions: pl.DataFrame
    gold: pl.DataFrame | None = None
    about: dict[str, Any] = field(default_factory=dict)
    task: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def likely_task(self) -> str:
        """The task that the format tells, else the one that its gold looks like.

        Examples
        --------
        >>> gold = pl.DataFrame({"example_id": ["1"], "label": ['{"Colour": "red"}']})
        >>> ReadRun(pl.DataFrame(), gold).likely_task, ReadRun(pl.DataFrame()).likely_task
        ('attributes', 'classification')
        """
        if self.task is not None:
            return self.task
        if self.gold is None or "category_path" in self.gold.columns:
            return "classification"
        if "attributes" in self.gold.columns:
            return "attributes"
        are_objects = is_json_object(self.gold[LABEL].drop_nulls()).all()
        return "attributes" if are_objects else "classification"

    @property
    def tells_task(self) -> bool:
        """Whether format or gold tells the task; texts alone may be labels of any."""
        named = self.gold is not None and "category_path" in self.gold.columns
        return self.task is not None or named or self.likely_task != "classification"

    def gold_for(self, task: str, where: str) -> pl.DataFrame:
        """The gold with the column that a task is scored on; ``label`` stands for it.

        Raises
        ------
        InputError
            If the file carries no gold, or none for the task.

        Examples
        --------
        >>> gold = pl.DataFrame({"example_id": ["1"], "label": ["Garden > Pots"]})
        >>> ReadRun(pl.DataFrame(), gold).gold_for("classification", "run.json").columns
        ['example_id', 'category_path']
        """
        if self.gold is None:
            raise InputError(
                f"{where} carries no gold. Pass --gold FILE, or import it into a workspace."
            )
        answer = _ANSWER_OF_TASK.get(task, LABEL)
        if answer in self.gold.columns:
            return self.gold
        if LABEL in self.gold.columns:
            return self.gold.rename({LABEL: answer})
        raise InputError(
            f"{where}: no gold for {task}. Found: {', '.join(self.gold.columns)}. Pass another "
            "--task."
        )


@dataclass(frozen=True)
class Format:
    """A tool's way of writing a run.

    Attributes
    ----------
    words
        One line for help texts.
    looks_like
        Whether a file, or a folder, is of this format, told from the beginning of its content.
        It never raises for a file that is another's.
    read
        The whole file; raises `InputError` with file and line where a row cannot be read.
    """

    name: str
    words: str
    looks_like: Callable[[Path], bool]
    read: Callable[[Path, FormatOptions], ReadRun]


def predictions_of(rows: Sequence[dict[str, Any]], where: str) -> pl.DataFrame:
    """Rows of one importer as a frame of the contract.

    Parameters
    ----------
    rows
        Keys of `evaluation.answers.contract.PREDICTION_SCHEMA`; the values are texts and numbers, as it
        says. ``example_id`` and ``raw_output`` are there at least.

    Raises
    ------
    InputError
        If there is no row, or `conform_predictions` refuses one.

    Examples
    --------
    >>> predictions_of([{"example_id": "7", "raw_output": "Pots"}], "run").height
    1
    """
    if not rows:
        raise InputError(f"{where} holds no predictions. Expected one row for each example.")
    return conform_predictions(pl.DataFrame(rows, infer_schema_length=None), where)
