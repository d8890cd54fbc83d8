"""The broker dies and loses what it had, while people talk: PostgreSQL has it all."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chassis.streams import stream_name
from deploy.local.stack import Stack
from tests.faults.history import vacuous
from tests.faults.talkers import suffer

ROUNDS = 2
Lose = Callable[[Stack], None]


def files(stack: Stack) -> Path:
    [account] = (stack.directory / "nats" / "jetstream").iterdir()
    return account


def lose_nothing(_stack: Stack) -> None:
    """What was acknowledged may be delivered again all the same."""


def lose_everything(stack: Stack) -> None:
    shutil.rmtree(files(stack))


def lose_the_tail(stack: Stack) -> None:
    messages = files(stack) / "streams" / stream_name("conversations") / "msgs"
    last = max(messages.glob("*.blk"), key=lambda file: int(file.stem))
    with last.open("r+b") as opened:
        opened.truncate(last.stat().st_size * 9 // 10)
    (messages / "index.db").unlink(missing_ok=True)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("lose", [lose_nothing, lose_everything, lose_the_tail])
async def test_what_the_broker_loses_is_told_all_the_same(fragile: Stack, lose: Lose) -> None:
    async def nemesis() -> int:
        for _ in range(ROUNDS):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(fragile.kill, "nats")
            lose(fragile)
            await asyncio.to_thread(fragile.start, "nats")
        await asyncio.sleep(1.5)
        return ROUNDS

    verdict = await suffer(fragile, nemesis)
    print(verdict)
    # What waited for the broker to come back is told before what it lost.
    assert verdict.broken.keys() <= ({"disordered"} if lose is not lose_nothing else set())
    assert vacuous(verdict, kills=ROUNDS, must=["republished"] if lose is not lose_nothing else []) == []
