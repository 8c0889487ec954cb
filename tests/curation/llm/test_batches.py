import asyncio
import datetime
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from anthropic.types.messages import MessageBatch
from openai.types import Batch

from curation.llm.providers import make_batches, make_provider
from curation.llm.providers.anthropic_batches import key_of
from curation.llm.providers.batches import (
    Batches,
    BatchReplies,
    BatchState,
    Found,
    Sought,
)
from curation.llm.requests import RejectedError, Request
from curation.llm.settings import ModelAnnotator

PROVIDERS = ["openai", "anthropic", "gemini"]
KEY = "sk-test-0123456789abcdef"
MARK = "18a5c0ffee0000001a2b3c4d5e6f7a8b"
OTHER = MARK[::-1]
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
        batch_id = await first.submit(asked, MARK)
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


def with_batches(server: Any, work: Callable[[Batches], Any], key: str = KEY) -> Any:
    """What some work with the batches of a server gives."""

    async def run() -> Any:
        batches = make_batches(annotator(server), key)
        try:
            return await work(batches)
        finally:
            await batches.close()

    return asyncio.run(run())


def sought(mark: str, n_requests: int = 4, **more: Any) -> Sought:
    now, hour = datetime.datetime.now(datetime.UTC), datetime.timedelta(hours=1)
    return Sought(mark, n_requests, now - hour, now + hour, **more)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_batch_is_found_by_its_mark_on_any_page_of_the_list(llm_server: Callable, provider: str):
    server = llm_server(provider, batch_page=2, batch_polls=0)
    asked = requests(server)

    async def run(batches: Batches) -> tuple[str, list[Found]]:
        wanted = await batches.submit(asked, MARK)
        others = [await batches.submit(asked, f"{n}{OTHER}"[:32]) for n in range(5)]
        for name in (wanted, *others):
            await batches.state(name)
        return wanted, [await batches.find(sought(mark)) for mark in (MARK, OTHER, "0" * 32)]

    wanted, found = with_batches(server, run)
    assert found == [Found(wanted), Found(None), Found(None)]
    assert server.counts()["n_billed_again"] == 20  # six batches of the same four requests


@pytest.mark.parametrize(
    ("provider", "path", "kind"),
    [("openai", "/v1/batches", Batch), ("anthropic", "/v1/messages/batches", MessageBatch)],
)
def test_the_list_of_the_test_server_is_of_the_makers_own_type(llm_server, provider, path, kind):
    server = llm_server(provider, batch_page=1)

    async def run(batches: Batches) -> None:
        for mark in (MARK, OTHER):
            await batches.submit(requests(server), mark)

    with_batches(server, run)
    with urllib.request.urlopen(server.root + path, timeout=10) as response:
        told = json.load(response)
    [first] = [kind.model_validate(one) for one in told["data"]]
    assert (told["has_more"], told["first_id"], told["last_id"]) == (True, first.id, first.id)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_made_at_another_time_is_not_looked_at(llm_server: Callable, provider: str):
    server = llm_server(provider, batch_polls=0)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    then = Sought(MARK, 4, past, past + datetime.timedelta(hours=1))

    async def run(batches: Batches) -> Found:
        await batches.state(await batches.submit(requests(server), MARK))
        return await batches.find(then)

    assert with_batches(server, run) == Found(None)


def test_a_batch_of_anthropic_shows_at_its_end_whether_it_is_the_one(llm_server: Callable):
    server = llm_server("anthropic", batch_polls=10**6)

    async def run(batches: Batches) -> None:
        mine = await batches.submit(requests(server), MARK)
        known = await batches.submit(requests(server), OTHER)
        await batches.submit(requests(server, 5), OTHER)
        assert await batches.find(sought(MARK)) == Found(None, 2)
        assert await batches.find(sought(MARK, known=frozenset({known}))) == Found(None, 1)
        server.follow(batch_polls=0)
        assert await batches.find(sought(MARK)) == Found(mine)
        assert await batches.find(sought("0" * 32)) == Found(None)

    with_batches(server, run)


def test_rows_of_anthropic_that_are_named_by_their_key_alone_are_read_too():
    assert key_of("5e" * 32) == "5e" * 32
    assert key_of("no-key-of-ours") == "no-key-of-ours"
    assert key_of("12345678901234567890-ä") == "12345678901234567890-ä"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_lists_no_batches_says_so(llm_server: Callable, provider: str):
    server = llm_server(provider, batch_page=None)
    with pytest.raises(RejectedError) as told:
        with_batches(server, lambda batches: batches.find(sought(MARK)))
    assert told.value.status == 405
    server.follow(key="sk-another")
    with pytest.raises(RejectedError) as told:
        with_batches(server, lambda batches: batches.find(sought(MARK)))
    assert told.value.status == 401
