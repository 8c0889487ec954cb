import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InputError, StoppedError
from catalog.taxonomy import Taxonomy
from curation.checks import registry
from curation.checks.registry import CHECKS, Check
from curation.checks.run import ISSUE_SCHEMA, SUMMARY_SCHEMA, run_checks
from curation.checks.settings import CheckSettings

NO_TREE = Taxonomy.from_paths([])


def test_summary_has_a_line_for_every_check_in_order_even_where_nothing_is_found(look):
    found = look([{"title": "tea", "brand": "A", "price": 1.0, "category": "Drinks > Tea"}])
    assert found.result.summary["check"].to_list() == list(CHECKS)
    assert found.line("html_in_text")["n_rows"] == 0
    assert found.line("html_in_text")["share"] == 0.0


def test_tables_have_the_same_columns_where_there_are_no_records():
    result = run_checks(
        pl.LazyFrame({"title": pl.Series([], dtype=pl.String)}), NO_TREE, CheckSettings()
    )
    assert result.issues.schema == ISSUE_SCHEMA
    assert result.summary.schema == SUMMARY_SCHEMA
    assert result.n_records == 0
    # No share of no records: undefined, not 0.
    assert result.summary["share"].null_count() == len(CHECKS)


def test_share_counts_records_and_not_issues(look):
    # Record 1 has HTML in two texts: 2 issues, 1 record of 4.
    rows = [{"title": "<b>a</b>", "description": "<i>b</i>"}, {}, {}, {}]
    found = look(rows)
    assert len(found.rows("html_in_text")) == 2
    assert found.line("html_in_text")["n_rows"] == 1
    assert found.line("html_in_text")["share"] == 1 / 4
    assert found.line("html_in_text")["n_fixable"] == 1


def test_check_that_cannot_run_says_why_and_counts_nothing(look):
    found = look([{"title": "tea", "category": "Drinks"}])
    line = found.line("value_not_in_schema")
    assert line["skipped"] == "no record has attributes"
    assert line["n_rows"] is None
    assert line["share"] is None
    assert found.line("missing_brand")["skipped"] == "no record has a brand"
    assert "inferred" in found.line("path_not_in_taxonomy")["skipped"]


def test_schema_checks_are_skipped_where_the_taxonomy_has_no_schema(look, given_tree):
    rows = [{"category": "Tea", "attributes": {"Colour": "Red"}}]
    found = look(rows, given_tree(["Tea"]))
    assert (
        found.line("attribute_not_in_schema")["skipped"] == "the taxonomy has no attribute schema"
    )
    assert found.line("value_not_in_schema")["skipped"] is not None


def test_check_that_is_off_is_told_and_finds_nothing(look):
    found = look([{"title": "<b>a</b>"}], off=["html_in_text"])
    assert found.line("html_in_text")["skipped"] == "turned off in the settings"
    assert found.rows("html_in_text") == []


def test_unknown_check_in_the_settings_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="Did you mean 'mojibake'"):
        run_checks(pl.LazyFrame({"title": ["a"]}), NO_TREE, CheckSettings(off=["mojibaké"]))


def broken(_shelf):
    raise KeyError("no such column")


def test_check_that_breaks_is_told_and_the_others_run_on(look, monkeypatch):
    bad = Check(broken, "error", (), "breaks")
    monkeypatch.setitem(registry.CHECKS, "missing_id", bad)
    found = look([{"title": "<b>a</b>"}])
    assert found.line("missing_id")["skipped"].startswith("broke: KeyError")
    assert found.line("missing_id")["n_rows"] is None
    assert found.line("html_in_text")["n_rows"] == 1
    assert any("missing_id broke" in note for note in found.result.notes)


def test_wish_to_stop_ends_the_run():
    def stop(_done, _total, _message):
        raise StoppedError("stopped")

    with pytest.raises(StoppedError):
        run_checks(pl.LazyFrame({"title": ["a"]}), NO_TREE, CheckSettings(), progress=stop)


def test_progress_names_every_check_in_turn():
    told = []
    run_checks(
        pl.LazyFrame({"title": ["a"]}),
        NO_TREE,
        CheckSettings(off=["near_duplicate"]),
        progress=lambda done, total, message: told.append((done, total, message)),
    )
    assert [done for done, _, _ in told] == list(range(len(CHECKS)))
    assert told[0][1:] == (len(CHECKS), "missing id")


TEXTS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.sampled_from(
        ["<p>a &amp; b</p>", "cafÃ©", "=1+1", "**x** y", "# H\nx", "a\u200bb", "&#8217;&#x;", "%"]
    ),
)
ROW = st.fixed_dictionaries(
    {
        "title": TEXTS,
        "description": TEXTS,
        "brand": TEXTS,
        "price": st.one_of(st.none(), st.floats(allow_nan=True)),
        "category_path": st.one_of(st.none(), st.lists(st.text(max_size=5), max_size=3)),
    }
)
TREE = Taxonomy.from_paths([["a", "b"], ["c"]], name="own")


def frame(rows):
    types = {
        "record_id": pl.String, "title": pl.String, "description": pl.String, "brand": pl.String,
        "price": pl.Float64, "category_path": pl.List(pl.String),
    }  # fmt: skip
    rows = [{"record_id": str(n), **row} for n, row in enumerate(rows)]
    return pl.LazyFrame(rows, schema=types)


@settings(max_examples=20, deadline=None)
@given(st.lists(ROW, max_size=8))
def test_no_text_breaks_a_check_and_scores_stay_between_0_and_1(rows):
    result = run_checks(frame(rows), TREE, CheckSettings())
    assert result.summary.filter(pl.col("skipped").str.starts_with("broke")).rows() == []
    assert result.issues["score"].is_between(0, 1).all()
    assert result.issues.select(pl.col("message", "suggestion").is_null().any()).row(0) == (
        False,
        False,
    )
    assert (result.issues["fix_field"].is_null() == result.issues["fix_value"].is_null()).all()


@settings(max_examples=10, deadline=None)
@given(st.lists(ROW, max_size=6))
def test_the_same_records_give_the_same_tables(rows):
    first, second = (run_checks(frame(rows), TREE, CheckSettings()) for _ in range(2))
    assert first.issues.equals(second.issues)
    assert first.summary.equals(second.summary)


@settings(max_examples=15, deadline=None)
@given(st.lists(ROW, max_size=6))
def test_a_text_fix_satisfies_the_check_that_proposed_it(rows):
    result = run_checks(frame(rows), TREE, CheckSettings())
    fixed = result.issues.filter(
        pl.col("check").is_in(["html_in_text", "markdown_in_text", "mojibake", "odd_characters"])
        & pl.col("fix_value").is_not_null()
    )
    for check, field, value in fixed.select("check", "fix_field", "fix_value").rows():
        again = run_checks(
            pl.LazyFrame({"record_id": ["1"], field: [value]}), TREE, CheckSettings()
        )
        assert check not in again.issues["check"].to_list()
