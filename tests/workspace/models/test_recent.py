"""A request goes out once, however long ago another asked the same: also where that is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from curation.llm.requests import Reply
from tests.workspace.models.conftest import openai
from workspace.models.annotators import chosen
from workspace.models.asking import Asking
from workspace.models.calls import Calls, Held, call_id
from workspace.models.opening import opened
from workspace.models.purse import Purse
from workspace.models.questionnaire import of_catalog
from workspace.models.reading import Chunk
from workspace.models.recent import Recent
from workspace.workspace import Workspace


async def asked_by_all(workspace: Workspace, recent: Recent, calls: Calls) -> list[Held | None]:
    """What comes of one question about all records, asked by each annotator, all at once."""
    asking = Asking(calls, Purse(None), call_id(), recent)
    records = workspace.snapshot("load").scan("records").collect()
    with calls.writing():
        async with opened(of_catalog(workspace), chosen(workspace, None)) as jobs:
            return await asyncio.gather(
                *(
                    asking.answer(job, stage.name, one)
                    for job in jobs
                    for stage in job.stages
                    for one in stage.ask(records, Chunk(job.name, "").votes())
                )
            )


@pytest.mark.parametrize("n_whole", [1, 20_000])
def test_twins_that_ask_at_once_are_billed_once(shop: Any, llm_server: Any, n_whole: int):
    server = llm_server("openai")
    twins = {name: openai(server, concurrent=2) for name in ("one", "twin")}
    workspace = shop(30, twins)
    calls = Calls(workspace.database)
    answers = asyncio.run(asked_by_all(workspace, Recent(calls.held, n_whole), calls))
    counts = server.counts()
    assert (counts["n_billed"], counts["n_billed_again"]) == (30, 0)
    assert answers[:30] == answers[30:]


@pytest.mark.parametrize("n_whole", [1, 20_000])
def test_what_was_answered_since_it_was_looked_up_is_not_asked_again(
    shop: Any, llm_server: Any, n_whole: int
):
    server = llm_server("openai")
    workspace = shop(30, {"one": openai(server)})
    calls = Calls(workspace.database)
    recent = Recent(calls.held, n_whole)
    first, second = (asyncio.run(asked_by_all(workspace, recent, calls)) for _ in range(2))
    assert server.counts()["n_billed"] == 30
    assert [one and one.reply.text for one in first] == [one and one.reply.text for one in second]


def test_an_old_answer_is_read_out_of_the_ledger_and_an_unknown_one_is_not_looked_for():
    looked_up: list[str] = []
    answers = {f"{n:x}" * 64: Held(Reply("answered", str(n)), 0.1) for n in range(9)}

    def look_up(keys: Any) -> dict[str, Held]:
        looked_up.extend(keys)
        return {key: answers[key] for key in keys}

    recent, keys = Recent(look_up, n_whole=2, n_known=3), list(answers)
    for key in keys[:6]:
        recent.add(key, answers[key])
    found = [asyncio.run(recent.find(key)) for key in keys]
    # Of these six the last two are whole, the three before them are known to the ledger.
    assert found == [None, *(answers[key] for key in keys[1:6]), None, None, None]
    assert looked_up == keys[1:4]
