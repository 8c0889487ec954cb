"""Which format a file is of, and its run."""

from __future__ import annotations

from pathlib import Path

from catalog.errors import InputError
from evaluation.formats import FORMATS
from evaluation.formats.files import check_readable
from evaluation.formats.read_run import Format, FormatOptions, ReadRun

AUTO = "auto"
OWN = "goldshelf"
"""Our own contract (`evaluation.answers.contract`), which needs no importer."""


def format_names() -> list[str]:
    """All that ``--format`` takes.

    Examples
    --------
    >>> format_names()[:3]
    ['auto', 'goldshelf', 'lm-eval']
    """
    return [AUTO, OWN, *FORMATS]


def format_of(path: Path) -> Format | None:
    """The first format that a file looks like; None where it looks like none."""
    return next((one for one in FORMATS.values() if one.looks_like(path)), None)


def chosen_format(path: Path, name: str = AUTO) -> Format | None:
    """The format of a file; None for our own.

    Raises
    ------
    InputError
        If there is no such format, the file cannot be opened, or it is of another format.
    """
    if name not in format_names():
        raise InputError(f"--format {name}: expected one of {', '.join(format_names())}.")
    if name == OWN:
        return None
    check_readable(path)
    if name != AUTO and FORMATS[name].looks_like(path):
        return FORMATS[name]
    found = format_of(path)
    if name == AUTO:
        return found
    likely = f"it looks like {found.name}" if found else "it looks like no format that is known"
    further = f"Pass --format {found.name}." if found else f"Expected {FORMATS[name].words}."
    raise InputError(f"{path} is not of format {name}: {likely}. {further}")


def read_run(path: Path, name: str = AUTO, options: FormatOptions | None = None) -> ReadRun:
    """A run from a file of any format but our own.

    Raises
    ------
    InputError
        If the file is of none, or its format refuses it.
    """
    found = chosen_format(path, name)
    if found is None:
        raise InputError(
            f"{path} looks like the run of no tool that is known. Pass --format with one of "
            f"{', '.join(FORMATS)}."
        )
    return read_as(found, path, options or FormatOptions())


def read_as(form: Format, path: Path, options: FormatOptions) -> ReadRun:
    """A run of a known format; a row whose parts are of other kinds is refused in one line.

    Raises
    ------
    InputError
        If the format refuses the file, or something in it is not as its tool writes it.
    """
    try:
        return form.read(path, options)
    except InputError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: something in it is not as {form.name} writes it ({error}). Expected "
            f"{form.words}."
        ) from error
