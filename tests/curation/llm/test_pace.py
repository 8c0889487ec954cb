import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from curation.llm.pace import DownError, Pace, ask_politely
from curation.llm.providers import make_provider
from curation.llm.requests import BusyError, RejectedError, Reply, Request
from curation.llm.settings import ModelAnnotator

KEY = "sk-test-0123456789abcdef"


def asked(server: Any, n: int, pace: Pace, max_tries: int = 6, timeout_s: float = 5.0) -> Any:
    """The replies to n questions asked at the same time, and how long that took in seconds."""
    settings = ModelAnnotator(
        provider=server.provider,
        model="m",
        base_url=server.base_url,
        concurrent=100,
        timeout_s=timeout_s,
    )

    async def ask() -> list[Reply]:
        used = make_provider(settings, KEY)
        requests = [Request(server.provider, "m", "", f"row {i}", max_tokens=16) for i in range(n)]
        try:
            return await asyncio.gather(
                *(ask_politely(used, request, pace, max_tries) for request in requests)
            )
        finally:
            await used.close()

    began = time.perf_counter()
    replies = asyncio.run(ask())
    return replies, time.perf_counter() - began


def test_no_more_are_in_flight_than_allowed(llm_server: Callable):
    server = llm_server("openai", latency_s=0.02)
    replies, _ = asked(server, 60, Pace(concurrent=7))
    assert {reply.outcome for reply in replies} == {"answered"}
    counts = server.counts()
    assert counts["most_in_flight"] == 7
    assert counts["n_requests"] == counts["n_billed"] == 60


def test_requests_a_minute_are_kept_over_any_window(llm_server: Callable):
    # 25 requests, 10 a window of 0.5 s: the last five go out after two windows.
    server = llm_server("openai")
    _, took_s = asked(server, 25, Pace(50, 10, window_s=0.5))
    assert 1.0 <= took_s < 2.5


def test_tokens_a_minute_are_kept_by_what_was_used(llm_server: Callable):
    # Each is expected to take 2 + 16 tokens and takes 2 + 4: of 60 tokens a window, three go out
    # by expectation, and then there is room for ten by what was used.
    server = llm_server("openai")
    pace = Pace(50, None, 60, window_s=0.6)
    replies, took_s = asked(server, 20, pace)
    used = {reply.n_tokens_in + reply.n_tokens_out for reply in replies}
    assert used == {6}
    # 20 x 6 = 120 tokens are two windows: one has to pass, and not the six of 20 x 18 / 60.
    assert 0.6 <= took_s < 2.4


def test_a_request_larger_than_the_limit_goes_out_alone(llm_server: Callable):
    replies, _ = asked(llm_server("openai"), 2, Pace(8, None, 5, window_s=0.2))
    assert [reply.outcome for reply in replies] == ["answered", "answered"]


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_retry_after_holds_for_all_requests_of_the_account(llm_server: Callable, provider: str):
    fault = {"kind": "rate_limited", "retry_after": "0.6", "contains": "row 0"}
    server = llm_server(provider, faults=[fault], latency_s=0.05)
    replies, took_s = asked(server, 30, Pace(concurrent=1, first_wait_s=0.01))
    assert {reply.outcome for reply in replies} == {"answered"}
    # The first is refused and the rest has to wait with it: 0.6 s, and 31 requests of 0.05 s.
    assert took_s >= 0.6 + 31 * 0.05
    assert server.counts()["by_status"] == {"429": 1, "200": 30}


def test_a_passing_fault_costs_tries_and_no_answer(llm_server: Callable):
    faults = [
        {"kind": "server_error", "every": 3, "times": 10},
        {"kind": "overloaded", "every": 5, "times": 5},
        {"kind": "drop", "every": 7, "times": 3},
    ]
    server = llm_server("anthropic", faults=faults)
    pace = Pace(concurrent=8, first_wait_s=0.01)
    replies, _ = asked(server, 60, pace, max_tries=10)
    assert {reply.outcome for reply in replies} == {"answered"}
    assert pace.n_busy == 18
    assert pace.n_tries == server.counts()["n_requests"] == 78


def test_after_the_last_try_the_reply_says_why(llm_server: Callable):
    server = llm_server("openai", faults=[{"kind": "server_error", "times": None}])
    replies, _ = asked(server, 1, Pace(first_wait_s=0.01), max_tries=3)
    assert replies[0].outcome == "failed"
    assert "server_error by script (after 3 tries)" in replies[0].error
    assert server.counts()["n_requests"] == 3


def test_a_malformed_answer_is_an_answer(llm_server: Callable):
    server = llm_server("openai", faults=[{"kind": "malformed"}])
    assert asked(server, 1, Pace())[0][0].outcome == "answered"
    assert server.counts()["n_requests"] == 1


def test_a_rejected_request_is_not_asked_again(llm_server: Callable):
    server = llm_server("openai", key="another")
    with pytest.raises(RejectedError, match="OPENAI_API_KEY"):
        asked(server, 1, Pace())
    assert server.counts()["n_requests"] == 1


def test_an_open_circuit_lets_one_probe_through_and_closes_on_its_answer(llm_server: Callable):
    server = llm_server("openai", faults=[{"kind": "server_error", "times": 6}])
    pace = Pace(concurrent=2, open_after=5, first_wait_s=0.01)
    replies, took_s = asked(server, 12, pace, max_tries=20)
    assert {reply.outcome for reply in replies} == {"answered"}
    assert pace.n_opened == 1
    # It opens at the fifth failure, when a sixth may be in flight; the probe waits for 1 s.
    assert took_s >= 1.0
    assert server.counts()["by_status"] == {"500": 6, "200": 12}


def test_a_provider_that_is_down_does_not_hold_up_the_others(llm_server: Callable):
    down = llm_server("anthropic", faults=[{"kind": "server_error", "times": None}])
    up = llm_server("openai", latency_s=0.01)
    finished: dict[str, float] = {}

    async def ask(server: Any, pace: Pace) -> None:
        name = server.provider
        settings = ModelAnnotator(provider=name, model="m", base_url=server.base_url)
        used = make_provider(settings, KEY)
        for i in range(20):
            await ask_politely(used, Request(name, "m", "", f"row {i}"), pace, 1)
        finished[name] = time.perf_counter() - began
        await used.close()

    async def both() -> None:
        going = asyncio.create_task(ask(down, Pace(open_after=3)))
        await ask(up, Pace())
        going.cancel()

    began = time.perf_counter()
    asyncio.run(both())
    assert list(finished) == ["openai"]
    assert up.counts()["n_billed"] == 20
    # Three failures open the circuit; at most one probe, after 1 s, came to it since.
    assert down.counts()["n_requests"] <= 4


def turned(pace: Pace, busy: BusyError | None) -> Awaitable[None]:
    async def turn() -> None:
        async with pace.turn() as taken:
            if busy is None:
                pace.answered(taken, 0)
            else:
                pace.failed(taken, busy)

    return turn()


def test_a_server_that_stays_down_fails_the_rest_at_once():
    pace = Pace(open_after=2, longest_wait_s=0.05)

    async def run() -> None:
        # Two failures open the circuit, six probes fail: 0.05 s apart at most.
        for _ in range(2 + 6):
            await turned(pace, BusyError("down"))
        with pytest.raises(DownError, match="8 failures in a row"):
            await turned(pace, None)
        await asyncio.sleep(0.06)
        await turned(pace, None)
        await turned(pace, None)

    asyncio.run(run())
    assert pace.n_opened == 1 and pace.n_tries == 2 + 6 + 2


def test_who_is_asked_to_wait_for_hours_does_not():
    pace = Pace()

    async def run() -> None:
        await turned(pace, BusyError("quota", retry_after_s=7200.0))
        with pytest.raises(DownError, match="120 minutes"):
            await turned(pace, None)

    asyncio.run(run())


def test_a_cancelled_request_gives_its_place_back():
    pace = Pace(concurrent=1)

    async def hold() -> None:
        async with pace.turn():
            await asyncio.sleep(60)

    async def run() -> None:
        going = asyncio.create_task(hold())
        waiting = asyncio.create_task(hold())
        await asyncio.sleep(0.01)
        waiting.cancel()
        going.cancel()
        await asyncio.wait_for(turned(pace, None), 1.0)

    asyncio.run(run())


def test_jitter_is_the_same_for_the_same_seed_and_fills_its_bound():
    first = [Pace(seed=4).wait_after(n) for n in range(1, 8)]
    assert first == [Pace(seed=4).wait_after(n) for n in range(1, 8)]
    pace = Pace(first_wait_s=1.0, seed=0)
    waits = [pace.wait_after(3) for _ in range(2000)]
    # Full jitter: uniform from 0 to 1 x 2^2 s, with a mean of 2 s.
    assert 0 <= min(waits) < 0.05 and 3.95 < max(waits) <= 4.0
    assert sum(waits) / len(waits) == pytest.approx(2.0, abs=0.1)
