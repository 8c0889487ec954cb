"""Gates for machines and for a pull request: JUnit XML and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

import polars as pl

from evaluation.comparing.gate_rules import GateCheck

_SUITE = "goldshelf gates"
_NOT_IN_XML = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}


def junit_xml(checks: Sequence[GateCheck]) -> str:
    """A test suite with a case for each gate, as continuous integration reads it.

    Examples
    --------
    >>> check = GateCheck("labels", "accuracy", None, None, ">= 0", -0.1, 9, "failed", "It failed.")
    >>> '<failure message="It failed."' in junit_xml([check])
    True
    """
    counts = {
        "tests": len(checks),
        "failures": sum(check.state == "failed" for check in checks),
        "skipped": sum(check.state == "skipped" for check in checks),
    }
    numbers = {name: str(n) for name, n in counts.items()}
    top = Xml.Element("testsuites", numbers)
    suite = Xml.SubElement(top, "testsuite", {"name": _SUITE, "errors": "0", **numbers})
    for check in checks:
        names = {"classname": f"{check.task}.{check.metric}", "name": _clean(check.name)}
        case = Xml.SubElement(suite, "testcase", names)
        said = _clean(check.sentence)
        if check.state == "failed":
            Xml.SubElement(case, "failure", {"message": said, "type": "gate"}).text = said
        elif check.state == "skipped":
            Xml.SubElement(case, "skipped", {"message": said})
    Xml.indent(top)
    return Xml.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return text.translate(_NOT_IN_XML)


def gates_markdown(sentence: str, checks: Sequence[GateCheck], metrics: pl.DataFrame) -> str:
    """The verdict, the gates and every metric as Markdown for a pull request.

    Parameters
    ----------
    metrics
        ``metric, baseline, candidate, difference, low, high``; those of neither run are left out.
    """
    states = [check.state for check in checks]
    said = ", ".join(
        f"{states.count(s)} {s}" for s in ("failed", "passed", "skipped") if s in states
    )
    lines = ["## Goldshelf", "", sentence, ""]
    if checks:
        lines += [f"Gates: {said}.", "", "| gate | state | what was found |", "| --- | --- | --- |"]
        order = sorted(checks, key=lambda check: ("failed", "skipped", "passed").index(check.state))
        lines += [
            f"| {_cell(check.name)} | {_state(check)} | {_cell(check.sentence.partition(': ')[2])} |"
            for check in order
        ]
        lines += [""]
    columns = ("metric", "baseline", "candidate", "difference", "low", "high")
    lines += [f"| {' | '.join(columns)} |", f"| {' | '.join(['---'] * len(columns))} |"]
    defined = metrics.filter(pl.col("baseline").is_not_nan() | pl.col("candidate").is_not_nan())
    for row in defined.select(columns).iter_rows():
        cells = [_cell(str(row[0])), *(_number(value) for value in row[1:])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _state(check: GateCheck) -> str:
    return f"**{check.state}**" if check.state == "failed" else check.state


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.4f}"


def _cell(text: str) -> str:
    """A text that stays in its cell and says nothing in Markdown or HTML."""
    flat = " ".join(text.split())
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "'")):
        flat = flat.replace(sign, entity)
    return flat
