import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from curation.llm.providers import make_provider
from curation.llm.providers.batches import BatchReplies, BatchState, make_batches
from curation.llm.requests import RejectedError, Request
from curation.llm.settings import ModelAnnotator

PROVIDERS = ["openai", "anthropic", "gemini"]
KEY = "sk-test-0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string", "enum": ["Home > Tea", "Home > Coffee"]}},
    "required": ["path"],
    "additionalProperties": False,
}


def annotator(server: Any) -> ModelAnnotator:
    return ModelAnnotator(provider=server.provider, model="m", base_url=server.base_url)


def requests(server: Any, n: int = 4) -> list[Request]:
    return [
        Request(server.provider, "m", "Be brief.", f"What is row {i}?", SCHEMA, temperature=0.0)
        for i in range(n)
    ]


def taken(
    server: Any, asked: list[Request], key: str = KEY
) -> tuple[list[BatchState], BatchReplies]:
    """The states of a batch until its end, and its replies, collected by another connection."""

    async def run() -> tuple[list[BatchState], BatchReplies]:
        first = make_batches(annotator(server), key)
        batch_id = await first.submit(asked)
        await first.close()
        other = make_batches(annotator(server), key)
        states = [await other.state(batch_id)]
        while states[-1].state == "running":
            states.append(await other.state(batch_id))
        found = await other.collect(batch_id)
        await other.close()
        return states, found

    return asyncio.run(run())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_runs_ends_and_gives_a_reply_to_each_request(llm_server: Callable, provider: str):
    server = llm_server(provider, batch_polls=2)
    asked = requests(server)
    states, found = taken(server, asked)
    assert [state.state for state in states] == ["running", "running", "ended"]
    assert (states[-1].n_requests, states[-1].n_done, states[-1].n_failed) == (4, 4, 0)
    assert set(found.replies) == {request.key for request in asked} and found.failed == {}
    counts = server.counts()
    assert counts["n_tokens_in"] == sum(reply.n_tokens_in for reply in found.replies.values())
    for reply in found.replies.values():
        assert json.loads(reply.text)["path"] in SCHEMA["properties"]["path"]["enum"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_asks_what_is_asked_online(llm_server: Callable, provider: str):
    server = llm_server(provider)
    asked = requests(server, 1)
    _, found = taken(server, asked)

    async def ask() -> Any:
        used = make_provider(annotator(server), KEY)
        reply = await used.ask(asked[0])
        await used.close()
        return reply

    online = asyncio.run(ask())
    batch = found.replies[asked[0].key]
    assert (batch.outcome, batch.text) == (online.outcome, online.text)
    assert (batch.n_tokens_in, batch.n_tokens_out) == (online.n_tokens_in, online.n_tokens_out)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_that_ends_in_part_tells_the_failed_rows_apart(llm_server: Callable, provider: str):
    server = llm_server(provider, batch_fails=["row 1?"], batch_expires=["row 3?"])
    asked = requests(server)
    states, found = taken(server, asked)
    assert states[-1].state == "ended"
    assert (states[-1].n_done, states[-1].n_failed) == (2, 2)
    assert set(found.replies) == {asked[0].key, asked[2].key}
    assert set(found.failed) == {asked[1].key, asked[3].key}
    assert found.failed[asked[1].key].error == "this row fails by script"
    assert all(reply.outcome == "failed" and reply.error for reply in found.failed.values())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_request_twice_is_handed_in_and_billed_once(llm_server: Callable, provider: str):
    server = llm_server(provider)
    asked = requests(server, 2)
    states, found = taken(server, asked + asked)
    assert states[-1].n_requests == len(found.replies) == server.counts()["n_billed"] == 2


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_of_two_models_or_of_nothing_is_not_handed_in(llm_server: Callable, provider: str):
    server = llm_server(provider)
    two = [Request(provider, model, "", "p") for model in ("m", "n")]
    for asked in (two, []):
        with pytest.raises(ValueError, match="a batch is of one model"):
            taken(server, asked)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_key_or_an_unknown_batch_is_rejected(llm_server: Callable, provider: str):
    server = llm_server(provider, key=KEY)
    with pytest.raises(RejectedError, match="_API_KEY was not accepted"):
        taken(server, requests(server), key="sk-another")

    async def look() -> None:
        batches = make_batches(annotator(server), KEY)
        try:
            await batches.state("batches/none")
        finally:
            await batches.close()

    with pytest.raises(RejectedError, match=r"\(404\)"):
        asyncio.run(look())


def test_a_batch_at_the_maker_needs_a_key():
    with pytest.raises(RejectedError, match="OPENAI_API_KEY"):
        make_batches(ModelAnnotator(provider="openai", model="m"), None)
