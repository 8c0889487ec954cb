"""What a certificate found between each two splits, as a table."""

from __future__ import annotations

from typing import Any

from terminal.output import print_table


def print_leaks(between: dict[str, dict[str, Any]], title: str, *, with_queries: bool) -> None:
    """A line for each two splits; queries are compared always, and shown where rows have one."""
    found = {
        "shared groups": "shared_groups",
        "identifiers": "shared_identifiers",
        **({"queries": "shared_queries"} if with_queries else {}),
        "equal texts": "exact_pairs",
        "near-duplicates": "near_duplicate_pairs",
        "nearest": "largest_similarity",
    }
    print_table(
        ["between", *found],
        [(pair, *(leaks[key] for key in found.values())) for pair, leaks in between.items()],
        title=title,
    )
