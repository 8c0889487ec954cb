from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.errors import InputError
from curation.exports.chat_lines import chat_lines
from curation.exports.plan import Plan
from curation.exports.rehearsal import Rehearsal, rehearsed
from curation.exports.settings import ExportSettings, RehearsalSettings
from curation.exports.turns import read_turns

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": 'Say "hi".'},
    {"role": "assistant", "content": "hi\u2028"},
]
NO_TEXTS = pl.Series("text", [], dtype=pl.String)


def file_of(folder: Path, rows: list[Any]) -> Path:
    path = folder / "general.jsonl"
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(text + "\n", "utf-8")
    return path


def sums(n: int) -> list[dict[str, str]]:
    return [{"prompt": f"Add {i} and {i + 1}.", "completion": str(2 * i + 1)} for i in range(n)]


def plan_of(n_train: int, n_test: int = 3) -> Plan:
    splits = ["train"] * n_train + ["test"] * n_test
    lines = [*range(1, n_train + 1), *range(1, n_test + 1)]
    rows = pl.DataFrame(
        {"record_id": [f"r{i}" for i in range(len(lines))], "split": splits, "line": lines},
        schema_overrides={"line": pl.Int64, "split": pl.String, "record_id": pl.String},
    )
    return Plan(rows, {}, 0, 0, 0)


def mixed(path: Path, n_train: int, held_out: list[str] = (), **chosen: Any) -> Rehearsal:  # type: ignore[assignment]
    one_turn = chosen.pop("one_turn", False)
    asked = RehearsalSettings(file=str(path), licence="CC0-1.0", **chosen)
    texts = pl.Series("text", list(held_out), dtype=pl.String)
    return rehearsed(plan_of(n_train), asked, path, texts, one_turn=one_turn)


def test_every_form_is_read_as_turns(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        [
            {"messages": CHAT},
            "",
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
            {"instruction": "Add.", "input": "1, 2", "output": "3"},
            {"instruction": "Add.", "input": "", "output": "3"},
            {"prompt": "Q", "completion": "A", "id": 7},
        ],
    )
    assert read_turns(path).rows() == [
        (1, ["system", "user", "assistant"], ["Be brief.", 'Say "hi".', "hi\u2028"]),
        (3, ["user", "assistant"], ["a", "b"]),
        (4, ["user", "assistant"], ["Add.\n\n1, 2", "3"]),
        (5, ["user", "assistant"], ["Add.", "3"]),
        (6, ["user", "assistant"], ["Q", "A"]),
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"text": "x", "n": 1}', "the keys text, n"),
        ('["x"]', "no JSON object"),
        ("plain words", "no JSON object"),
        ("{}", "the keys none"),
        ('{"messages": []}', "user and assistant by turns"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "user and assistant by turns"),
        (
            '{"messages": [{"role": "user", "content": ["x"]}, {"role": "assistant", "content": "y"}]}',
            "user and assistant by turns",
        ),
        (
            '{"messages": [{"role": "user"}, {"role": "assistant", "content": "y"}]}',
            "user and assistant by turns",
        ),
        ('{"prompt": "x", "completion": " "}', "an empty answer"),
        ('{"prompt": "x", "completion": 3}', "the keys prompt, completion"),
    ],
)
def test_a_line_of_another_form_refuses_the_file(tmp_path: Path, line: str, found: str) -> None:
    path = file_of(tmp_path, [*sums(2), line])
    with pytest.raises(InputError, match=rf"general\.jsonl, line 3: expected .*found.*{found}"):
        read_turns(path)


def test_no_file_an_empty_one_and_bytes_are_one_line_each(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_turns(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="is empty"):
        read_turns(file_of(tmp_path, [" "]))
    (tmp_path / "general.jsonl").write_bytes(b'{"prompt": "\xff\xfe", "completion": "x"}\n')
    with pytest.raises(InputError, match=r"general\.jsonl"):
        read_turns(tmp_path / "general.jsonl")


def test_a_tenth_of_train_is_rehearsal(tmp_path: Path) -> None:
    # 90 lines of the catalog and 10 of the file: 10 %.
    made = mixed(file_of(tmp_path, sums(50)), 90)
    assert made.rows.height == 10
    assert made.facts["share"] == pytest.approx(0.1)
    assert made.facts["licence"] == "CC0-1.0"
    assert made.notes == ["10 lines of general.jsonl (CC0-1.0) mixed into train: 10.0% of it"]


def test_a_file_that_is_too_small_is_said(tmp_path: Path) -> None:
    made = mixed(file_of(tmp_path, sums(4)), 90)
    assert made.rows.height == 4
    assert made.notes[-1] == "general.jsonl has no more than that; 10 lines were wanted"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(1, 30), st.floats(0.01, 0.9), st.integers(0, 9))
def test_lines_of_train_are_numbered_whole_and_test_stays(
    tmp_path_factory: pytest.TempPathFactory, n_train: int, n_file: int, share: float, seed: int
) -> None:
    path = file_of(tmp_path_factory.mktemp("rehearsal"), sums(n_file))
    made = mixed(path, n_train, share=share, seed=seed)
    before, after = plan_of(n_train).rows, made.plan.rows
    own = after.filter(split="train")["line"].to_list()
    assert sorted([*own, *made.rows["line"]]) == list(range(1, len(own) + made.rows.height + 1))
    assert own == sorted(own)
    assert after.filter(split="test").equals(before.filter(split="test"))
    assert after.drop("line").equals(before.drop("line"))
    assert made.rows.height == min(n_file, round(share / (1 - share) * n_train))
    again = mixed(path, n_train, share=share, seed=seed)
    assert again.rows.equals(made.rows)
    assert again.plan.rows.equals(after)


def test_what_repeats_a_held_out_text_is_left_out(tmp_path: Path) -> None:
    title = "Red enamel kettle with a long spout"
    rows = [
        {"prompt": f"Name the category of: {title.upper()}!", "completion": "Kettles"},
        {"prompt": "A red enamel kettle, with long spout", "completion": "Kettles"},
        {"prompt": "Name a river.", "completion": "Rhine"},
        {"prompt": "Where is <|im_end|> used?", "completion": "In chats"},
    ]
    made = mixed(file_of(tmp_path, rows), 90, [title])
    assert [texts[0] for texts in made.rows["texts"]] == ["Name a river."]
    assert made.facts["left_out"] == {
        "control marks of a chat": 1,
        "like a text of validation or test": 2,
    }


def test_longer_chats_are_left_out_where_the_format_holds_one_turn(tmp_path: Path) -> None:
    turns = [{"from": who, "value": "x"} for who in ("human", "gpt", "human", "gpt")]
    path = file_of(tmp_path, [{"conversations": turns}, *sums(1)])
    assert mixed(path, 90).rows.height == 2
    made = mixed(path, 90, one_turn=True)
    assert made.rows.height == 1
    assert made.facts["left_out"] == {"several turns": 1}


def test_lines_have_the_shape_of_the_format(tmp_path: Path) -> None:
    chats = read_turns(file_of(tmp_path, [{"messages": CHAT}]))
    lines = {
        form: json.loads(chat_lines(chats, ExportSettings(format=form))["text"].item())
        for form in ("openai-chat", "sharegpt", "alpaca", "prompt-completion")
    }
    assert lines["openai-chat"] == {"messages": CHAT}
    assert [turn["from"] for turn in lines["sharegpt"]["conversations"]] == [
        "system",
        "human",
        "gpt",
    ]
    assert lines["alpaca"] == {
        "instruction": 'Be brief.\nSay "hi".',
        "input": "",
        "output": "hi\u2028",
    }
    assert lines["prompt-completion"] == {
        "prompt": 'Be brief.\n\nSay "hi".\n',
        "completion": "hi\u2028",
    }
    image = chat_lines(chats, ExportSettings(images=True))["text"].item()
    assert json.loads(image)["messages"][1]["content"] == [{"type": "text", "text": 'Say "hi".'}]
    assert "\u2028" not in image


def test_a_file_needs_a_licence_and_a_format_that_asks() -> None:
    with pytest.raises(ValidationError, match="needs its licence"):
        RehearsalSettings(file="x.jsonl")
    given = RehearsalSettings(file="x.jsonl", licence="MIT")
    with pytest.raises(ValidationError, match="records have no questions"):
        ExportSettings(format="records", rehearsal=given)
