"""All checks by name, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from curation.checks.attributes import attribute_not_in_schema, value_not_in_schema
from curation.checks.categories import dominated_category, small_category
from curation.checks.conflicts import conflicting_values
from curation.checks.copies import exact_duplicate, near_duplicate, same_text_different_category
from curation.checks.evidence import evidence_offset_mismatch, value_not_in_text
from curation.checks.fields import (
    empty_title,
    missing_brand,
    missing_category,
    price_not_positive,
)
from curation.checks.findings import Findings
from curation.checks.identity import duplicate_id, missing_id
from curation.checks.paths import (
    category_spelled_twice,
    label_on_inner_node,
    path_not_in_taxonomy,
)
from curation.checks.safety import addresses_a_model, spreadsheet_formula
from curation.checks.shelf import Shelf
from curation.checks.text import html_in_text, markdown_in_text, mojibake, odd_characters

Severity = Literal["error", "warning", "info"]
GIVEN_TAXONOMY, INFERRED_TAXONOMY = "a given taxonomy", "an inferred taxonomy"
SCHEMA, CLOSED_LISTS = "an attribute schema", "closed lists of values"


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    function
        Looks at a shelf and gives its findings.
    severity
        ``error``: wrong for training or unsafe; ``warning``: likely wrong; ``info``: worth
        knowing.
    needs
        Record columns that must be filled somewhere, and `GIVEN_TAXONOMY`,
        `INFERRED_TAXONOMY`, `SCHEMA` or `CLOSED_LISTS`; without them it is skipped.
    told
        What it finds, in a line.
    """

    function: Callable[[Shelf], Findings]
    severity: Severity
    needs: tuple[str, ...]
    told: str


CHECKS: dict[str, Check] = {
    "missing_id": Check(missing_id, "warning", (), "rows without an id"),
    "duplicate_id": Check(duplicate_id, "error", (), "rows with the id of an earlier row"),
    "empty_title": Check(empty_title, "error", (), "records without a title"),
    "missing_brand": Check(missing_brand, "warning", ("brand",), "no brand, or a generic one"),
    "missing_category": Check(
        missing_category, "warning", ("category_path",), "records without a category"
    ),
    "price_not_positive": Check(
        price_not_positive, "warning", ("price",), "prices of zero or less"
    ),
    "html_in_text": Check(html_in_text, "warning", (), "HTML tags or entities in a text"),
    "markdown_in_text": Check(markdown_in_text, "info", (), "Markdown in a text"),
    "mojibake": Check(mojibake, "warning", (), "text read in a wrong encoding"),
    "odd_characters": Check(
        odd_characters, "info", (), "control, invisible or private characters in a text"
    ),
    "spreadsheet_formula": Check(
        spreadsheet_formula, "warning", (), "fields that a spreadsheet would compute"
    ),
    "addresses_a_model": Check(
        addresses_a_model, "error", (), "texts that give orders to a language model"
    ),
    "path_not_in_taxonomy": Check(
        path_not_in_taxonomy,
        "error",
        ("category_path", GIVEN_TAXONOMY),
        "categories that the taxonomy does not have",
    ),
    "category_spelled_twice": Check(
        category_spelled_twice,
        "warning",
        ("category_path", INFERRED_TAXONOMY),
        "one category written in several ways",
    ),
    "label_on_inner_node": Check(
        label_on_inner_node,
        "warning",
        ("category_path",),
        "labels on a category that has others below it",
    ),
    "small_category": Check(
        small_category, "info", ("category_path",), "leaves with very few records"
    ),
    "dominated_category": Check(
        dominated_category, "info", ("category_path", "brand"), "leaves nearly wholly of one brand"
    ),
    "same_text_different_category": Check(
        same_text_different_category,
        "error",
        ("category_path",),
        "the same text under different categories",
    ),
    "exact_duplicate": Check(exact_duplicate, "warning", (), "records that repeat an earlier one"),
    "near_duplicate": Check(near_duplicate, "info", (), "records with nearly the words of another"),
    "attribute_not_in_schema": Check(
        attribute_not_in_schema,
        "warning",
        ("attributes", "category_path", SCHEMA),
        "attributes that the category does not have",
    ),
    "value_not_in_schema": Check(
        value_not_in_schema,
        "warning",
        ("attributes", "category_path", CLOSED_LISTS),
        "values outside the closed list of their attribute",
    ),
    "conflicting_values": Check(
        conflicting_values,
        "warning",
        ("attributes",),
        "several values of one attribute, or another one in the title",
    ),
    "value_not_in_text": Check(
        value_not_in_text, "info", ("attributes",), "values that do not stand in the text"
    ),
    "evidence_offset_mismatch": Check(
        evidence_offset_mismatch,
        "error",
        ("attributes",),
        "evidences whose place does not hold their value",
    ),
}
