import json

import pytest

from catalog.errors import InputError
from curation.sources.settings import SourceSettings
from curation.sources.tasks import ecinstruct


def row(task, body, output, options=None, setting="IND_Diverse_Instruction", split="test"):
    return {
        "task": task, "setting": setting, "split": split, "instruction": "Do it.",
        "input": body, "options": options, "output": output,
    }  # fmt: skip


def load(tmp_path, rows, name="dataset.json", **options):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings = SourceSettings(paths=[str(path)], kind="ecinstruct", options=options)
    loaded = ecinstruct.load(settings, scratch)
    return loaded.records.collect(), loaded


def one(tmp_path, *arguments, **named):
    records, _ = load(tmp_path, [row(*arguments, **named)])
    return records.row(0, named=True)


def test_every_published_task_has_one_of_ours():
    assert len(ecinstruct.TASKS) == 10


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("Product_Substitue_Identification", "Product_Substitute_Identification"),
        ("Product_Relation_Predicition", "Product_Relation_Prediction"),
        ("Query_Product_Ranking", "Query_Product_Rank"),
        ("query product rank", "Query_Product_Rank"),
        ("something else", None),
    ],
)
def test_published_spellings_name_one_task(spelled, name):
    assert ecinstruct.known_task(spelled) == name


def test_values_of_attribute_extraction_have_their_place(tmp_path):
    body = {"product title": "Acme Red Mug", "product brand": "Acme", "target attributes": "color and size"}  # fmt: skip
    answer = [
        {"attribute": "color", "value": "Red", "source": "product title"},
        {"attribute": "size", "value": "None", "source": "None"},
    ]
    found = one(tmp_path, "Attribute_Value_Extraction", json.dumps(body), json.dumps(answer))
    assert found["task"] == "attribute_extraction"
    assert found["attributes"] == [
        {"key": "color", "evidences": [{"value": "Red", "pid": 0, "begin": 5, "end": 8}]},
        {"key": "size", "evidences": []},
    ]
    assert (found["title"], found["brand"]) == ("Acme Red Mug", "Acme")
    assert json.loads(found["target"]) == answer
    assert json.loads(found["extra"])["target attributes"] == "color and size"


def test_the_input_of_a_recommendation_is_a_python_list(tmp_path):
    found = one(
        tmp_path, "Sequential_Recommendation", str(["1st: A mug", "2nd: Bob's tea"]), "B",
        str(["A: cup", "B: Bob's pot"]),
    )  # fmt: skip
    assert found["context"] == ["1st: A mug", "2nd: Bob's tea"]
    assert found["options"] == ["A: cup", "B: Bob's pot"]
    assert (found["task"], found["target"]) == ("recommendation", "B")


def test_a_review_is_the_context_of_its_sentiment(tmp_path):
    choices = ["A: very positive", "E: very negative"]
    found = one(
        tmp_path, "Sentiment_Analysis", "I {love} it", "A: very positive", json.dumps(choices)
    )
    assert (found["task"], found["context"], found["options"]) == (
        "sentiment",
        ["I {love} it"],
        choices,
    )


def test_products_to_rank_are_the_options(tmp_path):
    body = json.dumps({"query": "mug", "product list": ["A: x", "B: y"]})
    found = one(tmp_path, "Query_Product_Rank", body, "B,A")
    assert (found["query"], found["options"], found["target"]) == ("mug", ["A: x", "B: y"], "B,A")


def test_a_question_keeps_its_documents(tmp_path):
    body = json.dumps({"question": "big?", "document": ["yes", "no"]})
    found = one(tmp_path, "Answerability_Prediction", body, "yes")
    assert (found["question"], found["context"]) == ("big?", ["yes", "no"])
    assert found["options"] == ["yes", "no"]


def test_a_pair_holds_the_right_product_in_the_context_and_nan_is_nothing(tmp_path):
    sides = {
        "product 1": {"title": "a", "description": "nan", "manufacturer": "nan", "price": "9.99"},
        "product 2": {"title": "b", "description": None, "manufacturer": "x", "price": "nan"},
    }
    body = json.dumps(sides).replace('"description": null', '"description": NaN')
    found = one(tmp_path, "Product_Matching", body, "no")
    assert (found["title"], found["description"], found["brand"]) == ("a", None, None)
    assert found["price"] == 9.99
    assert json.loads(found["context"][0])["title"] == "b"


@pytest.mark.parametrize("apart", [True, False])
def test_options_may_be_fused_into_the_input_or_apart(tmp_path, apart):
    choices = ["A: yes [really]", "B: no"]
    body = json.dumps({"query": "mug", "product title": "Mug\noptions"})
    fused = body if apart else f"{body}\noptions: {json.dumps(choices)}"
    given = json.dumps(choices) if apart else None
    found = one(tmp_path, "Multiclass_Product_Classification", fused, "A: yes [really]", given)
    assert (found["options"], found["title"]) == (choices, "Mug\noptions")


def test_setting_and_split_are_kept_and_rows_are_chosen_by_them(tmp_path):
    body = json.dumps({"question": "q", "document": []})
    rows = [
        row("Answer_Generation", body, "a", split="train"),
        row("Answer_Generation", body, "b", setting="OOD_Single_Instruction", split="val"),
        row("Sentiment_Analysis", "good", "A"),
    ]
    records, loaded = load(
        tmp_path, rows, task="Answer_Generation", setting="OOD_Single_Instruction"
    )
    assert records["target"].to_list() == ["b"]
    assert records["split_hint"].to_list() == ["val"]
    assert json.loads(records["extra"][0])["setting"] == "OOD_Single_Instruction"
    assert loaded.notes == ["2 rows of other tasks or settings left out, as asked"]


def test_task_and_setting_are_read_from_the_folders_of_the_release(tmp_path):
    rows = [{"instruction": "i", "input": "{}", "output": "yes"}]
    name = "ECInstruct/Product_Matching/OOD_Unseen_Instruction/test.json"
    records, loaded = load(tmp_path, rows, name)
    assert loaded.figures["by_task"] == {"Product_Matching": 1}
    assert loaded.figures["by_setting"] == {"OOD_Unseen_Instruction": 1}
    assert records["split_hint"].to_list() == ["test"]


def test_rows_of_an_unknown_task_go_to_the_quarantine(tmp_path):
    rows = [row("Sentiment_Analysis", "good", "A"), row("Juggling", "x", "y")]
    records, loaded = load(tmp_path, rows)
    assert records.height == 1
    assert loaded.quarantine.select("line", "reason").rows() == [
        (2, "task Juggling is none of ECInstruct's ten")
    ]


def test_files_that_name_no_task_ask_for_it(tmp_path):
    rows = [{"instruction": "i", "input": "x", "output": "y"}]
    with pytest.raises(InputError, match="Pass --option task=NAME"):
        load(tmp_path, rows)
    (tmp_path / "again").mkdir()
    records, _ = load(tmp_path / "again", rows, task="Sentiment_Analysis")
    assert records["task"].to_list() == ["sentiment"]


def test_a_setting_that_no_row_has_names_those_there(tmp_path):
    rows = [row("Sentiment_Analysis", "good", "A")]
    with pytest.raises(InputError, match="Settings there: IND_Diverse_Instruction"):
        load(tmp_path, rows, setting="OOD_Nothing")


@pytest.mark.parametrize(
    ("text", "told"), [("", "is empty"), ("[", "JSON"), ('[{"instruction": 1},, ]', "JSON")]
)
def test_a_file_that_is_no_json_is_refused_in_one_line(tmp_path, text, told):
    path = tmp_path / "dataset.json"
    path.write_text(text)
    settings = SourceSettings(paths=[str(path)], kind="ecinstruct")
    with pytest.raises(InputError, match=told) as caught:
        ecinstruct.load(settings, tmp_path)
    assert "\n" not in str(caught.value)
