import datetime

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.studies.drift import drift_report, weeks_of
from stats.drift import label_drift, stability_index, total_variation

START = datetime.date(2026, 1, 5)


def production(shares_by_week, n=400, seed=0, cluster=None):
    generator = np.random.default_rng(seed)
    rows = []
    for week, shares in enumerate(shares_by_week):
        labels = generator.choice(list("abc"), size=n, p=shares)
        rows += [
            {"example_id": f"w{week}-{i}", "week": START + datetime.timedelta(weeks=week),
             "label": label} for i, label in enumerate(labels)
        ]  # fmt: skip
    return pl.DataFrame(rows)


def test_distances_are_those_of_the_books():
    before, after = np.array([50, 30, 20]), np.array([20, 30, 50])
    assert total_variation(before, after) == pytest.approx(0.3)
    # Half a row is added to each label: (q - p) ln(q / p), twice.
    p, q = 50.5 / 101.5, 20.5 / 101.5
    assert stability_index(before, after) == pytest.approx(2 * (q - p) * np.log(q / p))


def test_a_week_that_moved_is_marked_and_one_that_did_not_is_not():
    same, other = [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
    found = drift_report(production([same, same, other])).labels
    assert found["mark"].to_list() == ["", "drifted"]
    assert found["total_variation"][0] < found["chance"][0]
    assert found["low"][1] < 0.3 < found["high"][1] + 0.05
    assert found["p_holm"][1] == pytest.approx(0.002)


def test_without_change_one_week_in_twenty_is_called_drift_by_chance():
    labels = np.random.default_rng(3)
    p_values = [
        label_drift(labels.integers(0, 6, 200), labels.integers(0, 6, 150), 6, n_draws=199,
                    seed=seed).p_value
        for seed in range(200)
    ]  # fmt: skip
    assert 0.01 <= np.mean(np.array(p_values) <= 0.05) <= 0.1


def test_dependent_rows_are_no_drift():
    """Each brand has one label: with rows dealt alone any new brand looks like a change."""
    generator = np.random.default_rng(5)
    n_false = [0, 0]
    for seed in range(40):
        label_of_brand = generator.integers(0, 4, 40)
        brands = np.repeat(np.arange(40), 25)
        labels = label_of_brand[brands]
        half = len(labels) // 2
        clusters = (brands[:half], brands[half:])
        for at, given in enumerate((None, clusters)):
            drift = label_drift(labels[:half], labels[half:], 4, clusters=given, n_draws=199,
                                seed=seed)  # fmt: skip
            n_false[at] += drift.p_value <= 0.05
    assert n_false[0] > 30
    assert n_false[1] <= 8


def test_agreement_with_audits_falls_where_the_interval_excludes_no_change():
    rows = production([[1, 0, 0]] * 3, n=200)
    generator = np.random.default_rng(2)
    share = {0: 0.95, 1: 0.95, 2: 0.7}
    audits = rows.select(
        "example_id",
        label=pl.Series(
            ["a" if generator.random() < share[int(key[1])] else "b" for key in rows["example_id"]]
        ),
    )
    found = drift_report(rows, audits)
    assert found.agreement["mark"].to_list() == ["", "", "fell"]
    assert found.agreement["difference"][0] is None
    last = found.agreement.row(2, named=True)
    assert last["difference_low"] < last["difference"] < last["difference_high"] < 0


def test_audits_of_other_rows_are_refused_and_unused_ones_told():
    rows = production([[1, 0, 0]] * 2, n=20)
    with pytest.raises(InputError, match="none has an example_id of the predictions"):
        drift_report(rows, pl.DataFrame({"example_id": ["z"], "label": ["a"]}))
    audits = pl.DataFrame({"example_id": ["z", "w1-0"], "label": ["a", "a"]})
    found = drift_report(rows, audits)
    assert found.notes[0] == "audits: 1 are of no prediction and left out."
    assert "none is of the reference weeks" in found.notes[1]
    assert found.agreement["n"].to_list() == [1]


def test_one_week_alone_and_times_that_are_none_are_one_line():
    with pytest.raises(InputError, match="nothing is left to hold against it"):
        drift_report(production([[1, 0, 0]], n=5))
    with pytest.raises(InputError, match="rows, row 2: 'at' is 'soon' in 1 rows no time"):
        weeks_of(pl.Series("at", ["2026-01-05", "soon"]), "rows")
