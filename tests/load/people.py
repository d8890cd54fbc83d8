"""Many people at little cost: accounts made and conversations begun through the API, by one client for all."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

PASSWORD = "securepassword123"
AT_ONCE = 8
# Access tokens live five minutes; one that is younger is good for the longest run.
GOOD_SECONDS = 120.0


@dataclass
class Guest:
    """Somebody with an account who is logged in."""

    user_id: str
    access: str
    refresh: str
    renewed_at: float


class People:
    """Everybody who takes part; the first so many are the same for every measure."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=url + "/api/v1/", timeout=30)
        self._names = (f"guest{number}-{uuid.uuid4().hex[:8]}" for number in itertools.count(1))
        self._guests: list[Guest] = []

    async def first(self, count: int) -> list[Guest]:
        """So many people with fresh tokens; those who are missing are made."""
        places = asyncio.Semaphore(AT_ONCE)

        async def see(guest: Guest | None) -> Guest:
            async with places:
                return await self._join() if guest is None else await self._renew(guest)

        known: list[Guest | None] = [*self._guests[:count]]
        wanted = known + [None] * (count - len(known))
        self._guests[:count] = await asyncio.gather(*map(see, wanted))
        return self._guests[:count]

    async def direct(self, one: Guest, other: Guest) -> str:
        """The id of the direct conversation of two."""
        return str((await self._ask("conversations/", one, kind="direct", participant_ids=[other.user_id]))["id"])

    async def group(self, owner: Guest, others: Sequence[Guest]) -> str:
        """The id of a new group."""
        ids = [other.user_id for other in others]
        return str((await self._ask("conversations/", owner, kind="group", title="A crowd", participant_ids=ids))["id"])

    async def close(self) -> None:
        """End the client."""
        await self._http.aclose()

    async def _join(self) -> Guest:
        name = next(self._names)
        email = f"{name}@example.org"
        await self._ask("auth/register/", email=email, password=PASSWORD, username=name, first_name="A", last_name="B")
        tokens = await self._ask("auth/token/", email=email, password=PASSWORD)
        return Guest(tokens["user_id"], tokens["access"], tokens["refresh"], time.monotonic())

    async def _renew(self, guest: Guest) -> Guest:
        if time.monotonic() - guest.renewed_at < GOOD_SECONDS:
            return guest
        tokens = await self._ask("auth/token/refresh/", refresh=guest.refresh)
        return Guest(guest.user_id, tokens["access"], tokens["refresh"], time.monotonic())

    async def _ask(self, path: str, by: Guest | None = None, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {by.access}"} if by else {}
        async with asyncio.timeout(60):
            # A machine that is busy with something else says so; nobody measures this.
            while (answer := await self._http.post(path, json=body, headers=headers)).status_code == 503:
                await asyncio.sleep(0.5)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()
