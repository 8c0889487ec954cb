"""MAVE: products with attribute values and where in the text each value stands.

Yang et al., "MAVE: A Product Dataset for Multi-source Attribute Value Extraction", WSDM 2022;
JSON Lines of ``id, category, paragraphs [{text, source}], attributes [{key, evidences [{value,
pid, begin, end}]}]``. Empty ``evidences`` say "asked for, and not there". The labels alone
(without ``paragraphs``) are joined with the Amazon metadata they were made from.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.errors import InputError
from catalog.wording import counted
from curation.duplicates.join import Told
from curation.sources.encoding import open_bytes
from curation.sources.files import first_line
from curation.sources.heads import first_rows
from curation.sources.mave.labels import join_text
from curation.sources.mave.merge import Merged, merged_by
from curation.sources.mave.reading import FULL, copy_lines
from curation.sources.result import LoadResult
from curation.sources.settings import SourceSettings

_FORMS = ("full", "labels", "metadata")
_LOOKED_AT = 20
_SUFFIXES = (".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz")


class MaveOptions(BaseModel):
    """How lines become products.

    Attributes
    ----------
    merge
        ``id``: lines of one id are one product. ``content``: lines of one category and text
        are, whatever their ids. ``auto``: ``content`` where every line has one attribute and
        texts repeat under different ids (as in WDC PAVE's files), else ``id``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    merge: Literal["auto", "id", "content"] = "auto"


def sniff_mave(path: Path) -> float:
    """Sure where the first line has attributes with evidences."""
    files = _files([str(path)]) if path.is_dir() else [path]
    return max((0.95 if _form(file) in ("full", "labels") else 0.0 for file in files), default=0.0)


def mave_head(path: Path, _settings: SourceSettings) -> pl.DataFrame:
    """The first rows, as they are."""
    return first_rows(_files([str(path)])[0])


def load_mave(settings: SourceSettings, scratch: Path, told: Told | None = None) -> LoadResult:
    """Read MAVE's files, positives and negatives, into one record a product.

    Parameters
    ----------
    settings
        ``paths``: files, gzipped or not, or folders of them: products with their text, or
        labels and the metadata they belong to.
    scratch
        Where the records are put.

    Raises
    ------
    InputError
        If a file is not of this form, is cut short, most of its lines are broken, or labels
        and metadata do not belong together.
    """
    report = told or (lambda _done, _total, _text: None)
    options = MaveOptions(**settings.options)
    files = _files(settings.paths)
    forms = {file: _form(file) for file in files}
    _refuse(forms)
    stage = scratch / "mave.parquet"
    labels = [file for file in files if forms[file] == "labels"]
    if labels:
        metadata = [file for file in files if forms[file] == "metadata"]
        report(0, 3, f"cleaning the text of {counted(len(metadata), 'file')}")
        joined = join_text(labels, metadata, stage, report)
        n_lines, quarantine, facts, notes = (
            joined.n_lines,
            joined.quarantine,
            joined.figures,
            joined.notes,
        )
    else:
        report(0, 3, f"reading {counted(len(files), 'file')}")
        n_lines, quarantine = copy_lines(files, FULL, stage)
        facts, notes = {}, []
    report(1, 3, "looking for lines of one product")
    merged = merged_by(stage, options.merge)
    figures = {
        "files": [{"path": str(f), "format": "jsonl", "form": forms[f]} for f in files],
        "n_lines": n_lines,
        "n_quarantined": quarantine.height,
        "n_missing_ids": 0,
        **merged.figures,
        **facts,
    }
    return LoadResult(merged.records, quarantine, figures, [*notes, *_notes(merged, quarantine)])


def _files(paths: list[str]) -> list[Path]:
    files: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found = [f for f in sorted(path.rglob("*")) if f.name.endswith(_SUFFIXES)]
            if not found:
                raise InputError(f"{path}: no JSON Lines file there. Expected MAVE's files.")
            files += found
        elif not path.is_file():
            raise InputError(f"{path} does not exist.")
        else:
            files.append(path)
    return files


def _form(path: Path) -> str:
    """``full``, ``labels``, ``metadata`` or what else the first lines hold."""
    try:
        with open_bytes(path) as file:
            lines = list(itertools.islice((text for text in file if text.strip()), _LOOKED_AT))
    except (OSError, EOFError) as error:
        return f"unreadable: {first_line(error)}"
    forms = [_form_of(line) for line in lines]
    return next((form for form in _FORMS if form in forms), forms[0] if forms else "empty")


def _form_of(line: bytes) -> str:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except ValueError:
        return "not JSON Lines"
    if not isinstance(row, dict):
        return f"a JSON {type(row).__name__}"
    if "id" in row and _has_evidences(row.get("attributes")):
        return "full" if "paragraphs" in row else "labels"
    return "metadata" if "asin" in row else "an object of " + ", ".join(list(row)[:8])


def _has_evidences(attributes: object) -> bool:
    return isinstance(attributes, list) and all(
        isinstance(a, dict) and {"key", "evidences"} <= a.keys() for a in attributes
    )


def _refuse(forms: dict[Path, str]) -> None:
    for file, form in forms.items():
        if form not in _FORMS:
            raise InputError(
                f"{file}: expected lines with id, category, paragraphs and attributes [{{key, "
                f"evidences}}], found {form}."
            )
    first = {form: file for file, form in reversed(forms.items())}
    if "full" in first and len(first) > 1:
        other = first.get("labels") or first["metadata"]
        raise InputError(
            f"{other} holds {forms[other]}, {first['full']} products with their text. Give either "
            "products, or labels with the metadata they belong to."
        )
    if "labels" in first and "metadata" not in first:
        raise InputError(
            f"{first['labels']} holds labels without text. Give the Amazon metadata they belong "
            "to as well: --source All_Amazon_Meta.json."
        )
    if "metadata" in first and "labels" not in first:
        raise InputError(
            f"{first['metadata']} holds metadata without labels. Give MAVE's labels as well: "
            "--source mave_positives_labels.jsonl."
        )


def _notes(merged: Merged, quarantine: pl.DataFrame) -> list[str]:
    notes = []
    if quarantine.height:
        first = quarantine.row(0, named=True)
        notes.append(
            f"{counted(quarantine.height, 'line')} could not be read and moved to the "
            f"quarantine, the first at {first['file']}, line {first['line']}: {first['reason']}"
        )
    return notes + merged.notes
