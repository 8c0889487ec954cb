"""What holds of every importer: the same six answers give the same score, however written."""

import json
import math
import pickle

import pytest

from catalog.errors import InputError
from evaluation.formats import FORMATS, FormatOptions
from evaluation.formats.choosing import chosen_format, format_of, read_run
from evaluation.loading import load_answers
from evaluation.scores import score_categories
from tests import tool_files as tools


def written(folder):
    """One file of each format, with what has to be said of it."""
    keys = FormatOptions(keys=tools.keys(folder))
    batch = tools.write_lines(folder / "batch.jsonl", [tools.batch_row(r) for r in tools.ROWS])
    return {
        "lm-eval": (tools.lm_eval(folder), None),
        "inspect": (tools.inspect_eval(folder), None),
        "promptfoo": (tools.promptfoo(folder), None),
        "openai-batch": (batch, None),
        "lighteval": (tools.lighteval(folder), None),
        "helm": (tools.helm(folder), None),
        "opencompass": (tools.opencompass(folder), keys),
        "deepeval": (tools.deepeval(folder), None),
        "ecinstruct": (tools.ecinstruct(folder), keys),
    }


TESTED = ["lm-eval", "inspect", "promptfoo", "openai-batch", "lighteval", "helm", "opencompass",
          "deepeval", "ecinstruct"]  # fmt: skip
WITHOUT_GOLD = {"openai-batch", "ecinstruct"}
OF_RESEARCH = {"extractgpt", "wdc-pave-gpt"}


def accuracy(run, gold=None):
    gold = run.gold_for("classification", "the file") if gold is None else gold
    loaded = load_answers("classification", gold, {"run": run.predictions})
    return score_categories(loaded.answers["run"])


def test_every_format_is_tested():
    assert set(TESTED) | OF_RESEARCH == set(FORMATS)


@pytest.mark.parametrize("name", TESTED)
def test_the_same_answers_score_the_same_from_every_tool(tmp_path, name):
    path, options = written(tmp_path)[name]
    run = read_run(path, name, options)
    gold = read_run(tools.inspect_eval(tmp_path)).gold if name in WITHOUT_GOLD else run.gold
    scores = accuracy(run, gold.rename({"label": "category_path"}))
    # P0, P1, P3 and P5 are right, P2 is wrong, P4 says "lol": 4 of 6, one invalid.
    assert scores.metrics["accuracy"].value == pytest.approx(4 / 6)
    assert scores.outcomes["answered"] == 5
    assert scores.outcomes["invalid"] == 1
    kept = dict(run.predictions.select("example_id", "raw_output").rows())
    assert kept["P4"].endswith("lol")


@pytest.mark.parametrize("name", TESTED)
def test_a_file_is_told_from_its_content_and_from_no_other(tmp_path, name):
    path, _ = written(tmp_path)[name]
    assert [one.name for one in FORMATS.values() if one.looks_like(path)] == [name]


@pytest.mark.parametrize("name", TESTED)
def test_a_wrong_format_is_refused_with_the_likely_one(tmp_path, name):
    path, _ = written(tmp_path)[name]
    other = "promptfoo" if name != "promptfoo" else "lm-eval"
    with pytest.raises(InputError, match=f"not of format {other}: it looks like {name}"):
        chosen_format(path, other)


@pytest.mark.parametrize("name", TESTED)
def test_what_a_tool_counted_is_not_read(tmp_path, name):
    path, options = written(tmp_path)[name]
    run = read_run(path, name, options)
    told = run.predictions.write_json() + json.dumps(run.about)
    assert "0.999" not in told


@pytest.mark.parametrize("name", TESTED)
def test_an_empty_file_and_a_pickle_are_refused_unopened(tmp_path, name):
    empty, dangerous = tmp_path / "empty.jsonl", tmp_path / "run.pkl"
    empty.write_text(" \n")
    dangerous.write_bytes(pickle.dumps({"custom_id": 1}))
    with pytest.raises(InputError, match="is empty"):
        read_run(empty, name)
    with pytest.raises(InputError, match="is a pickle"):
        read_run(dangerous, name)


@pytest.mark.parametrize("name", TESTED)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_file_that_was_not_written_to_its_end_is_one_clear_line(tmp_path, name, share):
    path, options = written(tmp_path)[name]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    for form in (name, "auto"):
        with pytest.raises(InputError, match=r"cut off|not written to its end") as error:
            read_run(path, form, options)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


KEYED = [name for name in TESTED if name not in ("inspect", "opencompass", "ecinstruct")]


@pytest.mark.parametrize("name", KEYED)
def test_a_key_that_stands_twice_is_refused_whatever_number_the_tool_gave_it(tmp_path, name):
    rows = [*tools.ROWS, tools.ROWS[0]]
    path = {
        "lm-eval": tools.lm_eval,
        "promptfoo": tools.promptfoo,
        "openai-batch": lambda folder, rows: tools.write_lines(
            folder / "b.jsonl", [tools.batch_row(row) for row in rows]
        ),
        "lighteval": tools.lighteval,
        "helm": lambda folder, rows: tools.helm(folder, [tools.helm_state(r) for r in rows]),
        "deepeval": tools.deepeval,
    }[name](tmp_path, rows)
    with pytest.raises(InputError, match=r"'P0' stands (at|in) .* already"):
        read_run(path, name)


def test_an_id_that_numbers_something_else_is_no_key(tmp_path):
    rows = [row | {"id": "shop"} for row in tools.ROWS]
    path = tools.lm_eval(tmp_path, rows)
    for at in range(6):  # lm-eval's own hash of each document
        path.write_text(path.read_text().replace('"hashshop"', f'"h{at}"', 2))
    assert read_run(path).predictions["example_id"].n_unique() == 6


def test_json_that_ends_behind_a_bracket_is_cut_off_too(tmp_path):
    path = tools.helm_displayed(tmp_path)
    text = path.read_text()
    path.write_text(text[: text.index("}") + 1])
    with pytest.raises(InputError, match="The file was not written to its end"):
        read_run(path, "helm")


def test_half_a_line_is_told_with_its_number(tmp_path):
    path = tools.write_lines(tmp_path / "b.jsonl", [tools.batch_row(r) for r in tools.ROWS])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="line 6: the last line is cut off"):
        read_run(path)


def test_an_unknown_format_names_all_that_are_known(tmp_path):
    with pytest.raises(InputError, match="--format csv: expected one of auto, goldshelf, lm-eval"):
        chosen_format(tools.lm_eval(tmp_path), "csv")


def test_a_file_of_no_tool_is_refused(tmp_path):
    path = tools.write_lines(tmp_path / "p.jsonl", [{"example_id": "1", "raw_output": "x"}])
    assert format_of(path) is None
    with pytest.raises(InputError, match="of no tool that is known"):
        read_run(path)
    with pytest.raises(InputError, match="no such file"):
        read_run(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["lm-eval", "inspect", "promptfoo", "lighteval", "deepeval"])
def test_fields_of_the_examples_are_there_to_cluster_by(tmp_path, name):
    path, options = written(tmp_path)[name]
    gold = read_run(path, name, options).gold
    assert gold["brand"].to_list() == ["b0", "b0", "b1", "b1", "b2", "b2"]


@pytest.mark.parametrize("name", ["inspect", "promptfoo", "lighteval", "deepeval"])
def test_another_field_can_be_the_key_and_every_row_needs_it(tmp_path, name):
    path, _ = written(tmp_path)[name]
    with pytest.raises(InputError, match=r"1: the example has no field 'sku'"):
        read_run(path, name, FormatOptions(key="sku"))
    with pytest.raises(InputError, match=r"key 'b0' stands at .* 1 already"):
        read_run(path, name, FormatOptions(key="brand"))


@pytest.mark.parametrize(
    ("name", "model"),
    [("lm-eval", "shop-7b"), ("inspect", "shop-7b"), ("promptfoo", "shop-7b"),
     ("openai-batch", "shop-7b"), ("lighteval", "lab/shop-7b"), ("helm", "lab/shop-7b"),
     ("opencompass", "shop-7b"), ("deepeval", "shop-7b")],
)  # fmt: skip
def test_the_model_is_told(tmp_path, name, model):
    path, options = written(tmp_path)[name]
    assert read_run(path, name, options).about["model"] == model


@pytest.mark.parametrize(
    ("name", "tokens", "cost", "ms"),
    [("inspect", 4, None, 250.0), ("promptfoo", 7, 0.001, 12.0), ("openai-batch", 9, None, None),
     ("deepeval", 12, 0.002, 1500.0), ("helm", None, None, 500.0)],
)  # fmt: skip
def test_cost_and_latency_come_along(tmp_path, name, tokens, cost, ms):
    path, options = written(tmp_path)[name]
    first = read_run(path, name, options).predictions.row(0, named=True)
    usage = json.loads(first["usage"] or "{}")
    assert usage.get("input_tokens") == tokens
    assert usage.get("cost_usd") == cost
    assert first["latency_ms"] == ms


@pytest.mark.parametrize("name", ["lm-eval", "promptfoo", "deepeval"])
def test_a_hash_of_the_example_is_passed_on(tmp_path, name):
    path, options = written(tmp_path)[name]
    text = path.read_text().replace('"brand": "b0"', '"brand": "b0", "example_hash": "abc"')
    path.write_text(text)
    hashes = read_run(path, name, options).predictions["example_hash"].to_list()
    assert hashes == ["abc", "abc", None, None, None, None]


def test_attributes_as_gold_are_told_from_categories(tmp_path):
    rows = [row | {"gold": '{"Colour": "red"}', "said": '{"Colour": "red"}'} for row in tools.ROWS]
    assert read_run(tools.deepeval(tmp_path, rows)).likely_task == "attributes"
    assert read_run(tools.deepeval(tmp_path)).likely_task == "classification"


def test_a_file_without_gold_says_what_to_do(tmp_path):
    path, _ = written(tmp_path)["openai-batch"]
    with pytest.raises(InputError, match=r"carries no gold. Pass --gold FILE"):
        read_run(path).gold_for("classification", str(path))


def test_an_undefined_number_is_no_number(tmp_path):
    rows = [tools.batch_row(tools.ROWS[0])]
    rows[0]["response"]["body"]["usage"]["prompt_tokens"] = math.nan
    path = tools.write_lines(tmp_path / "b.jsonl", rows)
    assert json.loads(read_run(path).predictions["usage"][0]) == {"output_tokens": 2}


@pytest.mark.parametrize("wrong", [7, [], "x"])
def test_a_part_of_another_kind_is_one_clear_line(tmp_path, wrong):
    path = tools.inspect_json(tmp_path, [tools.inspect_samples()[0] | {"output": wrong or [1]}])
    with pytest.raises(InputError, match="something in it is not as inspect writes it"):
        read_run(path)
