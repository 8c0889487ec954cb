"""The categories that moved most stand on the page; all of them are a click away."""

from streamlit.testing.v1 import AppTest

from tests.pages.still_tables import still_tables
from ui.verdicts.result_tables import MOST_STILL


def page():
    """A comparison of many categories, the last of which moved most."""
    import polars as pl

    from ui.verdicts import result_tables

    n = 30
    share = [k / n for k in range(n)]
    frame = pl.DataFrame(
        {
            "category": [f"Root > Kind {k}" for k in range(n)],
            "n": [100] * n, "n_clusters": [10] * n,
            "baseline": [0.0] * n, "candidate": share,
            "difference": share, "low": share, "high": share,
            "p_holm": [0.5] * n, "p_bh": [0.2] * n, "mark": [""] * n,
        }
    )  # fmt: skip
    result_tables.moved(frame)


def test_what_moved_most_is_there_and_all_of_it_on_request():
    shown = AppTest.from_function(page).run()
    assert not shown.exception
    [most] = still_tables(shown)
    assert len(most) == MOST_STILL
    assert most.iloc[0].to_dict() == {
        "category": "Kind 29", "rows": "100", "groups": "10", "baseline": "0.0 %",
        "candidate": "96.7 %", "difference, points": "+96.7 (+96.7 to +96.7)", "p (Holm)": ".50",
        "p (B-H)": ".20", "shown": "–", "whole path": "Root > Kind 29",
    }  # fmt: skip
    assert not shown.dataframe
    shown.session_state["moved.category"] = True
    shown.run()
    assert len(shown.dataframe[0].value) == 30
    assert shown.expander[0].label == "All 30, to sort and to search"
