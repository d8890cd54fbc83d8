"""Who does what to what clients show, and the table of what is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.people import Person, Socket

Act = Callable[["Scene"], Awaitable[None]]
# Operation of the OpenAPI document, or command of a socket -> the acts that perform it.
ACTS: dict[str, list[Act]] = {}


@dataclass
class Scene:
    """Who acts where: Ann on two devices, Ben on one, and Cyn, who joined the group late and sees what came since."""

    ann: Person
    ben: Person
    cyn: Person
    dan: Person
    group: str
    direct: str
    # Of Ben's, public, without Ann.
    club: str
    # Of Ben's; what waits there has come into Ann's inbox before she came.
    box: str
    socket: Socket
    old: Any
    # What acts leave for later ones.
    kept: dict[str, Any] = field(default_factory=dict)
    # Where the last act was done.
    places: set[str] = field(default_factory=set)

    async def ask(self, method: str, path: str, *, by: Person | None = None, expect: int = 200, **body: Any) -> Any:
        """Make a request of Ann's, or of somebody else."""
        return await (by or self.ann).ask(method, path, expect=expect, **({"json": body} if body else {}))

    async def say(self, content: str, *, by: Person | None = None, place: str = "", **fields: Any) -> Any:
        """Send a message of Ann's, or of somebody else."""
        return await (by or self.ann).say(place or self.group, content, **fields)

    async def command(self, kind: str, **payload: Any) -> Any:
        """Send a command over Ann's first socket."""
        answer = await self.socket.command(kind, payload)
        assert answer["type"] == "ack", answer
        return answer["payload"]


def covers(*operations: str) -> Callable[[Act], Act]:
    """Note an act in the table."""

    def note(act: Act) -> Act:
        for operation in operations:
            ACTS.setdefault(operation, []).append(act)
        return act

    return note
