import gzip
import json

import pytest

from catalog.errors import InputError
from curation.sources.kinds import guess_kind
from curation.sources.settings import SourceSettings
from curation.sources.tasks import amazonqa

QUESTION = {
    "questionText": "Is it big?", "questionType": "yesno", "asin": "B001", "qid": 7,
    "review_snippets": ["it is big", "huge"], "category": "Baby", "is_answerable": 1,
    "answers": [
        {"answerText": "No", "answerType": "N", "helpful": [0, 1]},
        {"answerText": "Yes it is", "answerType": "Y", "helpful": [3, 4]},
        {"answerText": "Yes", "answerType": "Y", "helpful": [3, 3]},
    ],
}  # fmt: skip
SILENT = {"questionText": "Colour?", "asin": "B001", "qid": 8, "answers": [], "is_answerable": False}  # fmt: skip


def load(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settings = SourceSettings(paths=[str(path)], kind="amazonqa", options=options)
    loaded = amazonqa.load(settings, scratch)
    return loaded.records.collect(), loaded


def lines(*rows):
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def test_the_answer_that_most_found_helpful_is_the_target(tmp_path):
    records, loaded = load(tmp_path, "train-qar.jsonl", lines(QUESTION, SILENT))
    first = records.row(0, named=True)
    assert (first["record_id"], first["task"]) == ("7", "question_answering")
    assert (first["question"], first["target"]) == ("Is it big?", "Yes it is")
    assert first["context"] == ["it is big", "huge"]
    assert first["category_path"] == ["Baby"]
    assert first["identifiers"] == [{"kind": "asin", "value": "B001"}]
    assert first["split_hint"] == "train"
    extra = json.loads(first["extra"])
    assert (extra["questionType"], extra["is_answerable"]) == ("yesno", 1)
    assert extra["answers"] == QUESTION["answers"]
    assert records["target"][1] is None
    assert loaded.figures["by_question_type"] == {"none": 1, "yesno": 1}


def test_nan_is_null_and_the_word_nan_stays(tmp_path):
    row = {**QUESTION, "price": float("nan"), "note": "a list: NaN, and more"}
    records, _ = load(tmp_path, "qar.jsonl", lines(row))
    extra = json.loads(records["extra"][0], parse_constant=lambda name: pytest.fail(name))
    assert (extra["price"], extra["note"]) == (None, "a list: NaN, and more")


def test_answerability_can_be_the_target(tmp_path):
    content = lines(QUESTION, SILENT)
    records, _ = load(tmp_path, "val-qar.jsonl", content, target="answerability")
    assert records["target"].to_list() == ["yes", "no"]
    assert records["options"].to_list() == [["yes", "no"]] * 2


def test_answerability_that_is_nowhere_cannot_be_the_target(tmp_path):
    row = {k: v for k, v in QUESTION.items() if k != "is_answerable"}
    with pytest.raises(InputError, match="no question says is_answerable"):
        load(tmp_path, "qar.jsonl", lines(row), target="answerability")


def test_broken_lines_and_lines_without_a_question_are_counted(tmp_path):
    content = lines(QUESTION, SILENT, {"asin": "B2", "qid": 9}) + '{"questionText": "cut'
    records, loaded = load(tmp_path, "qar.jsonl", content)
    assert records.height == 2
    assert sorted(loaded.quarantine.select("line", "reason").rows()) == [
        (3, "no question"),
        (4, "invalid JSON"),
    ]


PYTHON = [
    repr({"questionType": "yes/no", "asin": "B1", "question": "I'm \"in\"?", "answer": 'It\'s "x"'}),
    "{'asin': 'B2', 'question': 'cut",
    repr({"questionType": "open-ended", "asin": "B2", "question": "What?", "answer": "It's this"}),
    "{'asin': 'B3', 'question': __import__('os').getcwd()}",
    repr({"asin": "B4", "answer": "no question"}),
    repr({"asin": "B5", "questions": [
        {"questionText": "One?", "answers": [{"answerText": "a", "helpful": [0, 0]}]},
        {"questionText": "Two?", "answers": []},
    ]}),
    repr({"asin": "B6", "question": "Last?", "answer": "yes"}),
]  # fmt: skip


def test_python_literals_are_read_and_the_broken_ones_quarantined_at_their_line(tmp_path):
    content = gzip.compress("\n".join(PYTHON).encode())
    records, loaded = load(tmp_path, "qa_Video_Games.json.gz", content)
    assert records["question"].to_list() == ['I\'m "in"?', "What?", "One?", "Two?", "Last?"]
    assert records["target"].to_list() == ['It\'s "x"', "It's this", "a", None, "yes"]
    assert sorted(loaded.quarantine.select("line", "reason").rows()) == [
        (2, "neither JSON nor a Python literal"),
        (4, "neither JSON nor a Python literal"),
        (5, "no question"),
    ]
    assert records["category_path"].to_list() == [["Video Games"]] * 5
    assert [i[0]["value"] for i in records["identifiers"]] == ["B1", "B2", "B5", "B5", "B6"]


def test_both_publications_are_guessed(tmp_path):
    plain, packed = tmp_path / "a", tmp_path / "b.gz"
    plain.write_text("\n".join(PYTHON))
    packed.write_bytes(gzip.compress(lines(QUESTION).encode()))
    assert guess_kind([str(plain)]).name == guess_kind([str(packed)]).name == "amazonqa"
    shown = amazonqa.head(plain, SourceSettings(paths=[str(plain)]))
    assert shown["question"][0] == 'I\'m "in"?'


def test_a_truncated_archive_is_refused_in_one_line(tmp_path):
    content = gzip.compress(lines(*[{**QUESTION, "qid": n} for n in range(5_000)]).encode())
    with pytest.raises(InputError, match="ends early or is damaged") as caught:
        load(tmp_path, "qar.jsonl.gz", content[: len(content) // 2])
    assert "\n" not in str(caught.value)
