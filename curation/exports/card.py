"""The card of an exported dataset: what a person and Hugging Face's tools read first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from curation.exports.columns import line_columns, record_columns
from curation.exports.settings import ExportSettings

CARD = "README.md"
_CATEGORIES_SHOWN = 50
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_TASKS = {
    "classification": "text-classification",
    "attribute_extraction": "text-generation",
    "question_answering": "question-answering",
    "query_product": "text-ranking",
    "product_pair": "text-classification",
    "sentiment": "text-classification",
    "recommendation": "text-ranking",
}
_SIZES = (
    *((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")),
    *((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M")),
)


def card_of(manifest: dict[str, Any], files: dict[str, str], records: dict[str, str]) -> str:
    """The card as Markdown, with the front matter that ``datasets.load_dataset`` reads.

    Parameters
    ----------
    manifest
        Of the export (`curation.exports.manifest.manifest_of`).
    files
        Split -> the path of its file below the card; empty where the data says itself what it is.
    records
        The same for the records beside them; empty for none.
    """
    head = yaml.safe_dump(
        _front_matter(manifest, files, records), sort_keys=False, allow_unicode=True
    )
    sections = (
        _about, _rows, _columns, _labels, _certificate, _rehearsal, _prompts, _left_out,
    )  # fmt: skip
    body = "\n\n".join(part for part in (section(manifest) for section in sections) if part)
    return f"---\n{head}---\n\n{body}\n"


def _front_matter(
    manifest: dict[str, Any], files: dict[str, str], records: dict[str, str]
) -> dict[str, Any]:
    settings = ExportSettings(**manifest["export"])
    tasks = [task for rows in manifest["rows"].values() for task in rows["by_task"]]
    n_rows = sum(rows["n_rows"] for rows in manifest["rows"].values())
    infos = [{"config_name": "default", "features": line_columns(settings)}]
    configs: list[dict[str, Any]] = []
    if files:
        configs.append(
            {"config_name": "default", "default": True, "data_files": _data_files(files)}
        )
    if records:
        configs.append({"config_name": "records", "data_files": _data_files(records)})
        infos.append({"config_name": "records", "features": record_columns()})
    source = manifest["source"]
    return {
        "pretty_name": manifest["name"],
        **_licence(source["licence"]),
        **({"language": source["language"]} if source["language"] else {}),
        "task_categories": sorted({_TASKS[task] for task in tasks}),
        "size_categories": [next((t for most, t in _SIZES if n_rows < most), "n>100M")],
        "tags": ["goldshelf", "product-catalog"],
        **({"configs": configs} if configs else {}),
        "dataset_info": infos,
    }


def _data_files(files: dict[str, str]) -> list[dict[str, str]]:
    return [{"split": split, "path": path} for split, path in files.items()]


def _licence(given: str | None) -> dict[str, str]:
    if given is None:
        return {"license": "unknown"}
    if _LICENCE.fullmatch(given.lower()):
        return {"license": given.lower()}
    return {"license": "other", "license_name": given}


def _about(manifest: dict[str, Any]) -> str:
    source = manifest["source"]
    told = [
        ("source", f"kind {source['kind']}"),
        ("licence of the source", source["licence"] or "unknown: none was declared"),
        ("language", ", ".join(source["language"]) or "unknown: none was declared"),
        ("format of a line", manifest["format"]),
        ("taxonomy", f"{manifest['taxonomy']['name']} {manifest['taxonomy']['version'] or ''}"),
        ("dataset", f"`{manifest['dataset_sha']}`"),
        ("written by", f"Goldshelf {manifest['goldshelf_version']}"),
    ]
    return f"# {_plain(manifest['name'])}\n\n{_table(('', ''), told)}"


def _rows(manifest: dict[str, Any]) -> str:
    rows = manifest["rows"]
    counts = [
        (
            split,
            facts["n_rows"],
            facts["n_records"],
            facts["n_groups"],
            _n_named(facts["by_category"]),
        )
        for split, facts in rows.items()
    ]
    parts = [
        "## Rows",
        "A copied record (over-sampling, train alone) counts once as a record and each time as a "
        "row. Records of one group share a brand, an identifier, a query or nearly all words, and "
        "are never parted by the splits.",
        _table(("split", "rows", "records", "groups", "categories"), counts),
        "By task:",
        _table(("task", *rows), _by(rows, "by_task")),
    ]
    categories = _by(rows, "by_category")
    if any(name for name, *_ in categories):
        shown = sorted(categories, key=lambda row: (-sum(row[1:]), row[0]))[:_CATEGORIES_SHOWN]
        more = len(categories) - len(shown)
        named = [(name or "(no category)", *counts) for name, *counts in shown]
        parts += ["By category:", _table(("category", *rows), named)]
        if more:
            parts.append(f"{more:,} smaller categories are in the manifest.")
    return "\n\n".join(parts)


def _n_named(counts: dict[str, int]) -> int:
    return sum(1 for name in counts if name)


def _by(rows: dict[str, Any], column: str) -> list[tuple[Any, ...]]:
    names = sorted({name for facts in rows.values() for name in facts[column]})
    return [(name, *(facts[column].get(name, 0) for facts in rows.values())) for name in names]


def _columns(manifest: dict[str, Any]) -> str:
    columns = line_columns(ExportSettings(**manifest["export"]))
    told = [(f"`{column['name']}`", _type(column)) for column in columns]
    return f"## Columns\n\n{_table(('column', 'type'), told)}"


def _type(column: dict[str, Any]) -> str:
    if "list" not in column:
        return str(column["dtype"])
    inner = column["list"]
    if isinstance(inner, str):
        return f"list of {inner}"
    named = ", ".join(f"{each['name']} ({_type(each)})" for each in inner)
    return f"list of {named}"


def _labels(manifest: dict[str, Any]) -> str:
    return "\n\n".join(
        [
            "## Labels",
            "Where the label of each record comes from: `source` (the catalog's own), `repair` (the "
            "catalog's, put right by a rule), `consensus` (annotators that agree), `person`.",
            _table(("label source", "records"), manifest["label_sources"].items()),
            "Accuracy of the gold labels: not audited, so not known.",
        ]
    )


def _certificate(manifest: dict[str, Any]) -> str:
    certificate = manifest["certificate"]
    settings = certificate["settings"]
    found = "**It leaks.**" if certificate["leaks"] else "Nothing leaks."
    asked = [*settings["group_columns"]]
    asked += [name for name in ("identifiers", "queries") if settings[name]]
    told = [
        (
            pair,
            leaks["shared_groups"],
            leaks["shared_identifiers"],
            leaks["shared_queries"],
            leaks["exact_pairs"],
            leaks["near_duplicate_pairs"],
        )
        for pair, leaks in certificate["between"].items()
    ]
    names = ("between", "shared brands", "identifiers", "queries", "equal texts", "near-duplicates")
    return "\n\n".join(
        [
            "## Certificate",
            f"{found} Made from the exported files: {', '.join(asked) or 'no key'} may not stand on "
            f"both sides, nor texts whose words are {settings['near_duplicates']:.0%} the same.",
            _table(names, told) if told else "There is one split, so there is nothing to compare.",
        ]
    )


def _rehearsal(manifest: dict[str, Any]) -> str:
    facts = manifest.get("rehearsal")
    if not facts:
        return ""
    told = [
        ("file", facts["file"]),
        ("licence", facts["licence"]),
        ("lines of train", facts["n_rows"]),
        ("sha256", f"`{facts['sha256']}`"),
    ]
    return (
        "## Rehearsal\n\nGeneral instructions among the lines of train, so that a model does not "
        "forget them. They are no records of the catalog, and none is in validation or test.\n\n"
        f"{_table(('', ''), told)}"
    )


def _prompts(manifest: dict[str, Any]) -> str:
    if not manifest["prompts"]:
        return ""
    parts = ["## Prompts"]
    for task, prompt in manifest["prompts"].items():
        text = "\n".join(part for part in (prompt["task_prefix"], prompt["template"]) if part)
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        parts.append(f"{task}:\n\n{fence}text\n{text}\n{fence}")
    return "\n\n".join(parts)


def _left_out(manifest: dict[str, Any]) -> str:
    left = manifest["left_out"]
    if not left["n_records"]:
        return ""
    return f"## Left out\n\n{_table(('reason', 'records'), left['reasons'].items())}"


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(value: Any) -> str:
    """A value in a Markdown table: no line ends, no bars, no HTML."""
    text = f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())
    return text.replace("|", "\\|").replace("<", "&lt;")
