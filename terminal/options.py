"""Options that many verbs share, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import InputError

WorkspaceDir = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", show_default="here")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Count what the last run spent against the budget.")
]
Batch = Annotated[
    bool, typer.Option("--batch", help="Hand the requests in as batches, at half the price.")
]
Collect = Annotated[bool, typer.Option("--collect", help="Collect the batches that have ended.")]
Wait = Annotated[bool, typer.Option("--wait", help="Collect until every batch has ended.")]
HERE = Path()

SEVERAL = {"--text-columns", "--group-column", "--keep", "--map", "--source"}
"""Options that take all the words behind them: ``--text-columns title description``."""


def repeated(arguments: list[str]) -> list[str]:
    """Write ``--map a b`` as ``--map a --map b``.

    A word that names a file is left alone (but behind ``--source``), so that files may
    stand behind such an option.

    Examples
    --------
    >>> repeated(["split", "x.csv", "--text-columns", "title", "description", "--json"])
    ['split', 'x.csv', '--text-columns', 'title', '--text-columns', 'description', '--json']
    """
    out: list[str] = []
    option, count = None, 0
    for word in arguments:
        if word.startswith("-"):
            option, count = (word if word in SEVERAL else None), 0
        elif option is not None:
            count += 1
            if count > 1 and (option == "--source" or not Path(word).exists()):
                out.append(option)
            elif count > 1:
                option = None
        out.append(word)
    return out


def needs(other: str, is_given: bool, **options: object) -> None:
    """Refuse options that say nothing without another one.

    Raises
    ------
    InputError
        If one of ``options`` was given, and the other was not.

    Examples
    --------
    >>> needs("--pictures", False, picture_bits=3)
    Traceback (most recent call last):
    ...
    catalog.errors.InputError: --picture-bits says nothing without --pictures. Add it, or leave --picture-bits out.
    """
    for name, value in options.items():
        if value is not None and not is_given:
            told = f"--{name.replace('_', '-')}"
            raise InputError(f"{told} says nothing without {other}. Add it, or leave {told} out.")


def fractions_of(text: str) -> tuple[float, ...]:
    """Read ``0.8,0.1,0.1``."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--fractions {text}: expected numbers such as 0.8,0.1,0.1.") from error
