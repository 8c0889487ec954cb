"""Write what the documentation says from the code itself: verbs, settings, checks, metrics.

    python tools/make_reference.py

``docs/commands.md`` and ``docs/settings.md`` are written whole; ``docs/checks.md``,
``docs/scores.md`` and ``docs/sources.md`` between two marks. What the code does not say stands in
``reference_words.toml``: a key there that the code lacks, or the other way round, is an error.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this tree's code, wherever another is installed

from curation.checks.registry import CHECKS
from curation.sources.kinds import KINDS, Kind
from evaluation.answers.outcomes import MEANINGS
from evaluation.metrics.attribute_metrics import attribute_metrics
from evaluation.metrics.category_metrics import category_metrics
from evaluation.published import DEFINITIONS, Definition
from evaluation.slicing.makers import DISTRIBUTION, DISTRIBUTION_WORDS, PAIR_SLICES, SLICES
from evaluation.slicing.material import PATH
from evaluation.tasks import TASKS
from terminal.main import app_of
from workspace.settings import Settings

DOCS = ROOT / "docs"
WORDS = tomllib.loads((Path(__file__).with_name("reference_words.toml")).read_text("utf-8"))
MADE = "<!-- Made by tools/make_reference.py; changes here are lost. -->"
WIDTH = 88


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


def pages() -> dict[Path, str]:
    """The text that each page should have."""
    return {
        DOCS / "commands.md": commands_page(),
        DOCS / "settings.md": settings_page(),
        DOCS / "checks.md": filled(DOCS / "checks.md", {"checks": checks_table()}),
        DOCS / "scores.md": filled(
            DOCS / "scores.md",
            {
                "classification": metrics_table("classification", category_metrics(1)),
                "attributes": metrics_table("attributes", attribute_metrics()),
                "tasks": tasks_part(),
                "published": published_part(),
                "outcomes": table(["outcome", "what it is"], MEANINGS.items()),
                "slices": slices_table(),
            },
        ),
        DOCS / "sources.md": filled(DOCS / "sources.md", {"sources": sources_part()}),
    }


def filled(path: Path, parts: Mapping[str, str]) -> str:
    """A page with the text between its marks made anew.

    Raises
    ------
    ValueError
        If a mark is not there exactly once.
    """
    text = path.read_text("utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- made: {name} -->", f"<!-- end: {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{path}: expected {begin} and {end} once.")
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


def table(columns: list[str], rows: Any) -> str:
    """A Markdown table; bars in cells are escaped."""
    lines = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)


def told(group: str, key: str) -> str:
    """The words for a key."""
    return str(WORDS[group][key])


def require_words(group: str, keys: set[str]) -> None:
    """Refuse keys without words, and words for keys that the code does not have.

    Raises
    ------
    ValueError
        Names all of both.
    """
    known = set(WORDS[group])
    if known != keys:
        raise ValueError(
            f"reference_words.toml [{group}]: no words for {sorted(keys - known)}, words for "
            f"nothing: {sorted(known - keys)}"
        )


# verbs


def commands_page() -> str:
    """What every verb prints for ``--help``."""
    group = typer.main.get_command(app_of())
    found = dict(verbs(group, "goldshelf"))
    lines = [MADE, "# Commands", "", WORDS["pages"]["commands"].strip(), ""]
    lines += [f"- [`{name}`](#{anchor(name)}): {short(verb)}" for name, verb in found.items()]
    for name, verb in found.items():
        lines += ["", f"## {name}", "", "```text", help_of(verb, name), "```"]
    return "\n".join(lines) + "\n"


def verbs(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every verb by what is typed for it."""
    for part, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


def help_of(verb: Any, name: str) -> str:
    """What ``--help`` prints."""
    context = verb.context_class(verb, info_name=name, terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in verb.get_help(context).strip().splitlines())


def short(verb: Any) -> str:
    """The first sentence of a verb's help."""
    return " ".join(str(verb.help).split())


def anchor(heading: str) -> str:
    """The address that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


# settings


def settings_page() -> str:
    """Every key of ``goldshelf.toml`` with its type, its default and what it means."""
    lines = [MADE, "# Settings", "", WORDS["pages"]["settings"].strip()]
    found = list(sections(Settings, ""))
    require_words("settings", {key for _, rows in found for key, *_ in rows})
    for section, rows in found:
        title = f"`[{section}]`" if section else "At the top of the file"
        lines += ["", f"## {title}", ""]
        if section in WORDS["sections"]:
            lines += [str(WORDS["sections"][section]).strip(), ""]
        lines.append(
            table(
                ["key", "value", "default", "what it does"],
                [
                    (f"`{key.rpartition('.')[2]}`", kind, default, told("settings", key))
                    for key, kind, default in rows
                ],
            )
        )
    return "\n".join(lines) + "\n"


def sections(model: type[BaseModel], name: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each section with its keys, the tables inside it after it: dotted key, type, default."""
    rows, below = [], []
    for key, field in model.model_fields.items():
        dotted = f"{name}.{key}" if name else key
        inner = model_inside(field.annotation)
        if inner is not None:
            is_named = get_origin(field.annotation) is dict
            below.append((inner, f"{dotted}.NAME" if is_named else dotted))
        else:
            rows.append((dotted, kind_of(field.annotation, field.metadata), default_of(field)))
    yield name, rows
    for inner, dotted in below:
        yield from sections(inner, dotted)


def model_inside(annotation: Any) -> type[BaseModel] | None:
    """The model of a section: itself, an optional one, or one a name."""
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    candidates = [
        annotation,
        *(get_args(annotation) if get_origin(annotation) is UnionType else []),
    ]
    for one in candidates:
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


_SIMPLE = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
_BOUNDS = {"ge": "from {}", "gt": "over {}", "le": "up to {}", "lt": "below {}"}


def kind_of(annotation: Any, metadata: list[Any]) -> str:
    """A type as a person reads it, with its bounds."""
    origin, inner = get_origin(annotation), [a for a in get_args(annotation) if a is not type(None)]
    if origin is Literal:
        kind = ", ".join(f"`{value}`" for value in inner)
    elif annotation in _SIMPLE:
        kind = _SIMPLE[annotation]
    elif origin in (list, tuple):
        kind = f"list of {kind_of(inner[0], [])}"
    elif annotation is Any:
        kind = "anything"
    elif origin is dict:
        kind = f"table of {kind_of(inner[1], [])}"
    elif hasattr(annotation, "__metadata__"):
        kind = kind_of(inner[0], list(annotation.__metadata__))
    else:
        kind = " or ".join(kind_of(one, []) for one in inner)
    bounds = [
        words.format(f"{value:,}" if isinstance(value, int) else value)
        for rule in flat(metadata)
        for name, words in _BOUNDS.items()
        if (value := getattr(rule, name, None)) is not None
    ]
    return f"{kind}, {' '.join(bounds)}" if bounds else kind


def flat(metadata: list[Any]) -> Iterator[Any]:
    """The rules of a field, also those that stand inside a ``Field`` of an alias."""
    for rule in metadata:
        yield from flat(getattr(rule, "metadata", None) or [])
        yield rule


def default_of(field: Any) -> str:
    """A default as the file would hold it."""
    if field.default is PydanticUndefined and field.default_factory is None:
        return "must be given"
    value = field.default_factory() if field.default_factory is not None else field.default
    return "not set" if value is None else f"`{toml(value)}`"


def toml(value: Any) -> str:
    """A plain value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    return str(value)


# kinds of source


def sources_part() -> str:
    """Every kind: what it is, its options, what becomes of its fields."""
    require_words("kinds", set(KINDS))
    lines = []
    for name, kind in KINDS.items():
        lines += [f"## {name}", "", f"{kind.told[:1].upper()}{kind.told[1:]}.", ""]
        lines += [told("kinds", name).strip(), ""]
        lines += [*options_of(kind), *fields_of(kind)]
    return "\n".join(lines).strip()


def options_of(kind: Kind) -> list[str]:
    """A table of the options, where there are any, below what their model says of them."""
    options = kind.options.model_fields
    if not options:
        return []
    rows = [
        (f"`{name}`", kind_of(field.annotation, field.metadata), default_of(field))
        for name, field in options.items()
    ]
    return [table(["option", "value", "default"], rows), "", told_of(kind.options), ""]


def told_of(model: type[BaseModel]) -> str:
    """What a model says of its fields; a list where it has a section of attributes."""
    text = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    said, _, attributes = text.partition("Attributes\n----------\n")
    named = re.sub(r"^(\w[\w, ]*)\n +", r"- `\1`: ", attributes, flags=re.MULTILINE)
    listed = re.sub(r"^ +", "  ", named, flags=re.MULTILINE)
    paragraphs = [part for part in said.strip().split("\n\n") if "[source.options]" not in part]
    return "\n\n".join([*paragraphs, listed.strip()]).strip()


def fields_of(kind: Kind) -> list[str]:
    """What becomes of each field of the source, where the kind tells it."""
    if not kind.fields:
        return []
    rows = [
        (f"`{field}`", ", ".join(f"`{name}`" for name in becomes.split(", ")))
        for field, becomes in kind.fields.items()
    ]
    return [table(["field", "becomes"], rows), ""]


# checks, metrics


def checks_table() -> str:
    """Every check: what it finds, and what it needs."""
    return table(
        ["check", "severity", "what it finds", "needs"],
        [
            (f"`{name}`", check.severity, check.told, ", ".join(map(need, check.needs)))
            for name, check in CHECKS.items()
        ],
    )


def need(name: str) -> str:
    """What a check cannot do without; a column's name as code."""
    return f"`{name}`" if re.fullmatch(r"\w+", name) else name


def metrics_table(task: str, metrics: Mapping[str, Any]) -> str:
    """Every metric: its definition and where it comes from."""
    names = {name.replace(".1", ".N"): metric for name, metric in metrics.items()}
    require_words(task, set(names))
    return table(
        ["metric", "definition", "better", "after"],
        [
            (
                f"`{name}`",
                metric.definition.replace("level 1", "level N"),
                "higher" if metric.higher_is_better else "lower",
                told(task, name),
            )
            for name, metric in names.items()
        ],
    )


def slices_table() -> str:
    """Every way to part gold rows, and what it needs."""
    rows = [(f"`{DISTRIBUTION}`", DISTRIBUTION_WORDS, "the category")]
    for one in SLICES.values():
        needs = [name.replace(PATH, "the category") for name in one.needs]
        rows.append(
            (f"`{one.name}`", one.words, ", ".join(needs + ["train"] * bool(one.needs_train)))
        )
    for pair in PAIR_SLICES.values():
        train = " and those of train" if pair.needs_train else ""
        rows.append((f"`{pair.name}`", pair.words, f"attributes{train}"))
    return table(["slice", "the parts", "needs"], rows)


def tasks_part() -> str:
    """Every task beyond categories and attributes: its gold and its metrics."""
    parts = []
    for kind in TASKS.values():
        rows = [
            (f"`{name}`", metric.definition, "higher" if metric.higher_is_better else "lower")
            for name, metric in kind.metrics([]).items()
        ]
        parts += [f"### {kind.name}", f"Gold: {kind.words}. `{kind.main}` decides."]
        parts.append(table(["metric", "definition", "better"], rows))
    return "\n\n".join(parts)


def published_part() -> str:
    """Every published definition: where its script lies, what it counts, what is odd in it."""
    return "\n\n".join(definition_part(one) for one in DEFINITIONS.values())


def definition_part(one: Definition) -> str:
    """One definition, with its quirks."""
    first, rest = one.words[0].upper(), one.words[1:]
    lines = [
        f"### {one.name}: {one.task}",
        f"`{one.source}`. {first}{rest}. `{one.main}` is quoted.",
    ]
    return "\n\n".join([*lines, "\n".join(f"- {quirk}" for quirk in one.quirks)])


if __name__ == "__main__":
    main()
