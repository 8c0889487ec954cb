import ftfy
import polars as pl
import pytest
from ftfy.badness import is_bad
from hypothesis import given
from hypothesis import strategies as st

from curation.checks.repairs import mojibake_pattern, repaired


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>Salt</p><p>Pepper</p>", "Salt Pepper"),
        ("Soft<br/>and <B>warm</B>", "Soft and warm"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("5&#39;9&quot; tall", "5'9\" tall"),
        ("A&nbsp;B", "A B"),
        ("&amp;lt;b&amp;gt;x", "x"),
        ("<script>alert(1)</script>Lamp", "Lamp"),
        ('<a href="https://example.org">More</a>', "More"),
        ("Lamp <!-- old -->red", "Lamp red"),
    ],
)
def test_html_is_found_and_taken_out(look, text, clean):
    assert look([{"description": text}]).rows("html_in_text", "fix_field", "fix_value") == [
        ("description", clean)
    ]


@pytest.mark.parametrize(
    "text",
    ["5 < 6 and 7 > 6", "AT&T; R&D;", "Tom & Jerry", "<3 you", "a<b and c>d", "&c;", "x <y@z.org>"],
)
def test_angle_brackets_and_ampersands_alone_are_not_html(look, text):
    assert look([{"description": text}]).rows("html_in_text") == []


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("**New** and dry", "New and dry"),
        ("## Care\nWash cold", "Care\nWash cold"),
        ("See [our page](https://example.org/a)", "See our page"),
        ("![front](https://example.org/a.png) Mug", "front Mug"),
        ("* red\n* blue", "red\nblue"),
        ("a | b\n|---|---|\nc", "a | b\n\nc"),
        ("```json x```", "x"),
    ],
)
def test_markdown_is_found_and_taken_out(look, text, clean):
    assert look([{"description": text}]).rows("markdown_in_text", "fix_value") == [(clean,)]


@pytest.mark.parametrize(
    "text",
    [
        "#1 seller",
        "# 5 pencil",
        "4 * 5 cm",
        "- red\n- blue",
        "* Terms apply",
        "[new] (sealed)",
        "skin__ care",
        "5** hotel",
    ],
)
def test_plain_signs_are_not_markdown(look, text):
    assert look([{"description": text}]).rows("markdown_in_text") == []


@pytest.mark.parametrize(
    "right", ["Crème brûlée", "It’s “new” – fine", "Größe: 5 µm", "naïve façade"]
)
def test_mojibake_is_found_and_read_anew(look, right):
    wrong = right.encode("utf-8").decode("windows-1252", "replace")
    if "\ufffd" in wrong:  # a byte that Windows-1252 does not have is lost
        wrong = right.encode("utf-8").decode("latin-1")
    found = look([{"title": wrong}, {"title": right}])
    assert found.rows("mojibake", "record_id", "fix_value") == [("1", right)]


def test_lost_characters_are_found_and_have_no_fix(look):
    found = look([{"description": "skin\ufffds glow"}])
    assert found.rows("mojibake", "message", "fix_value") == [
        ("the description lost characters, such as '\ufffd'", None)
    ]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_badness_is_ftfys(text):
    # The library's own pattern, run by another engine: same answer on every text.
    found = pl.Series([text]).str.contains(f"(?s){mojibake_pattern()}")[0]
    assert found == (is_bad(text) or "\ufffd" in text)


@given(st.text(alphabet="aé’ÃÂâ©€™œ ½°àßЂвГ|", max_size=12))
def test_badness_is_ftfys_on_suspicious_texts(text):
    assert pl.Series([text]).str.contains(mojibake_pattern())[0] == is_bad(text)


def test_mojibake_repair_is_ftfys():
    text = "l’humanitÃ©"
    assert repaired(pl.Series([text])).to_list() == [ftfy.fix_encoding(text)]


@pytest.mark.parametrize(
    "odd", ["\u200b", "\u202e", "\ufeff", "\x07", "\u00ad", "\ue000", "\U000e0041"]
)
def test_invisible_characters_are_found_and_taken_out(look, odd):
    found = look([{"title": f"red{odd} mug"}, {"title": "red mug\twith\nlid"}])
    assert found.rows("odd_characters", "record_id", "fix_value") == [("1", "red mug")]


def test_joiners_of_other_scripts_and_emoji_are_not_odd(look):
    rows = [{"title": "نمی\u200cخواهم"}, {"title": "👨\u200d👩\u200d👧 mug"}, {"title": "a\u00a0b"}]
    assert look(rows).rows("odd_characters") == []


def test_score_is_the_share_of_the_text_that_is_clean(look):
    # "<b>" and "</b>" are 7 of 10 characters.
    assert look([{"title": "<b>abc</b>"}]).rows("html_in_text", "score") == [(1 - 7 / 10,)]


def test_fixes_of_two_checks_on_one_text_are_the_same(look):
    found = look([{"title": "<b>cafÃ©</b> **new**"}])
    fixes = {
        found.rows(name, "fix_value")[0][0]
        for name in ("html_in_text", "mojibake", "markdown_in_text")
    }
    assert fixes == {"café new"}


def test_repair_of_a_check_that_is_off_is_not_part_of_a_fix(look):
    found = look([{"title": "<b>a</b> **new**"}], off=["markdown_in_text"])
    assert found.rows("html_in_text", "fix_value") == [("a **new**",)]
