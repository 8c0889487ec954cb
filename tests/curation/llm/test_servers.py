import contextlib
import json
import time
import urllib.request

import pytest
from anthropic.types import Message
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion

SCHEMA = {
    "type": "object",
    "properties": {"path": {"enum": ["Home > Tea", "Home > Coffee"]}, "sure": {"type": "number"}},
    "required": ["path", "sure"],
    "additionalProperties": False,
}
KINDS = ["answered", "malformed", "refusal", "truncated", "filtered", "blocked", "empty"]
OPENAI = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Oolong"}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
}
ANTHROPIC = {
    "model": "m",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Oolong"}],
    "tools": [{"name": "answer", "input_schema": SCHEMA}],
}
GEMINI = {
    "contents": [{"role": "user", "parts": [{"text": "Oolong"}]}],
    "generationConfig": {"responseJsonSchema": SCHEMA},
}
CALLS = {
    "openai": ("/v1/chat/completions", OPENAI),
    "anthropic": ("/v1/messages", ANTHROPIC),
    "gemini": ("/v1beta/models/m:generateContent", GEMINI),
}
TYPES = {"openai": ChatCompletion, "anthropic": Message, "gemini": GenerateContentResponse}


def asked(root: str, path: str, body: dict, timeout: float = 10) -> dict:
    http = urllib.request.Request(root + path, json.dumps(body).encode())
    http.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(http, timeout=timeout) as response:
        return json.load(response)


@pytest.mark.parametrize("provider", CALLS)
def test_every_kind_of_answer_is_of_the_makers_own_type(llm_server, provider):
    faults = [] if provider == "x" else [{"kind": kind} for kind in KINDS[1:]]
    server = llm_server(provider, faults=faults)
    for _ in KINDS:
        TYPES[provider].model_validate(asked(server.root, *CALLS[provider]), strict=False)
    counts = server.counts()
    assert counts["n_billed"] == len(KINDS)
    assert counts["n_billed_again"] == len(KINDS) - 1


def test_an_answer_is_valid_by_the_schema_and_the_same_when_asked_again(llm_server):
    server = llm_server("openai")
    first, second = (asked(server.root, *CALLS["openai"]) for _ in range(2))
    told = [json.loads(a["choices"][0]["message"]["content"]) for a in (first, second)]
    assert told[0] == told[1]
    assert told[0]["path"] in SCHEMA["properties"]["path"]["enum"] and told[0]["sure"] == 0.5


def test_a_given_answer_wins_over_the_schema(llm_server):
    server = llm_server("anthropic", answers=[("Oolong", {"path": "Home > Tea", "sure": 1})])
    found = asked(server.root, *CALLS["anthropic"])
    assert found["content"][0]["input"] == {"path": "Home > Tea", "sure": 1}
    assert found["stop_reason"] == "tool_use"


def test_what_a_client_left_in_flight_is_not_billed_to_the_next_test(llm_server):
    server = llm_server("openai", latency_s=0.5)
    with contextlib.suppress(TimeoutError):
        asked(server.root, *CALLS["openai"], timeout=0.1)
    assert server.counts()["n_in_flight"] == 1
    server.follow(reset=True)
    time.sleep(0.6)
    counts = server.counts()
    assert (counts["n_billed"], counts["n_in_flight"], counts["most_in_flight"]) == (0, 0, 0)
    asked(server.root, *CALLS["openai"])
    assert server.counts()["n_billed"] == 1
