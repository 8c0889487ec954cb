"""Lines of very large files by their number, without a loop over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.sources.encoding import blocks_of_lines, open_bytes

_NEWLINE = ord("\n")
_BLANKS = np.frombuffer(b"\t\n\x0b\x0c\r ", np.uint8)

Spans = tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def filled_lines(path: Path) -> Iterator[Spans]:
    """Block by block: the bytes, and number (from 1), begin and end of lines that are not blank."""
    before = 0
    with open_bytes(path) as file:
        for block in blocks_of_lines(file):
            buffer = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(buffer == _NEWLINE)
            if not len(ends) or ends[-1] != len(buffer) - 1:
                ends = np.append(ends, len(buffer))
            begins = np.concatenate([[0], ends[:-1] + 1])
            filled = ~np.isin(buffer[begins], _BLANKS)
            for doubtful in np.flatnonzero(~filled):
                filled[doubtful] = bool(block[begins[doubtful] : ends[doubtful]].strip())
            numbers = before + 1 + np.flatnonzero(filled)
            yield block, numbers, begins[filled], ends[filled]
            before += len(begins)


def count_line_ends(path: Path) -> int:
    """How many lines a file has, blank ones too; a last line needs no end."""
    count, last = 0, b"\n"
    with open_bytes(path) as file:
        while block := file.read(1 << 22):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def count_lines(path: Path) -> int:
    """How many lines of a file are not blank.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.jsonl"
    ...     _ = path.write_bytes(b"one\\n\\n  \\ntwo")
    ...     count_lines(path), pick_lines(path, [1])
    (2, [(4, 'two')])
    """
    return sum(len(numbers) for _, numbers, _, _ in filled_lines(path))


def pick_lines(path: Path, wanted: list[int]) -> list[tuple[int, str]]:
    """Line number (from 1) and text of the n-th lines, n from 0, that are not blank.

    Bytes that are not UTF-8 are shown as ``\\xNN``.
    """
    places, found, before = np.array(sorted(wanted), np.int64), [], 0
    for block, numbers, begins, ends in filled_lines(path):
        here = places[(places >= before) & (places < before + len(numbers))] - before
        for k in here:
            raw = block[begins[k] : ends[k]].rstrip(b"\r")
            found.append((int(numbers[k]), raw.decode("utf-8", "backslashreplace")))
        before += len(numbers)
    return found
