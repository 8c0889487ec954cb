"""A run of HELM: its own numbers, trials, completions, letters, and choices asked one by one."""

import json

import pytest

from catalog.errors import InputError
from evaluation.formats import FormatOptions
from evaluation.formats.choosing import read_run
from tests import harness_files
from tests import tool_files as tools
from tests.harness_files import helm_choice, helm_instance, helm_result, helm_state

ROW = tools.ROWS[0]


def answers(run, *names):
    return run.predictions.select(*names).rows()


def test_the_folder_and_either_file_give_the_same_run(tmp_path):
    state = read_run(tools.helm(tmp_path))
    assert read_run(tmp_path).predictions.equals(state.predictions)
    shown = read_run(tools.helm_displayed(tmp_path))
    assert shown.predictions["raw_output"].equals(state.predictions["raw_output"])
    assert shown.gold.equals(state.gold)
    assert shown.about == state.about | {"task_name": "shop:model=lab_shop-7b"}


def test_keys_are_fields_of_the_data_set_and_not_the_numbers_of_helm(tmp_path):
    path = tools.helm(tmp_path)
    run = read_run(path)
    assert run.predictions["example_id"].to_list() == [row["id"] for row in tools.ROWS]
    assert run.gold["brand"].to_list() == [row["brand"] for row in tools.ROWS]
    bare = [helm_state(row, instance=helm_instance(row, extra_data=None)) for row in tools.ROWS]
    run = read_run(tools.helm(tmp_path, bare))
    assert run.predictions["example_id"].to_list() == [f"id{n}" for n in range(3, 9)]
    assert run.notes == [f"{path}: keys are HELM's own numbers; extra_data has no key."]
    with pytest.raises(InputError, match="row 1: the example has no field 'sku'"):
        read_run(path, options=FormatOptions(key="sku"))


def test_perturbed_copies_are_left_out_aloud_and_trials_are_repeats(tmp_path):
    told = {"name": "lowercase", "robustness": True, "fairness": False, "computed_on": "perturbed"}
    copy = helm_state(ROW, instance=helm_instance(ROW, perturbation=told))
    states = [helm_state(ROW), copy, helm_state(ROW, train_trial_index=1)]
    path = tools.helm(tmp_path, states)
    run = read_run(path)
    assert run.predictions["repeat"].to_list() == [0, 1]
    assert f"{path}: 1 row of 3 left out: perturbed copies of an instance." in run.notes
    with pytest.raises(InputError, match="key 'P0' stands at row 1 already"):
        read_run(tools.helm(tmp_path, [helm_state(ROW)] * 2))


def test_a_perturbed_copy_does_not_stand_in_for_its_instance(tmp_path):
    wrong = {**helm_instance(tools.ROWS[1]), "id": "id3", "perturbation": {"name": "lowercase"}}
    path = tools.helm_displayed(tmp_path, [ROW])
    tools.write_json(tmp_path / "instances.json", [helm_instance(ROW), wrong])
    assert read_run(path).gold["label"].to_list() == [tools.POTS]


def test_every_completion_is_a_repeat_over_all_trials(tmp_path):
    states = [
        helm_state(ROW, result=helm_result(*texts), train_trial_index=trial)
        for trial, texts in enumerate((["a", "b"], ["c"]))
    ]
    run = read_run(tools.helm(tmp_path, states))
    assert answers(run, "raw_output", "repeat") == [("a", 0), ("b", 1), ("c", 2)]


def chosen(folder, scores, method, alone=None):
    """Choices by the log-likelihoods of their words, and those of the choices alone."""
    states = []
    for at, words in enumerate(scores):
        states.append(helm_choice(ROW, at, words))
        if alone is not None:
            states.append(helm_choice(ROW, at, alone[at], mode="calibration"))
    adapter = harness_files.helm_adapter(f"multiple_choice_separate_{method}")
    return harness_files.helm(folder, states, adapter=adapter)


def test_of_choices_asked_one_by_one_the_likeliest_by_token_is_the_answer(tmp_path):
    # " Garden > Pots": -9 / 3 tokens; " Garden > Tools": -6 / 3. What stands before does not count.
    path = chosen(tmp_path, [[-4.0, -3.0, -2.0], [-3.0, -2.0, -1.0]], "original")
    run = read_run(path)
    assert answers(run, "example_id", "parsed") == [("P0", '"Garden > Tools"')]
    assert json.loads(run.predictions["logprobs"][0]) == {tools.POTS: -3.0, tools.TOOLS: -2.0}
    # two requests of half a second
    assert run.predictions["latency_ms"].to_list() == [1000.0]


def test_calibrated_choices_are_judged_against_themselves_alone(tmp_path):
    # -9 - (-8) = -1 against -6 - (-3) = -3: the likelier text gains less from the product.
    scores = [[-4.0, -3.0, -2.0], [-3.0, -2.0, -1.0]]
    alone = [[-3.0, -3.0, -2.0], [-1.0, -1.0, -1.0]]
    run = read_run(chosen(tmp_path, scores, "calibrated", alone))
    assert answers(run, "example_id", "parsed") == [("P0", '"Garden > Pots"')]


def test_a_choice_whose_request_failed_leaves_no_answer(tmp_path):
    states = [helm_choice(ROW, at, [-1.0]) for at in (0, 1)]
    # HELM writes an empty completion of log-likelihood 0, which would be the likeliest.
    states[1]["result"] = helm_result("", success=False, error="filtered")
    adapter = harness_files.helm_adapter("multiple_choice_separate_original")
    run = read_run(harness_files.helm(tmp_path, states, adapter=adapter))
    assert answers(run, "parsed", "error") == [(None, "filtered")]


def test_displayed_choices_are_read_from_the_references(tmp_path):
    shown = [{"instance_id": "id3", "train_trial_index": 0, "reference_index": 1,
              "predicted_text": " Clay pot Garden > Tools", "base64_images": [],
              "stats": {"predicted_index": 1.0}}]  # fmt: skip
    path = harness_files.helm_displayed(tmp_path, [ROW], shown=shown)
    run = read_run(path)
    assert answers(run, "raw_output", "parsed") == [(None, '"Garden > Tools"')]
    (tmp_path / "instances.json").unlink()
    with pytest.raises(
        InputError, match=r"instances.json, which is not beside it. Give the folder"
    ):
        read_run(path)


def test_ranking_one_reference_a_request_is_refused(tmp_path):
    states = [helm_choice(ROW, at, [-1.0]) for at in (0, 1)]
    path = harness_files.helm(
        tmp_path, states, adapter=harness_files.helm_adapter("ranking_binary")
    )
    with pytest.raises(InputError, match="a run of the method 'ranking_binary'"):
        read_run(path)


LETTERS = {"A": tools.POTS, "B": tools.TOOLS}


def test_letters_are_mapped_and_failures_are_errors(tmp_path):
    states = [helm_state(row, output_mapping=LETTERS) for row in tools.ROWS[:3]]
    states[0]["result"] = helm_result(" A")
    states[1]["result"] = helm_result("", success=False, error="rate limit")
    found = read_run(tools.helm(tmp_path, states))
    assert answers(found, "raw_output", "parsed", "error") == [
        (" A", '"Garden > Pots"', None),
        ("", None, "rate limit"),
        (tools.TOOLS, None, None),
    ]


def test_a_run_with_a_pattern_for_its_letters_is_read_by_it(tmp_path):
    states = [
        helm_state(row, output_mapping=LETTERS, result=helm_result(said))
        for row, said in zip(tools.ROWS, ("Answer: (B)", "none"), strict=False)
    ]
    for pattern in ("[AB]\\)", r"\(([AB])\)"):
        adapter = harness_files.helm_adapter(
            "multiple_choice_joint", output_mapping_pattern=pattern
        )
        run = read_run(harness_files.helm(tmp_path, states, adapter=adapter))
    assert run.predictions["parsed"].to_list() == ['"Garden > Tools"', None]
    adapter = harness_files.helm_adapter(output_mapping_pattern="(?=A)")
    with pytest.raises(InputError, match="its output_mapping_pattern cannot be used") as error:
        read_run(harness_files.helm(tmp_path, states, adapter=adapter))
    assert "\n" not in str(error.value)


def test_a_prompt_that_was_flagged_is_refused_and_not_answered(tmp_path):
    result = helm_result("")
    reason = "The prompt violates OpenAI's content policy. See https://labs.openai.com/policies."
    result["completions"][0]["finish_reason"] = {"reason": reason}
    run = read_run(tools.helm(tmp_path, [helm_state(ROW, result=result)]))
    assert run.predictions["finish_reason"].to_list() == ["content_filter"]


def test_a_dry_run_has_no_answers_and_each_is_an_error(tmp_path):
    run = read_run(tools.helm(tmp_path, [helm_state(ROW, result=None)]))
    assert answers(run, "raw_output", "error") == [(None, "the request failed")]
