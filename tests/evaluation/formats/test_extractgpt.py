import gzip
import json

import pytest

from catalog.errors import InputError
from evaluation.formats import FORMATS, FormatOptions
from evaluation.formats.choosing import read_run

EXTRACTGPT, WDC = FORMATS["extractgpt"], FORMATS["wdc-pave-gpt"]
BODY = {
    "model": "m",
    "shots": 10,
    "known_attributes": {"Lure": ["Brand", "Weight"]},
    "results": {"micro": {"micro_f1": 12.0}},
    "examples": [
        {
            "input": "Spoon",
            "category": "Lure",
            "target_scores": {"Brand": {"n/a": 1, "YTQ": 1}, "Weight": {"20g": 1}},
            "pred": '{"Brand": "YTQ"}',
            "post_pred": '{"Brand": "YTQ"}',
        },
        {
            "input": "Spoon",
            "category": "Lure",
            "target_scores": {"Brand": {"n/a": 1, "YTQ": 1}, "Weight": {"20g": 1}},
            "pred": "",
            "post_pred": "",
        },
    ],
}


@pytest.fixture
def run_file(tmp_path):
    def write(body):
        path = tmp_path / "run.gz"
        with gzip.open(path, "wt") as file:
            json.dump(body, file)
        return path

    return write


def test_gold_keeps_every_surface_form_in_the_order_of_the_file(run_file):
    run = EXTRACTGPT.read(run_file(BODY), FormatOptions())
    assert json.loads(run.gold["attributes"][0]) == {"Brand": ["n/a", "YTQ"], "Weight": ["20g"]}
    assert run.gold["category"].to_list() == ["Lure", "Lure"]
    assert json.loads(run.gold["known_attributes"][0]) == ["Brand", "Weight"]
    assert run.task == "attributes"
    assert run.about == {"model": "m", "shots": 10}


def test_two_examples_alike_have_two_keys_and_it_is_said(run_file):
    run = EXTRACTGPT.read(run_file(BODY), FormatOptions())
    first, second = run.gold["example_id"].to_list()
    assert second == f"{first}-2"
    assert any("1 example with category, input and gold of another" in n for n in run.notes)


def test_keys_do_not_depend_on_the_order_of_the_file(run_file):
    body = {**BODY, "examples": BODY["examples"][:1]}
    alone = EXTRACTGPT.read(run_file(body), FormatOptions()).gold["example_id"][0]
    both = EXTRACTGPT.read(run_file(BODY), FormatOptions()).gold["example_id"][0]
    assert alone == both


def test_an_example_without_a_part_is_one_clear_line(run_file):
    body = {**BODY, "examples": [{"input": "Spoon"}]}
    with pytest.raises(InputError, match="example 1: expected input, category, target_scores"):
        EXTRACTGPT.read(run_file(body), FormatOptions())


def test_a_file_that_was_not_written_to_its_end_is_one_clear_line(run_file):
    path = run_file(BODY)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        EXTRACTGPT.read(path, FormatOptions())


def test_real_runs_are_told_from_one_another(shared_data):
    runs = sorted((shared_data / "attributes/extractgpt/predictions").glob("*.gz"))
    others = sorted((shared_data / "attributes/wdc-pave-gpt/predictions").glob("*.jsonl"))
    assert len(runs) == 10
    assert len(others) == 2
    for path in runs:
        assert EXTRACTGPT.looks_like(path)
        assert not WDC.looks_like(path)
    for path in others:
        assert WDC.looks_like(path)
        assert not EXTRACTGPT.looks_like(path)


def test_the_runs_of_one_benchmark_carry_one_gold_in_several_orders(shared_data):
    runs = sorted((shared_data / "attributes/extractgpt/predictions").glob("*ae_110k*.gz"))
    golds = [EXTRACTGPT.read(path, FormatOptions()).gold for path in runs]
    assert all(gold.height == 524 for gold in golds)
    assert all(gold.sort("example_id").equals(golds[0].sort("example_id")) for gold in golds)
    orders = {tuple(gold["example_id"]) for gold in golds}
    assert len(orders) > 1


def test_tokens_and_latency_of_wdc_pave_runs_are_read(shared_data):
    path = shared_data / "attributes/wdc-pave-gpt/predictions/variant_E_openai_GPT-5.4_val.jsonl"
    run = WDC.read(path, FormatOptions())
    assert run.about["model"] == "openai/GPT-5.4"
    assert run.predictions.height == run.gold.height == 142
    assert run.predictions["latency_ms"][0] == pytest.approx(1221)
    tokens = run.predictions["usage"].str.json_path_match("$.output_tokens").cast(int).sum()
    assert tokens == 7824


def test_half_a_line_and_half_a_packed_file_are_cut_off(tmp_path, run_file):
    line = '{"id": 1, "gold_json": {}, "pred_json": {}, "raw_output": "{}"}\n'
    path = tmp_path / "run.jsonl"
    path.write_text(line + line[:30])
    with pytest.raises(InputError, match="line 2: the last line is cut off"):
        read_run(path, "wdc-pave-gpt")
    packed = run_file(BODY)
    packed.write_bytes(packed.read_bytes()[:60])
    for form in ("extractgpt", "auto"):
        with pytest.raises(InputError, match=r"run\.gz is cut off: copy it again"):
            read_run(packed, form)


def test_a_line_of_another_kind_is_named(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"id": 1, "gold_json": {}, "raw_output": "{}"}\n{"id": 2}\n')
    with pytest.raises(InputError, match=r"line 2: expected id, gold_json, raw_output; found id"):
        WDC.read(path, FormatOptions())
