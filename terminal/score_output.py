"""How scores are printed: of files, of a run, with what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terminal.judge_output import print_judge
from terminal.output import cell, print_json, print_table, say, tell
from terminal.published_output import metric_row, print_published
from terminal.slice_output import print_slices
from workspace.runs import TwinScores
from workspace.runs.plain import part_words

if TYPE_CHECKING:
    from workspace.models.judged import Judged

_SHOWN = 15


def show_scores(found: TwinScores, title: str, as_json: bool, judged: Judged | None = None) -> None:
    """What scoring files found, and what a judge said of the answers."""
    for note in [*found.strict.notes, *(judged.notes if judged else [])]:
        tell(note)
    body = found.as_json()
    if judged is not None:
        body["judge"] = judged.as_json()
    if as_json:
        print_json(body)
        return
    print_scores(found.strict.as_json(), title)
    if found.strict.categories.width:
        _print_categories(found.strict)
    print_slices(found.slices)
    if found.published is not None:
        print_published(body["published"])
    if judged is not None:
        print_judge([judged])
    print_costs("costs", body.get("costs", {}))
    for line in body.get("published_lines", []):
        say(f"{line['system']}: {line['metric']} {line['value']:.4g} ({line['source']})")
    for name, values in body.get("reference_lines", {}).items():
        told = ", ".join(f"{metric} {cell(value)}" for metric, value in values.items())
        say(f"{name}: {told}")


def print_costs(title: str, costs: dict[str, Any]) -> None:
    """What answering has cost, in a line; nothing where nobody knows."""
    told = [f"{name} {cell(value)}" for name, value in costs.items() if value is not None]
    if told:
        say(f"{title}: {', '.join(told)}")


def print_scores(body: dict[str, Any], title: str) -> None:
    """Every metric with its interval, and what became of the rows."""
    rows = []
    for name, value in body.items():
        if isinstance(value, dict) and "value" in value:
            rows.append(metric_row(name, value, body))
        elif name == "accuracy_at_level":
            rows += [metric_row(f"{name}.{level}", one, body) for level, one in value.items()]
    clusters = "" if body["n_clusters"] is None else f" in {body['n_clusters']:,} groups"
    print_table(
        ["metric", "value", "low", "high", "rows", "what it is"],
        rows,
        title=f"{title}: {body['n_rows']:,} gold rows{clusters}",
    )
    say(", ".join(f"{name} {n:,}" for name, n in body["outcomes"].items() if n))
    if "counts" in body:
        what = "pairs" if body["task"] == "attributes" else "gold"
        say(f"{what}: " + ", ".join(f"{name} {n:,}" for name, n in body["counts"].items()))
    for name in ("valid categories", "interval"):
        if name in body["definitions"]:
            say(f"{name}: {body['definitions'][name]}")


def _print_categories(scores: Any) -> None:
    categories, (part, parts) = scores.categories, part_words(scores.task)
    shown = categories.sort("support", descending=True, maintain_order=True).head(_SHOWN)
    columns = ["category", "support", "precision", "recall", "f1", "f1_low", "f1_high"]
    print_table(
        [part, *(name.replace("_", " ") for name in columns[1:])],
        shown.select(columns).iter_rows(),
        title=f"the {shown.height} largest of {categories.height:,} {parts}",
    )
