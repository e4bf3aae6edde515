"""Fetching waits while anybody has a reason, and nobody waits beyond the end."""

from __future__ import annotations

import asyncio

import pytest

from crawler.keeping.fetch_gate import FetchGate, GateShut


def test_an_open_gate_is_passed_at_once() -> None:
    asyncio.run(FetchGate().passed())


def test_who_waits_goes_on_when_the_last_reason_is_gone() -> None:
    async def scene() -> list[str]:
        gate, order = FetchGate(), []
        assert gate.close("disk", "full")
        assert not gate.close("disk", "still full"), "not a new reason"
        gate.close("backlog", "much")

        async def passing() -> None:
            await gate.passed()
            order.append("passed")

        task = asyncio.create_task(passing())
        for name in ("disk", "backlog"):
            await asyncio.sleep(0)
            order.append(f"{name} opens")
            assert gate.open(name)
        await task
        assert not gate.open("disk")
        return order

    assert asyncio.run(scene()) == ["disk opens", "backlog opens", "passed"]


def test_the_end_lets_nobody_wait() -> None:
    async def scene() -> None:
        gate = FetchGate()
        gate.close("disk", "full")
        task = asyncio.create_task(gate.passed())
        await asyncio.sleep(0)
        gate.shut()
        with pytest.raises(GateShut, match="full"):
            await task

    asyncio.run(scene())
