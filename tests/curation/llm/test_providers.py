import asyncio
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from curation.llm.providers import make_provider
from curation.llm.requests import BusyError, RejectedError, Reply, Request
from curation.llm.settings import ModelAnnotator

PROVIDERS = ["openai", "anthropic", "gemini"]
KEY = "sk-test-0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string", "enum": ["Home > Tea", "Home > Coffee"]}},
    "required": ["path"],
    "additionalProperties": False,
}
PNG = "data:image/png;base64,iVBORw0KGgo="
JPG = "https://shop.example/tea.jpg"


def annotator(server: Any, provider: str, **settings: Any) -> ModelAnnotator:
    return ModelAnnotator(provider=provider, model="m", base_url=server.base_url, **settings)


def asked(server: Any, provider: str, n: int = 1, *, key: str | None = KEY, **more: Any) -> Any:
    """What asking gives, n times with one provider: replies, or the exception."""
    settings = annotator(server, provider, timeout_s=more.pop("timeout_s", 5.0))
    more = {"schema": SCHEMA, "temperature": 0.0, **more}
    request = Request(provider, "m", "Be brief.", "What is Oolong?", **more)

    async def ask() -> list[Reply]:
        used = make_provider(settings, key)
        try:
            return [await used.ask(request) for _ in range(n)]
        finally:
            await used.close()

    found = asyncio.run(ask())
    return found if n > 1 else found[0]


def bodies(server: Any) -> list[dict[str, Any]]:
    return [sent["body"] for sent in server.requests()]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_is_json_by_the_schema_with_its_tokens(llm_server: Callable, provider: str):
    server = llm_server(provider, n_tokens_cached=5)
    reply = asked(server, provider)
    assert json.loads(reply.text)["path"] in SCHEMA["properties"]["path"]["enum"]
    counts = server.counts()
    assert (reply.outcome, reply.error) == ("answered", None)
    assert (reply.n_tokens_in, reply.n_tokens_out) == (
        counts["n_tokens_in"],
        counts["n_tokens_out"],
    )
    assert reply.n_tokens_cached == 5 and reply.latency_s > 0


def test_each_maker_is_asked_for_structure_by_its_own_means(llm_server: Callable):
    sent = {}
    for provider in PROVIDERS:
        server = llm_server(provider)
        asked(server, provider)
        sent[provider] = bodies(server)[0]
    form = sent["openai"]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}
    assert sent["anthropic"]["tools"][0]["input_schema"] == SCHEMA
    assert sent["anthropic"]["tool_choice"] == {"type": "tool", "name": "answer"}
    config = sent["gemini"]["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == SCHEMA
    assert sent["openai"]["temperature"] == sent["anthropic"]["temperature"] == 0.0
    assert config["temperature"] == 0.0 and config["maxOutputTokens"] == 1024


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_schema_any_text_will_do(llm_server: Callable, provider: str):
    assert asked(llm_server(provider), provider, schema=None).text == "A plain answer."


def test_images_go_out_as_links_or_bytes(llm_server: Callable):
    sent = {}
    for provider in PROVIDERS:
        server = llm_server(provider)
        assert asked(server, provider, images=(JPG, PNG)).outcome == "answered"
        sent[provider] = bodies(server)[0]
    parts = sent["openai"]["messages"][1]["content"]
    assert [p["image_url"]["url"] for p in parts if p["type"] == "image_url"] == [JPG, PNG]
    parts = sent["anthropic"]["messages"][0]["content"]
    assert parts[0]["source"] == {"type": "url", "url": JPG}
    png = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert parts[1]["source"] == png
    parts = sent["gemini"]["contents"][0]["parts"]
    assert sorted(parts[0]["fileData"].values()) == [JPG, "image/jpeg"]
    assert sorted(parts[1]["inlineData"].values()) == ["iVBORw0KGgo=", "image/png"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("link", ["data:image/png;base64,???", "ftp://shop.example/tea.jpg"])
def test_what_is_no_image_is_left_out(llm_server: Callable, provider: str, link: str):
    server = llm_server(provider)
    assert asked(server, provider, images=(link,)).outcome == "answered"
    assert link not in json.dumps(bodies(server))


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("openai", "Failed to load image: invalid image input"),
        ("openai", "m is not a multimodal model"),
        ("anthropic", "Unable to download the file. Please verify the URL and try again."),
        ("gemini", "Cannot fetch content from the provided URL. Please ensure the URL is valid."),
        ("gemini", "Unsupported file URI type: https://shop.example/tea.jpg"),
    ],
)
def test_whatever_words_a_server_has_for_it_the_image_is_left_out(
    llm_server: Callable, provider: str, message: str
):
    fault = {"kind": "status", "status": 400, "message": message}
    server = llm_server(provider, faults=[fault])
    assert asked(server, provider, images=(JPG,)).outcome == "answered"
    assert [JPG in json.dumps(body) for body in bodies(server)] == [True, False]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_row_whose_image_the_server_cannot_fetch_is_asked_by_text(
    llm_server: Callable, provider: str
):
    server = llm_server(provider, refuses_images=True)
    replies = asked(server, provider, 2, images=(JPG,))
    assert [reply.outcome for reply in replies] == ["answered", "answered"]
    # An image is the matter of one request: the next one tries again.
    assert [JPG in json.dumps(body) for body in bodies(server)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("kind", "outcomes"),
    [
        ("refusal", ["refused", "refused", "refused"]),
        ("truncated", ["truncated", "truncated", "truncated"]),
        ("filtered", ["filtered", "refused", "filtered"]),
        ("blocked", ["filtered", "answered", "filtered"]),
        ("malformed", ["answered", "answered", "answered"]),
        ("empty", ["answered", "answered", "answered"]),
    ],
)
def test_bad_answers_are_outcomes_and_cost_tokens(
    llm_server: Callable, kind: str, outcomes: list[str]
):
    for provider, outcome in zip(PROVIDERS, outcomes, strict=True):
        server = llm_server(provider, faults=[{"kind": kind}])
        reply = asked(server, provider)
        assert (provider, reply.outcome) == (provider, outcome)
        assert (reply.error is None) == (outcome == "answered")
        assert reply.n_tokens_in == server.counts()["n_tokens_in"] > 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_longer_than_max_tokens_is_truncated(llm_server: Callable, provider: str):
    server = llm_server(provider, answers=[("Oolong", "x" * 400)])
    reply = asked(server, provider, max_tokens=20, schema=None)
    assert (reply.outcome, reply.n_tokens_out, len(reply.text)) == ("truncated", 20, 80)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("fault", "wait_s", "was_billed"),
    [
        ({"kind": "rate_limited", "retry_after": "7"}, 7.0, False),
        ({"kind": "rate_limited", "retry_after_ms": "250", "retry_after": "9"}, 0.25, False),
        ({"kind": "server_error"}, None, False),
        ({"kind": "overloaded"}, None, False),
        ({"kind": "status", "status": 529, "retry_after": "3"}, 3.0, False),
        ({"kind": "status", "status": 504}, None, False),
        ({"kind": "hang"}, None, True),
        ({"kind": "cut"}, None, True),
        ({"kind": "drop"}, None, True),
        ({"kind": "not_json"}, None, True),
    ],
)
def test_a_server_in_trouble_is_asked_once_and_said_to_be_busy(
    llm_server: Callable, provider: str, fault: dict, wait_s: float | None, was_billed: bool
):
    server = llm_server(provider, faults=[fault])
    timeout_s = 0.5 if fault["kind"] == "hang" else 30.0
    with pytest.raises(BusyError) as caught:
        asked(server, provider, timeout_s=timeout_s)
    assert caught.value.retry_after_s == wait_s
    assert caught.value.was_billed == was_billed
    assert server.counts()["n_requests"] == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_connection_is_busy_and_not_billed(llm_server: Callable, provider: str):
    server = llm_server(provider)
    server.close()
    with pytest.raises(BusyError, match="no connection") as caught:
        asked(server, provider)
    assert not caught.value.was_billed


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "told"), [(400, "refused again"), (403, "may not use"), (404, "Check `model`")]
)
def test_what_will_never_work_is_rejected(
    llm_server: Callable, provider: str, status: int, told: str
):
    server = llm_server(provider, faults=[{"kind": "status", "status": status, "times": None}])
    with pytest.raises(RejectedError, match=told) as caught:
        asked(server, provider)
    assert "\n" not in str(caught.value) and f"({status})" in str(caught.value)
    assert server.counts()["n_requests"] == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", ["leak", "leak_as_400", "leak_as_500"])
def test_a_key_that_the_server_repeats_reaches_no_error(
    llm_server: Callable, provider: str, kind: str
):
    server = llm_server(provider, faults=[{"kind": kind}])
    with pytest.raises((RejectedError, BusyError)) as caught:
        asked(server, provider)
    told = "".join(traceback.format_exception(caught.value, chain=True))
    assert KEY not in told and KEY[:12] not in told
    assert caught.value.__context__ is None and caught.value.__cause__ is None
    assert server.requests()[0]["headers"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_key_goes_to_the_server_and_a_wrong_one_is_named_by_its_variable(
    llm_server: Callable, provider: str
):
    server = llm_server(provider, key=KEY)
    assert asked(server, provider).outcome == "answered"
    with pytest.raises(RejectedError, match="_API_KEY was not accepted"):
        asked(server, provider, key="sk-another")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_key_is_needed_for_a_server_of_ones_own_and_that_of_the_maker_gets_none(
    llm_server: Callable, provider: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, KEY)
    server = llm_server(provider)
    assert asked(server, provider, key=None).outcome == "answered"
    assert KEY not in json.dumps(server.requests())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_missing_key_is_said_with_the_variable_that_holds_it(provider: str):
    settings = ModelAnnotator(provider=provider, model="m", key_variable="OUR_KEY")
    with pytest.raises(RejectedError, match="Set the environment variable OUR_KEY"):
        make_provider(settings, None)


def test_a_compatible_server_without_json_schema_is_asked_by_prompt_from_then_on(
    llm_server: Callable,
):
    server = llm_server("openai", refuses_json_schema=True, answers=[("Oolong", {"path": "A"})])
    replies = asked(server, "openai", 3)
    assert [json.loads(reply.text) for reply in replies] == [{"path": "A"}] * 3
    sent = bodies(server)
    assert ["response_format" in body for body in sent] == [True, False, False, False]
    assert json.dumps(SCHEMA) in sent[1]["messages"][0]["content"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_temperature_that_the_model_refuses_is_left_out_and_told(
    llm_server: Callable, provider: str
):
    server = llm_server(provider, refuses_temperature=True)
    settings = annotator(server, provider)
    used = make_provider(settings, KEY)
    request = Request(provider, "m", "s", "p", SCHEMA, temperature=0.0)

    async def ask() -> None:
        await used.ask(request)
        await used.ask(request)
        await used.close()

    asyncio.run(ask())
    sent = [body.get("generationConfig", body) for body in bodies(server)]
    assert ["temperature" in body for body in sent] == [True, False, False]
    assert used.notes == [
        f"temperature: left out of 2 requests that {provider} m at 127.0.0.1 refused with it"
    ]


def test_a_model_that_cannot_be_forced_to_a_tool_gives_json_by_its_output_format(
    llm_server: Callable,
):
    fault = {"kind": "status", "status": 400, "message": "Thinking: tool_choice forces tool use."}
    server = llm_server("anthropic", faults=[fault], answers=[("Oolong", {"path": "A"})])
    assert json.loads(asked(server, "anthropic").text) == {"path": "A"}
    first, second = bodies(server)
    assert "tool_choice" in first and "tool_choice" not in second
    assert second["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_prompt_that_is_too_long_fails_its_row_and_not_the_run(
    llm_server: Callable, provider: str
):
    fault = {"kind": "status", "status": 400, "message": "The prompt is too long: 9 tokens > 8."}
    reply = asked(llm_server(provider, faults=[fault]), provider)
    assert (reply.outcome, reply.error) == ("failed", "The prompt is too long: 9 tokens > 8.")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_account_without_credit_is_not_asked_again(llm_server: Callable, provider: str):
    fault = {"kind": "status", "status": 429, "message": "insufficient_quota: check your billing"}
    with pytest.raises(RejectedError, match="no credit"):
        asked(llm_server(provider, faults=[fault]), provider)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_redirect_is_not_followed_with_the_key(llm_server: Callable, provider: str):
    other = llm_server(provider)
    fault = {"kind": "status", "status": 307, "location": other.root}
    server = llm_server(provider, faults=[fault])
    with pytest.raises(RejectedError):
        asked(server, provider)
    assert other.counts()["n_requests"] == 0
