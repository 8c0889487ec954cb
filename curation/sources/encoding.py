"""Which bytes a text file is written in, and a UTF-8 copy where it is not UTF-8."""

from __future__ import annotations

import codecs
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import charset_normalizer

from catalog.errors import InputError

_SAMPLE = 1 << 20
_BLOCK = 1 << 22
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FEW = 0.01
_PATTERN = set("*?[]{}")
_LATIN_PAGES = {"cp1250", "cp1257", "cp775", "mac_latin2", "mac_roman", "latin_1", "iso8859_15"}
_TYPOGRAPHY = set("“”‘’‚„–—…•€£¥©®™°½¼¾«»×·\u00a0¿¡²³µ")


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, gzip taken off where its first bytes are gzip's."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def plain_path(path: Path, scratch: Path) -> Path:
    """The file under a name in which no reader sees a pattern: itself, or a link to it."""
    if not set(str(path)) & _PATTERN:
        return path
    link = scratch_path(path, scratch, "".join(path.suffixes[-2:]))
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link


def scratch_path(path: Path, scratch: Path, suffix: str) -> Path:
    """A place in the scratch folder for what is made of a file; files of one name do not meet."""
    digest = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return scratch / f"{digest[:16]}{suffix}"


def guess_encoding(path: Path) -> str:
    """The encoding of a text file.

    A byte order mark decides; else UTF-8 where the file decodes, or where fewer than one
    in a hundred of its lines do not (those lines are then quarantined); else the most
    likely legacy encoding.

    Raises
    ------
    InputError
        If the file is empty, or is not text.
    """
    with open_bytes(path) as file:
        sample = file.read(_SAMPLE)
    if not sample.strip():
        raise InputError(f"{path} is empty. Expected a header line and rows.")
    if mark := _mark(sample):
        return mark
    if b"\x00" in sample:
        raise InputError(
            f"{path} is not text: it holds zero bytes. Is it a spreadsheet or archive?"
        )
    n_lines, n_broken = _count_broken(path)
    if n_broken <= _FEW * n_lines:
        return "utf-8"
    best = charset_normalizer.from_bytes(sample).best()
    if best is None or (best.encoding in _LATIN_PAGES and _reads_as_western(sample)):
        return "cp1252"
    return best.encoding


def byte_order_mark(path: Path) -> str | None:
    """The encoding that the first bytes of a file announce; None where they do not."""
    with open_bytes(path) as file:
        return _mark(file.read(4))


def _mark(sample: bytes) -> str | None:
    return next((name for mark, name in _BOMS if sample.startswith(mark)), None)


def _reads_as_western(sample: bytes) -> bool:
    """Whether cp1252, by far the commonest legacy encoding, gives letters and typography."""
    text = sample.decode("cp1252", "replace")
    return all(c.isalpha() or c in _TYPOGRAPHY for c in text if not c.isascii())


def _count_broken(path: Path) -> tuple[int, int]:
    n_lines = n_broken = 0
    with open_bytes(path) as file:
        for block in blocks_of_lines(file):
            n_lines += block.count(b"\n") + 1
            try:
                block.decode("utf-8")
            except UnicodeDecodeError:
                n_broken += sum(_is_broken(line) for line in block.split(b"\n"))
    return n_lines, n_broken


def _is_broken(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def blocks_of_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a file in large blocks, each of whole lines."""
    rest = b""
    while block := file.read(_BLOCK):
        block = rest + block
        cut = block.rfind(b"\n") + 1
        if cut:
            yield block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """A path that holds the file as plain UTF-8: itself, or a copy in the scratch folder.

    Raises
    ------
    InputError
        If the bytes are not in that encoding; names the place.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise InputError(
            f"encoding {encoding!r} is not known. Pass utf-8, cp1252, utf-16 …"
        ) from error
    with open_bytes(path) as file:
        packed = isinstance(file, gzip.GzipFile)
        if codecs.lookup(encoding).name == "utf-8" and not packed:
            return plain_path(path, scratch)
        copy = scratch_path(path, scratch, ".utf8")
        done = 0
        with copy.open("wb") as out:
            try:
                while block := file.read(_BLOCK):
                    out.write(decoder.decode(block).encode("utf-8", "surrogatepass"))
                    done += len(block)
                out.write(decoder.decode(b"", final=True).encode("utf-8"))
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}: byte {done + error.start:,} is not {encoding}. Pass another --encoding."
                ) from error
    return copy
