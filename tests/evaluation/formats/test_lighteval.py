"""lighteval's details: one method of two, the likeliest choice, and what lies beside."""

import shutil

import pytest

from catalog.errors import InputError
from evaluation.formats import FormatOptions
from evaluation.formats.choosing import read_run
from tests import harness_files
from tests import tool_files as tools

POTS, TOOLS = tools.POTS, tools.TOOLS


def parsed(run):
    return run.predictions.select("example_id", "parsed").rows()


def test_columns_of_both_spellings_are_read(tmp_path):
    first = read_run(tools.lighteval(tmp_path))
    assert first.predictions.equals(read_run(tools.lighteval(tmp_path, dunder=True)).predictions)
    assert first.about["task_name"] == "shop|0"


def asked_twice(folder, order):
    """A task whose metrics need texts and log-likelihoods, its rows in one of two orders."""
    both = ["GENERATIVE", "LOGPROBS"]
    documents = [
        harness_files.document(at, row["gold"], sampling_methods=both,
                               specific={"record_id": row["id"], "brand": "b"})
        for at, row in enumerate(tools.ROWS)
    ]  # fmt: skip
    answers = {
        "GENERATIVE": [{"text": [row["said"]]} for row in tools.ROWS],
        "LOGPROBS": [{"logprobs": [-1.0, -2.0]} for _ in tools.ROWS],
    }
    responses = [answer for method in order for answer in answers[method]]
    return tools.details(folder, documents * 2, responses)


def test_of_a_task_that_asks_twice_one_method_is_read_the_same_in_any_order(tmp_path):
    # lighteval goes over a set of methods: two runs of one task differ in which comes first.
    path = asked_twice(tmp_path, ["GENERATIVE", "LOGPROBS"])
    run = read_run(path)
    other = read_run(asked_twice(tmp_path / "b", ["LOGPROBS", "GENERATIVE"]))
    assert run.predictions.equals(other.predictions)
    assert run.predictions["raw_output"].to_list() == [row["said"] for row in tools.ROWS]
    assert run.notes[:2] == [
        f"{path}: sampling method 'GENERATIVE' of GENERATIVE, LOGPROBS; pass --filter for another.",
        f"{path}: 6 rows of the other are not read.",
    ]
    chosen = read_run(path, options=FormatOptions(filter="LOGPROBS"))
    assert parsed(chosen) == [(row["id"], f'"{POTS}"') for row in tools.ROWS]
    with pytest.raises(InputError, match="no sampling method 'PERPLEXITY'"):
        read_run(path, options=FormatOptions(filter="PERPLEXITY"))


def test_the_likeliest_choice_is_the_answer_and_what_has_none_is_an_error(tmp_path):
    documents = [harness_files.document(n, TOOLS, sampling_methods=["LOGPROBS"]) for n in range(3)]
    responses = [{"logprobs": pair} for pair in ([-2.0, -1.0], [-1.0, -2.0], [None, -1.0])]
    path = tools.details(tmp_path, documents, responses)
    run = read_run(path)
    answers = ['"Garden > Tools"', '"Garden > Pots"', None]
    assert parsed(run) == list(zip("012", answers, strict=True))
    assert run.predictions["error"][2].startswith("neither a text nor")
    assert run.gold["label"].to_list() == [TOOLS] * 3
    assert run.notes == [f"{path}: keys are doc.id, the place in the data set."]


def test_texts_of_one_document_are_repeats(tmp_path):
    documents = [harness_files.document(7, POTS, choices=["a"], gold_index=[0, 0], num_samples=2)]
    run = read_run(tools.details(tmp_path, documents, [{"text": ["a", "b"]}]))
    assert run.predictions.select("raw_output", "repeat").rows() == [("a", 0), ("b", 1)]
    assert "several right choices; the first is gold" in run.notes[-1]


def test_what_was_set_for_generating_is_kept_and_a_key_is_not(tmp_path):
    path = tools.lighteval(tmp_path)
    about = read_run(path).about
    assert about == {
        "model": "lab/shop-7b",
        "task_name": "shop|0",
        "decoding": {"temperature": 0.0},
    }
    shutil.rmtree(tmp_path / "results")
    assert "decoding" not in read_run(path).about


def test_the_task_is_told_by_the_rows_where_the_file_has_another_name(tmp_path):
    path = tools.lighteval(tmp_path)
    moved = path.rename(tmp_path / "dropped.parquet")
    assert read_run(moved).about == {"task_name": "shop|0"}


def test_details_that_are_cut_off_are_refused(tmp_path):
    path = tools.lighteval(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="is Parquet that is cut off: copy it again"):
        read_run(path, "lighteval")
