"""A small shop whose products models are asked about, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workspace import way
from workspace.settings import validated
from workspace.workspace import Workspace

PATHS = ["Kitchen > Mugs", "Kitchen > Pans", "Food > Tea", "Food > Coffee"]
PRICE = {"input_usd_per_million": 1000.0, "output_usd_per_million": 4000.0}
"""A token in is a tenth of a cent, one out four tenths."""


def cost_of(counts: dict[str, Any]) -> float:
    """What a server's own count of tokens costs at `PRICE`."""
    spent_in = counts["n_tokens_in"] * PRICE["input_usd_per_million"]
    return (spent_in + counts["n_tokens_out"] * PRICE["output_usd_per_million"]) / 1e6


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Workspace]:
    """Makes a loaded workspace of ``n_rows`` with these ``[annotators]``."""

    def make(n_rows: int, annotators: dict[str, dict[str, Any]], **sections: Any) -> Workspace:
        rows = [
            f"{n},{PATHS[n % 4].split(' > ')[1]} number {n},Brand {n % 7},{PATHS[n % 4]}"
            for n in range(n_rows)
        ]
        (tmp_path / "catalog.csv").write_text("\n".join(["id,title,brand,category", *rows]))
        source = {
            "paths": [str(tmp_path / "catalog.csv")],
            "columns": {
                "record_id": "id", "title": "title", "brand": "brand", "category": ["category"],
            },
            "category_separator": ">",
        }  # fmt: skip
        label = {"annotators": ["source"], "groups": {"near_duplicates": 0}}
        body = {"source": source, "label": label, "annotators": annotators, **sections}
        workspace = Workspace.create(tmp_path / "shop", validated(body, "test"))
        way.run(workspace, "load")
        return workspace

    return make


def openai(server: Any, **more: Any) -> dict[str, Any]:
    """The section of an annotator that asks a test server."""
    section = {"provider": "openai", "model": "m", "base_url": server.base_url, "price": PRICE}
    return {**section, "max_tokens": 64, **more}
