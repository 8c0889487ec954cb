"""A certificate as one HTML file that anyone can open: words, tables and a curve, nothing loaded."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import jinja2

from catalog.errors import InputError
from curation.splits.certificate import Certificate
from workspace.atomic import write_text, writing_told

_KINDS = {
    "shared_groups": "shared brands or groups",
    "shared_identifiers": "shared identifiers",
    "shared_queries": "shared queries",
    "exact_pairs": "pairs of equal texts",
    "near_duplicate_pairs": "near-duplicate pairs",
}
_LISTED = 100


def certificate_html(body: dict[str, Any], name: str) -> str:
    """A certificate (`Certificate.as_json`) as a page; product text in it is escaped."""
    loader = jinja2.PackageLoader("workspace.reports", "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    return environment.get_template("certificate.html").render(
        name=name,
        body=body,
        kinds=_KINDS,
        curves={name: _curve(found) for name, found in body["between"].items()},
        listed=_LISTED,
        splits=[facts["split"] for facts in body.get("tables", {}).get("splits", [])],
        version=importlib.metadata.version("goldshelf"),
    )


def require_page(path: Path) -> None:
    """Refuse to write a page over a file that is none, before anything is computed.

    Raises
    ------
    InputError
        If there is one, or a folder.
    """
    if not path.exists():
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder: --html names the file of the page.")
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(100).lstrip().lower()
        if not start or start.startswith((b"<!doctype html", b"<html")):
            return
    raise InputError(f"--html {path}: is there, and is no page. Name another file.")


def write_page(certificate: Certificate, path: Path, name: str) -> Path:
    """Write a certificate as a page, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    with writing_told(path):
        write_text(path, certificate_html(certificate.as_json(), name))
    return path


def _curve(found: dict[str, Any]) -> str:
    """The points of a line in a box of 300 by 100: similarity to the right, share upwards."""
    points = found["sample"].get("nearest", [])
    return " ".join(f"{300 * p['similarity']:.1f},{100 - 100 * p['share']:.1f}" for p in points)
