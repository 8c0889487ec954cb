"""Tables that are drawn as HTML, read as people read them."""

from __future__ import annotations

import html
import json
import re

import pandas as pd
from streamlit.testing.v1 import AppTest


def still_tables(shown: AppTest) -> list[pd.DataFrame]:
    """What stands in every table of a page that is not a grid, all of it text."""
    drawn = [json.loads(one.proto.json) for one in shown.get("bidi_component")]
    return [_read(body) for body in drawn if 'class="gs-table"' in body]


def _read(body: str) -> pd.DataFrame:
    heads = _cells(body, "th")
    lines = [_cells(line, "td") for line in re.findall(r"<tr>(<td.*?)</tr>", body)]
    return pd.DataFrame(lines, columns=heads)


def _cells(body: str, kind: str) -> list[str]:
    return [html.unescape(cell) for cell in re.findall(rf"<{kind}\b[^>]*>(.*?)</{kind}>", body)]
