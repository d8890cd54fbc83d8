"""Reading 50 messages anywhere in a conversation of 10,000."""

from pathlib import Path

from chassis.rpc.client import Channel
from tests.load import history
from tests.load.figures import Figures
from tests.load.requests import Ask
from tests.load.stand import quiet
from tests.load.target import Target

IN_FLIGHT = 32


async def reading(target: Target, _output: Path) -> None:
    """Over REST, by both members, at random places."""
    a, b = (await target.people.first(2))[:2]
    conversation_id = await target.people.group(a, [b])
    channel = Channel(target.stack.target("conversations"), target.stack.credential("gateway"))
    await history.fill(channel, conversation_id, [a.user_id, b.user_id])
    await channel.close()
    await quiet(target.stack)
    path = f"/api/v1/conversations/{conversation_id}/messages/?page_size={history.PAGE}&before_seq="

    async def run() -> Figures:
        readers = await target.people.first(2)
        asks = [Ask("GET", f"{path}{seq}", readers[turn % 2].access) for turn, seq in enumerate(history.places(1000))]
        return target.rest(asks, IN_FLIGHT)

    await run()
    await target.repeat(f"{history.PAGE} of {history.LENGTH} messages", "req", run)
