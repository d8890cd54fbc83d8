import asyncio
import sys

import pytest

from chassis.bus import Bus
from chassis.database import Database, Transaction
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope

from .test_consumer import NOTED, body, consuming, publish, reads, rows, stream, write
from .test_relay import until

__all__ = ["stream"]


async def operate(stack: Stack, *arguments: str, service: str = "users", url: str = "") -> tuple[int, str]:
    """What the operator's command exits with and prints."""
    environment = stack.environment(service)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", "dead", *arguments,
        env={**environment, "DATABASE_URL": url or environment["DATABASE_URL"]}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


@pytest.mark.usefixtures("stream")
async def test_a_dead_event_is_shown_and_has_its_effect_when_an_operator_replays_it(
    infra: Stack, database: Database, bus: Bus
) -> None:
    is_broken = True

    def handler(tx: Transaction, envelope: Envelope) -> None:
        if envelope.payload == b"!" and is_broken:
            raise ValueError("poison")
        write(tx, envelope)

    async def is_dead() -> bool:
        # The waits are moved on, not waited for.
        await rows(database, "update parked set next_try = now() where not is_dead returning 1")
        return await rows(database, "select 1 from parked where is_dead") == [(1,)]

    async with consuming(database, bus, {NOTED: handler}):
        event_ids = [await publish(bus, 1, letter) for letter in "a!b"]
        await until(is_dead)
        await reads(database, 1, "ab")
        code, listed = await operate(infra, "list", url=database.url)
        number, *told = listed.split("  ")
        assert (code, told) == (0, ["test", f"{NOTED}.1", event_ids[1], "ValueError: poison\n"])
        assert await operate(infra, "replay", number, url=database.url) == (0, f"{number} is tried again\n")
        assert await operate(infra, "list", url=database.url) == (0, "")
        await until(is_dead)
        assert await body(database, 1) == "ab"
        is_broken = False
        assert await operate(infra, "replay", "all", url=database.url) == (0, f"{number} is tried again\n")
        await reads(database, 1, "ab!")
    assert await rows(database, "select 1 from parked") == []


async def test_what_is_not_on_the_list_is_not_replayed(infra: Stack, database: Database) -> None:
    assert await operate(infra, "replay", "7", url=database.url) == (1, "7 is not on the list\n")
    assert await operate(infra, "replay", url=database.url) == (2, "")


@pytest.mark.parametrize("service", ["auth", "conversations", "notifications"])
async def test_every_service_has_the_command(infra: Stack, service: str) -> None:
    # What it lists depends on the tests before.
    code, _ = await operate(infra, "list", service=service)
    assert code == 0
