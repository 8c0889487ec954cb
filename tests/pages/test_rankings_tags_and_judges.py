"""Results and Compare of rankings, of tags and of judged answers."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.still_tables import still_tables
from tests.pages.test_results_and_compare import ask, is_fine  # noqa: F401
from tests.runs_workspace import import_rows
from tests.workspace.models.test_judged_runs import judged, questions, shop  # noqa: F401
from tests.workspace.test_rankings_and_tags import esci, rankings, tagged  # noqa: F401
from workspace.runs.gold import gold_of


def said(shown: AppTest) -> str:
    """All that is said on a page, its tables included."""
    parts = [e.value.replace("\\", "") for e in (*is_fine(shown).markdown, *shown.caption)]
    tables = [*(frame.value for frame in shown.dataframe), *still_tables(shown)]
    return "\n".join([*parts, *(table.to_csv() for table in tables)])


def test_rankings_lead_by_ndcg_and_are_compared(ask, esci):  # noqa: F811
    import_rows(esci, "first", rankings(esci, lambda n: range(4)), task="ranking")
    import_rows(esci, "last", rankings(esci, lambda n: (3, 2, 1, 0)), task="ranking")
    results = said(ask("results", esci.root, task="ranking"))
    assert "first leads with nDCG 100.0 %" in results
    assert "MRR" in results
    assert "recall at 1" in results
    compared = ask("compare", esci.root, task="ranking", baseline="last", candidate="first")
    assert "The candidate is better: nDCG 100.0 %" in said(compared)


def test_tags_lead_by_f1_and_are_compared(ask, tagged):  # noqa: F811
    keys = gold_of(tagged, "tags", "test")["example_id"]
    for name, tag in (("one", "new"), ("none", "other")):
        rows = [{"example_id": key, "parsed": [tag]} for key in keys]
        import_rows(tagged, name, rows, task="tags")
    assert "one leads with F1" in said(ask("results", tagged.root, task="tags"))
    compared = ask("compare", tagged.root, task="tags", baseline="none", candidate="one")
    assert "The candidate is better: F1" in said(compared)


def test_what_a_judge_says_leads_and_what_it_was_not_asked_says_why(ask, shop):  # noqa: F811
    _, workspace = shop
    judged(workspace, "half", "more")
    shown = ask("results", workspace.root, task="answers", metric="judged_relevance")
    assert "more leads with judged relevance 73" in said(shown)
    assert "not judged by mini" in said(shown)
    compared = ask(
        "compare", workspace.root, baseline="half", candidate="more", metric="judged_relevance"
    )
    assert "The candidate is better: judged relevance" in said(compared)
