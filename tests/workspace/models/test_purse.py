"""What is set aside, paid and given back."""

from __future__ import annotations

import asyncio

import pytest

from workspace.models.purse import OutOfBudgetError, Purse


def test_a_request_that_could_pass_the_budget_is_refused():
    async def spend() -> Purse:
        purse = Purse(1.0, spent_usd=0.5)
        with pytest.raises(OutOfBudgetError):
            await purse.reserve(0.6)
        await purse.reserve(0.5)
        await purse.settle(0.5, 0.5)
        return purse

    assert asyncio.run(spend()).spent_usd == 1.0


def test_a_request_waits_for_the_change_of_those_in_flight():
    async def spend() -> list[str]:
        purse, told = Purse(1.0), []
        await purse.reserve(0.8)

        async def second() -> None:
            await purse.reserve(0.8)
            told.append("second is out")

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.01)
        told.append("first is answered")
        await purse.settle(0.8, 0.1)
        await waiting
        return told

    assert asyncio.run(spend()) == ["first is answered", "second is out"]


def test_one_that_no_change_can_make_room_for_is_refused_at_once():
    async def spend() -> None:
        purse = Purse(1.0)
        await purse.reserve(0.2)
        with pytest.raises(OutOfBudgetError):
            await purse.reserve(1.5)

    asyncio.run(spend())


def test_without_a_budget_all_goes_out():
    async def spend() -> float:
        purse = Purse(None)
        await purse.reserve(1e9)
        await purse.settle(1e9, 3.0)
        return purse.spent_usd

    assert asyncio.run(spend()) == 3.0


def test_a_budget_of_nothing_lets_out_what_is_free():
    async def spend() -> None:
        purse = Purse(0.0)
        await purse.reserve(0.0)
        await purse.settle(0.0, 0.0)
        with pytest.raises(OutOfBudgetError):
            await purse.reserve(1e-9)

    asyncio.run(spend())
