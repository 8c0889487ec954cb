"""Answers outlive the process that has them."""

from __future__ import annotations

from pathlib import Path

from curation.llm.journal import Journal, journaled
from curation.llm.prices import ModelPrice, Price
from curation.llm.requests import Reply

PRICE = ModelPrice("openai", "m", own=Price(input_usd_per_million=1, output_usd_per_million=2))
REPLY = Reply("answered", 'tabs\tand\nlines, "quotes", \u2028, café', 10, 20, latency_s=0.5)


def test_what_is_put_in_comes_out(tmp_path: Path):
    path = tmp_path / "a.tsv"
    refused = Reply("refused", "", 1, 0, error="the model refused")
    with Journal(path, PRICE) as journal:
        journal.put("k1", REPLY)
        journal.put("k2", refused)
        journal.put("k3", Reply("failed", "", error="no answer"))
        journal.put("k4", REPLY)
    assert list(journaled(path, {"k1", "k2", "k3"})) == [
        ("k1", REPLY, 5e-05),
        ("k2", refused, 1e-06),
    ]


def test_half_a_line_is_left_out_and_what_follows_it_is_not(tmp_path: Path):
    path = tmp_path / "a.tsv"
    with Journal(path, None) as journal:
        journal.put("k1", REPLY)
    whole = path.read_text()
    for length in range(len(whole)):
        path.write_text(whole[:length])
        assert list(journaled(path, {"k1"})) == []
    with Journal(path, None) as journal:
        journal.put("k2", REPLY)
    assert list(journaled(path, {"k2"})) == []  # it stands on the line that was cut
    path.write_text(whole + whole.replace("k1", "k2"))
    assert [key for key, *_ in journaled(path, {"k1", "k2"})] == ["k1", "k2"]


def test_nobody_else_can_read_it(tmp_path: Path):
    with Journal(tmp_path / "a.tsv", None) as journal:
        journal.put("k1", REPLY)
    assert (tmp_path / "a.tsv").stat().st_mode & 0o077 == 0
