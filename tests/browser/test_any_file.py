"""A long comparison of a dropped file is stopped; the page says so, and nothing of it is kept."""

import random

WORDS = [f"word{n}" for n in range(60)]
N_ROWS = 60_000


def test_a_long_comparison_is_stopped_and_leaves_nothing(tmp_path, monkeypatch, serve_for):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    draw = random.Random(7)
    rows = [f"{n},{' '.join(draw.choices(WORDS, k=12))}\n" for n in range(N_ROWS)]
    (tmp_path / "large.csv").write_text("id,title\n" + "".join(rows))
    with serve_for(tmp_path) as visitor:
        visitor.visit("files")
        visitor.main.get_by_role("tab", name="Near-duplicates").click()
        place = visitor.main.get_by_test_id("stFileUploader").filter(has_text="A file with texts")
        place.locator('input[type="file"]').set_input_files(tmp_path / "large.csv")
        least = visitor.main.get_by_role("spinbutton", name="Near-duplicates from")
        least.fill("0.4")
        least.press("Tab")
        visitor.main.get_by_role("button", name="Find near-duplicates").click()
        visitor.main.get_by_role("progressbar").first.wait_for()
        visitor.main.get_by_role("button", name="Stop").click()
        visitor.sees("Stopped; nothing of it is kept.")
        visitor.wait()
        assert visitor.main.get_by_test_id("stMetric").count() == 0
        assert visitor.main.get_by_role("button", name="Stop").count() == 0
        assert visitor.exceptions() == []
        [held] = scratch.glob("goldshelf-*")
        assert [f.name for f in held.rglob("*") if f.is_file()] == ["large.csv"]
