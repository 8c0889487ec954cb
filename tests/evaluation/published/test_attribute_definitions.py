import gzip
import json
import math

import numpy as np
import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.answers.contract import conform_predictions
from evaluation.answers.joining import join_predictions
from evaluation.formats import FORMATS, FormatOptions
from evaluation.published import DEFINITIONS, definition_for, published_scores
from evaluation.published.extractgpt import kind_of
from evaluation.published.mave import mave_kind

RUNS = "attributes/extractgpt/predictions"


def rows_of(gold, answers, **more):
    ids = [str(n) for n in range(len(gold))]
    said = [None if one is None else json.dumps(one) for one in answers]
    predictions = pl.DataFrame(
        {"example_id": ids, "raw_output": said}, schema_overrides={"raw_output": pl.String}
    )
    frame = pl.DataFrame(
        {"example_id": ids, "gold_attributes": [json.dumps(one) for one in gold], **more}
    )
    return join_predictions(frame, conform_predictions(predictions, "run")).rows


def scores_of(name, gold, answers, clusters=None, **more):
    definition = definition_for(name, "attributes")
    return published_scores(definition, rows_of(gold, answers, **more), clusters)


def test_all_ten_stored_runs_give_their_published_numbers(shared_data):
    paths = sorted((shared_data / RUNS).glob("*.gz"))
    assert len(paths) == 10
    for path in paths:
        run = FORMATS["extractgpt"].read(path, FormatOptions())
        gold = run.gold.rename({"attributes": "gold_attributes"})
        rows = join_predictions(gold, run.predictions).rows
        found = published_scores(definition_for("extractgpt", "attributes"), rows, None)
        ours = {name: round(100 * one.value, 2) for name, one in found.metrics.items()}
        with gzip.open(path) as file:
            stored = json.load(file)["results"]
        for part in ("precision", "recall", "f1"):
            assert ours[part] == stored["micro"][f"micro_{part}"], path.name
            assert ours[f"{part}_macro"] == stored["macro"][f"macro_{part}"], path.name


def test_the_counts_of_the_ensemble_on_ae_110k_are_the_known_ones(shared_data):
    path = next((shared_data / RUNS).glob("*ae_110k*1_0___json_schema_ensembling*.gz"))
    run = FORMATS["extractgpt"].read(path, FormatOptions())
    rows = join_predictions(
        run.gold.rename({"attributes": "gold_attributes"}), run.predictions
    ).rows
    found = published_scores(definition_for("extractgpt", "attributes"), rows, None)
    assert dict(found.counts) == {"NN": 205, "NV": 31, "VN": 126, "VC": 1050, "VW": 70}
    assert [round(100 * found.metrics[n].value, 2) for n in ("precision", "recall", "f1")] == [
        91.23,
        84.27,
        87.61,
    ]


def test_the_unparsable_output_of_gpt_3_5_is_counted(shared_data):
    run = FORMATS["extractgpt"].read(
        next((shared_data / RUNS).glob("list-ae-110k*.gz")), FormatOptions()
    )
    rows = join_predictions(
        run.gold.rename({"attributes": "gold_attributes"}), run.predictions
    ).rows
    found = published_scores(definition_for("extractgpt", "attributes"), rows, None)
    assert found.dropped["rows without a readable JSON object, taken as all null"] == 1


@pytest.mark.parametrize(
    ("gold", "prediction", "kind"),
    [
        (["n/a"], None, "NN"),
        (["n/a"], "n/a", "NN"),
        (["n/a"], "None", "NN"),
        (["n/a"], "N/A", "NV"),
        (["n/a"], "", "NV"),
        (["n/a", "Red"], "Red", "NV"),
        (["Red"], "n/a", "VN"),
        (["Red", "n/a"], "n/a", "VN"),
        ([" Red "], "Red", "VC"),
        (["Red"], " Red ", "VW"),
        (["Red"], "red", "VW"),
        (["Red"], ["Red"], "VW"),
        (["4"], 4, "VW"),
    ],
)
def test_extractgpt_tells_null_and_equal_its_own_way(gold, prediction, kind):
    assert kind_of(gold, prediction) == kind


def test_an_unreadable_output_is_a_right_null_for_extractgpt():
    found = scores_of("extractgpt", [{"Brand": "n/a", "Size": "4"}], [None])
    assert dict(found.counts) == {"NN": 1, "NV": 0, "VN": 1, "VC": 0, "VW": 0}
    assert found.dropped["null pairs of such rows, counted as right nulls"] == 1


def test_an_attribute_outside_the_schema_is_left_out_and_counted():
    found = scores_of(
        "extractgpt",
        [{"Brand": "YTQ", "Size": "4"}],
        [{"Brand": "YTQ", "Size": "4"}],
        known_attributes=['["Brand"]'],
    )
    assert found.counts["VC"] == 1
    assert found.dropped["pairs of an attribute outside the schema, left out"] == 1


def test_precision_and_recall_are_rounded_before_f1():
    # 2 right of 3 given and of 7 that should be: P 66.67, R 28.57, F1 2PR/(P+R) = 40.0 (39.9997).
    gold = [{str(n): "x" for n in range(7)}]
    found = scores_of("extractgpt", gold, [{"0": "x", "1": "x", "2": "y"}])
    values = [found.metrics[name].value for name in ("precision", "recall", "f1")]
    assert values == pytest.approx([0.6667, 0.2857, 0.4])


def test_only_extractgpt_leaves_true_nulls_alone_out_of_its_macro_average():
    gold = [{"Brand": "YTQ", "Size": "n/a"}]
    answers = [{"Brand": "YTQ"}]
    assert scores_of("extractgpt", gold, answers).metrics["f1_macro"].value == 1.0
    # WDC PAVE: Brand 1, Size 0, and the row of the whole category 1: mean 66.67.
    found = scores_of("wdc-pave", gold, answers)
    assert found.metrics["f1_macro"].value == pytest.approx(0.6667)
    assert found.metrics["f1"].value == 1.0


def test_wdc_pave_counts_a_category_without_pairs_as_nothing():
    gold = [{"Brand": "YTQ"}, {"Weight": "20 g"}]
    found = scores_of("wdc-pave", gold, gold, category=["Lure", "Rod"],
                      known_attributes=['["Brand"]', '["Brand"]'])  # fmt: skip
    assert dict(found.counts) == {"NN": 0, "NV": 0, "VN": 0, "VC": 1, "VW": 0}
    # Brand of Lure 1, Lure 1, Rod 0: the script's row of a category whose attributes are not asked.
    assert found.metrics["f1_macro"].value == pytest.approx(0.6667)
    other = scores_of("extractgpt", gold, gold, category=["Lure", "Rod"],
                      known_attributes=['["Brand"]', '["Brand"]'])  # fmt: skip
    assert other.metrics["f1_macro"].value == 1.0


@pytest.mark.parametrize(
    ("evidences", "prediction", "kind"),
    [
        (["Light", "Light Gauge"], "light gauge", "VC"),
        (["dark red"], "the Dark Red!", "VC"),
        (["dark-red"], "dark red", "VW"),
        ([None], "", "NN"),
        ([None], "an", "NN"),
        ([None], "red", "NV"),
        (["red"], "...", "VN"),
    ],
)
def test_mave_compares_as_squad_normalises(evidences, prediction, kind):
    assert mave_kind(evidences, prediction) == kind


def test_mave_takes_the_first_of_several_values():
    found = scores_of("mave", [{"Gauge": ["Light", "Light Gauge"]}], [{"Gauge": ["light", "x"]}])
    assert found.counts["VC"] == 1
    assert found.dropped["pairs with several values, of which the first is taken"] == 1
    assert found.metrics["f1"].value == 1.0


def test_a_perfect_answer_over_real_wdc_pave_evidences_scores_one(shared_data):
    folder = shared_data / "attributes/wdc-pave/mave_format"
    lines = []
    for kind in ("positives", "negatives"):
        for line in (folder / f"test_wdc_mave_{kind}.jsonl").read_text("utf-8").splitlines():
            (attribute,) = json.loads(line)["attributes"]
            lines.append({attribute["key"]: [e["value"] for e in attribute["evidences"]]})
    perfect = scores_of("mave", lines, lines)
    silent = scores_of("mave", lines, [{}] * len(lines))
    assert perfect.metrics["f1"].value == 1.0
    assert perfect.counts["VW"] == perfect.counts["NV"] == 0
    assert silent.counts["VN"] == perfect.counts["VC"] > 2000
    assert silent.counts["NN"] == perfect.counts["NN"] > 3000
    assert math.isnan(silent.metrics["precision"].value)


def test_intervals_of_a_published_number_know_clusters(shared_data):
    run = FORMATS["extractgpt"].read(
        next((shared_data / RUNS).glob("list-ae-110k*.gz")), FormatOptions()
    )
    rows = join_predictions(
        run.gold.rename({"attributes": "gold_attributes"}), run.predictions
    ).rows
    definition = definition_for("extractgpt", "attributes")
    by_category = np.unique(rows["category"].to_numpy(), return_inverse=True)[1]
    alone = published_scores(definition, rows, None).metrics
    grouped = published_scores(definition, rows, by_category).metrics
    for name in ("f1", "f1_macro"):
        assert alone[name].value == grouped[name].value
        assert alone[name].low < alone[name].value < alone[name].high
        assert grouped[name].n_clusters == 10
        assert grouped[name].high - grouped[name].low > alone[name].high - alone[name].low


def test_the_macro_influences_are_those_of_leaving_rows_out():
    gold = [{"A": "x", "B": "y"}, {"A": "x"}, {"B": "y"}, {"C": "z"}, {"A": "x", "C": "z"}]
    answers = [{"A": "x", "B": "q"}, {"A": "q"}, {"B": "y"}, {"C": "z"}, {"A": "x"}]
    metric = definition_for("extractgpt", "attributes").metrics["f1_macro"]

    def statistic(keep):
        rows = rows_of([gold[n] for n in keep], [answers[n] for n in keep])
        read = definition_for("extractgpt", "attributes").read(rows, None)
        return metric.statistic(read)

    whole = statistic(range(5))
    without = np.array([statistic([m for m in range(5) if m != n]).value for n in range(5)])
    expected = (without.mean() - without) * 4 / 5
    assert whole.influence == pytest.approx(expected, abs=2e-4)  # values are rounded


TRIPLE = {"attribute": "Colour", "value": "dark red", "source": "title"}


def triples(name, answer):
    rows = rows_of([{"Colour": "dark red"}], [None], label=[json.dumps([TRIPLE])])
    rows = rows.with_columns(raw_output=pl.lit(answer))
    return published_scores(definition_for(name, "attributes"), rows, None)


def test_ecellm_takes_a_repeated_triple_as_two_hits():
    found = triples("ecellm", json.dumps([TRIPLE, TRIPLE]))
    assert found.counts == {"hits": 2, "gold": 1, "predicted": 2}
    assert found.metrics["recall"].value == 2.0


def test_ecellm_matches_substrings_out_of_domain_alone():
    answer = json.dumps([{**TRIPLE, "value": "red"}])
    assert triples("ecellm", answer).counts["hits"] == 0
    assert triples("ecellm-ood", answer).counts["hits"] == 1


def test_ecellm_tells_what_is_no_json_from_what_is_no_list():
    told = [
        list(triples("ecellm", one).dropped.values())
        for one in ("no", "{}", "[5]", '["attribute"]')
    ]
    assert told == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]


def test_ecellm_needs_triples_in_the_gold():
    with pytest.raises(InputError, match="column 'label'"):
        scores_of("ecellm", [{"A": "x"}], [{}])


def test_every_definition_says_where_it_comes_from_and_what_is_odd():
    for (name, task), one in DEFINITIONS.items():
        assert (one.name, one.task) == (name, task)
        assert one.source.commit
        assert one.main in one.metrics
        assert one.quirks
        assert all(metric.name == key for key, metric in one.metrics.items())


def test_an_unknown_definition_is_one_clear_line():
    with pytest.raises(InputError, match="no published definition 'squad'"):
        definition_for("squad", "attributes")
    with pytest.raises(InputError, match="extractgpt is of attributes, not of labels"):
        definition_for("extractgpt", "labels")


@pytest.mark.parametrize(
    "gold",
    [
        pl.Series([json.dumps({"Brand": "YTQ", "Size": None})]),
        pl.Series([{"Brand": "YTQ", "Size": None}]),
        pl.Series(
            [[{"key": "Brand", "evidences": [{"value": "YTQ"}]}, {"key": "Size", "evidences": []}]]
        ),
    ],
)
def test_gold_is_read_however_it_was_written(gold):
    run = pl.DataFrame({"example_id": ["1"], "raw_output": ['{"Brand": "YTQ"}']})
    frame = pl.DataFrame({"example_id": ["1"], "gold_attributes": gold})
    rows = join_predictions(frame, conform_predictions(run, "run")).rows
    for name in ("extractgpt", "wdc-pave", "mave"):
        found = published_scores(definition_for(name, "attributes"), rows, None)
        assert (found.counts["VC"], found.counts["NN"]) == (1, 1)
