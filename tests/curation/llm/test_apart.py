import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.llm.journal import journaled
from curation.llm.prices import price_of
from curation.llm.providers import make_provider
from curation.llm.providers.apart import ProviderApart
from curation.llm.requests import BusyError, RejectedError, Reply, Request
from curation.llm.settings import ModelAnnotator
from tests.llm_servers.script import Fault

PROVIDERS = ["openai", "anthropic", "gemini"]
KEY = "sk-test-0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string", "enum": ["Tea", "Coffee"]}},
    "required": ["path"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, KEY)


def settings_of(server: Any) -> ModelAnnotator:
    return ModelAnnotator(
        provider=server.provider, model="m", base_url=server.base_url, concurrent=20
    )


def question(provider: str, words: str = "What is Oolong?") -> Request:
    return Request(provider, "m", "Be brief.", words, schema=SCHEMA, temperature=0.0)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_answers_are_those_of_a_provider_in_this_process(llm_server: Callable, provider: str):
    server = llm_server(provider, key=KEY)
    settings = settings_of(server)
    requests = [question(provider, f"What is {n}?") for n in range(40)]

    async def all_of(used: Any) -> list[Any]:
        try:
            return await asyncio.gather(*map(used.ask, requests))
        finally:
            await used.close()

    here, apart = (
        [replace(reply, latency_s=0.0) for reply in asyncio.run(all_of(used))]
        for used in (make_provider(settings, KEY), ProviderApart(settings))
    )
    assert apart == here
    assert {reply.outcome for reply in apart} == {"answered"}


def test_what_goes_wrong_is_told_as_in_this_process(llm_server: Callable):
    server = llm_server(
        "openai",
        key=KEY,
        faults=[
            Fault(kind="rate_limited", retry_after="7", contains="later"),
            Fault(kind="cut", contains="cut"),
        ],
        models=["m"],
    )
    used = ProviderApart(settings_of(server))

    async def ask() -> None:
        with pytest.raises(BusyError) as later:
            await used.ask(question("openai", "later"))
        assert (later.value.retry_after_s, later.value.was_billed) == (7.0, False)
        with pytest.raises(BusyError) as cut:
            await used.ask(question("openai", "cut"))
        assert cut.value.was_billed
        with pytest.raises(RejectedError, match="404"):
            await used.ask(replace(question("openai"), model="other"))
        assert (await used.ask(question("openai"))).outcome == "answered"
        await used.close()

    asyncio.run(ask())


def test_no_more_are_in_flight_than_allowed_and_each_answer_is_in_the_journal(
    llm_server: Callable, tmp_path: Path
):
    server = llm_server("openai", latency_s=0.05)
    settings = settings_of(server).model_copy(update={"concurrent": 5})
    used = ProviderApart(settings, tmp_path / "a.tsv", price_of(settings))
    requests = [question("openai", f"What is {n}?") for n in range(40)]

    async def ask() -> list[Reply]:
        try:
            return await asyncio.gather(*map(used.ask, requests))
        finally:
            await used.close()

    replies = asyncio.run(ask())
    assert server.counts()["most_in_flight"] == 5
    keys = [request.key for request in requests]
    found = {key: reply for key, reply, _ in journaled(tmp_path / "a.tsv", keys)}
    assert found == dict(zip(keys, replies, strict=True))


def test_what_a_server_refuses_is_told(llm_server: Callable):
    server = llm_server("openai", refuses_temperature=True)
    used = ProviderApart(settings_of(server))

    async def ask() -> None:
        request = replace(question("openai"), temperature=0.3)
        assert (await used.ask(request)).outcome == "answered"
        await used.close()

    asyncio.run(ask())
    assert any(note.startswith("temperature: left out") for note in used.notes)


def test_a_process_that_dies_ends_the_asking_with_one_line(llm_server: Callable):
    server = llm_server("openai", latency_s=30.0)
    used = ProviderApart(settings_of(server))

    async def ask() -> None:
        waiting = asyncio.create_task(used.ask(question("openai")))
        while not server.counts()["n_in_flight"]:
            await asyncio.sleep(0.05)
        os.kill(used.pid, signal.SIGKILL)
        with pytest.raises(RejectedError, match="has ended"):
            await waiting
        with pytest.raises(RejectedError, match="has ended"):
            await used.ask(question("openai"))
        await used.close()

    asyncio.run(ask())


PARENT = """
import asyncio
from curation.llm.providers.apart import ProviderApart
from curation.llm.requests import Request
from curation.llm.settings import ModelAnnotator

async def ask():
    used = ProviderApart(ModelAnnotator(provider="openai", model="m", base_url={url!r}))
    waiting = asyncio.create_task(used.ask(Request("openai", "m", "", "What?")))
    while used.pid is None:
        await asyncio.sleep(0.01)
    print(used.pid, flush=True)
    await waiting

asyncio.run(ask())
"""


def test_the_process_ends_with_its_parent_and_nobody_sees_the_key(llm_server: Callable):
    server = llm_server("openai", latency_s=30.0)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(url=server.base_url)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert KEY not in Path(f"/proc/{child}/cmdline").read_text()
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_text():
        assert time.monotonic() < until, "the child outlived its parent"
        time.sleep(0.05)
