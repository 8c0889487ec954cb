"""A served checkpoint is sent the exported prompt and nothing else, in the words of each format."""

from __future__ import annotations

import json

import pytest

from catalog.errors import InputError
from tests.workspace.prompted.conftest import lines
from workspace import way
from workspace.prompted.endpoints import KEY_VARIABLE, served
from workspace.prompted.predicting import predict_prompted
from workspace.prompted.questions import Prompting
from workspace.runs import score_runs


def ask(workspace, server, **more):
    model = served(server.base_url, "org/tuned-7b", **more.pop("served", {}))
    prompting = Prompting(is_exact=True, **more)
    return predict_prompted(workspace, model, prompting, budget_usd=None)


def bodies(server):
    return [request["body"] for request in server.requests()]


def test_the_messages_of_the_export_go_out_and_the_answer_is_read_as_it_came(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(120, {})
    chats = [line["messages"] for line in lines(workspace, "test")]
    said = [" > ".join(json.loads(chat[-1]["content"])["category_path"]) for chat in chats]
    said[0] = "I would say " + said[0].split(" > ")[1]
    server.follow(
        answers=[(chat[1]["content"], s) for chat, s in zip(chats, said, strict=True)],
        key="sk-of-the-server",
    )
    with pytest.raises(InputError, match="tuned-7b was not asked further"):
        ask(workspace, server)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MY_SERVER", "sk-of-the-server")
        made = ask(workspace, server, served={"key_variable": "MY_SERVER"})
    sent = {json.dumps(body["messages"], ensure_ascii=False) for body in bodies(server)}
    assert sent == {json.dumps(chat[:-1], ensure_ascii=False) for chat in chats}
    assert not any("response_format" in body for body in bodies(server))
    assert made.name == "tuned-7b"
    figures = made.run.snapshot.figures
    assert (figures["outcomes"]["answered"], figures["outcomes"]["invalid"]) == (35, 1)
    scored = score_runs(workspace, ["tuned-7b"])[0].snapshot.figures
    assert scored["accuracy"]["value"] == 35 / 36


@pytest.mark.parametrize(
    ("form", "template", "path"),
    [
        ("prompt-completion", None, "/v1/completions"),
        ("alpaca", None, "/v1/completions"),
        ("alpaca", "chat", "/v1/chat/completions"),
        ("sharegpt", None, "/v1/chat/completions"),
    ],
)
def test_each_format_is_asked_as_its_trainers_do(exported, llm_server, form, template, path):
    server = llm_server("openai")
    workspace = exported(120, {}, export={"format": form})
    server.follow(answers=[("", '{"category_path": ["Kitchen", "Mugs"]}')])
    made = ask(workspace, server, template=template)
    assert made.run.snapshot.figures["outcomes"]["answered"] == 36
    assert {request["path"] for request in server.requests()} == {path}
    rows = lines(workspace, "test", form)
    if form == "prompt-completion":
        assert {body["prompt"] for body in bodies(server)} == {row["prompt"] for row in rows}
    elif path == "/v1/completions":
        for row in rows:
            inside = f"### Instruction:\n{row['instruction']}\n\n### Input:\n{row['input']}\n\n"
            assert any(inside in body["prompt"] for body in bodies(server))
    else:
        texts = {body["messages"][-1]["content"] for body in bodies(server)}
        if form == "alpaca":
            assert texts == {f"{row['instruction']}\n{row['input']}" for row in rows}
        else:
            assert texts == {row["conversations"][1]["value"] for row in rows}


def test_other_weights_under_the_same_name_are_asked_anew(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(40, {})
    first = ask(workspace, server)
    n = server.counts()["n_billed"]
    again = ask(workspace, server)
    assert server.counts()["n_billed"] == n
    assert any("were here before; if org/tuned-7b has other weights" in one for one in again.notes)
    other = ask(workspace, server, checkpoint="step-800")
    assert server.counts()["n_billed"] == 2 * n
    assert (first.name, other.name) == ("tuned-7b", "tuned-7b-step-800")
    assert other.run.snapshot.figures["checkpoint_step"] == 800
    assert "step-800" not in json.dumps(bodies(server))


def test_a_template_that_the_format_does_not_know_is_refused(exported, llm_server):
    server = llm_server("openai")
    workspace = exported(40, {})
    with pytest.raises(InputError, match="openai-chat is asked by the template chat"):
        ask(workspace, server, template="alpaca")
    workspace.change("export", format="records")
    way.run(workspace, "export")
    with pytest.raises(
        InputError, match="records is asked by the template none: it has no prompts"
    ):
        ask(workspace, server)
    assert server.counts()["n_requests"] == 0


def test_the_key_of_a_maker_is_never_sent_to_an_endpoint(exported, llm_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-maker")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    server = llm_server("openai")
    ask(exported(40, {}), server)
    told = json.dumps([request["headers"] for request in server.requests()])
    assert "sk-of-the-maker" not in told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:8000", "expected an address such as"),
        ("ftp://x/v1", "expected an address such as"),
        ("http://me:secret@x/v1", "holds a user, a password or a query"),
        ("http://x/v1?key=secret", "holds a user, a password or a query"),
    ],
)
def test_an_address_that_is_none_or_holds_a_key_is_refused(url, told):
    with pytest.raises(InputError, match=told) as error:
        served(url, "m")
    assert "secret" not in str(error.value)


def test_a_number_out_of_range_is_one_line():
    with pytest.raises(InputError, match="--concurrent 0: input should be greater"):
        served("http://x/v1", "m", concurrent=0)
