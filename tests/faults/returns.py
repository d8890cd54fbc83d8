"""`python -m tests.faults.returns --sockets 1000`: a gateway is killed or drained under its sockets, and all come back.

Messages flow meanwhile, sent over REST by clients that repeat what was not answered. Prints how long who was away and
what was missing; ends with status 1 when a promise is broken or when too little happened to prove one.
"""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvloop

from deploy.local.stack import Stack
from tests.faults.devices import DRAINING, Fleet
from tests.faults.endings import WAYS, second_gateway
from tests.load.bench import many_files
from tests.load.figures import quantile
from tests.load.people import Guest, People
from tests.support.stack import OVERRIDES, SETTINGS

DEVICES = 5
GROUPS = 8
# Of messages sent a second, in all groups together.
RATE = 40.0
# P19: within this time everybody is back.
PATIENCE = 30.0
# So many sockets a gateway that ends closes in a second, or more where that takes longer than it has.
SPREAD, DRAIN_SECONDS = 50, 10


@dataclass
class Talk:
    """A group and who speaks in it: at a steady rate, each message repeated under its key until it is answered."""

    conversation_id: str
    speaker: Guest
    urls: Sequence[str]
    sent: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    # Neither stored nor refused for a while: what a person would see as an error.
    failed: list[str] = field(default_factory=list)
    begun: int = 0

    async def speak(self, over: asyncio.Event, rate: float) -> None:
        headers = {"Authorization": f"Bearer {self.speaker.access}"}
        async with httpx2.AsyncClient(headers=headers, timeout=10) as http, asyncio.TaskGroup() as group:
            begun = time.monotonic()
            for number in itertools.count(1):
                group.create_task(self._say(http))
                await asyncio.sleep(begun + number / rate - time.monotonic())
                if over.is_set():
                    return

    async def _say(self, http: httpx2.AsyncClient) -> None:
        self.begun += 1
        key, last = uuid.uuid4().hex, "no answer"
        path, body = (
            f"/api/v1/conversations/{self.conversation_id}/messages/",
            {"content": key, "client_message_id": key},
        )
        # How late it was is told by the silence: here it only counts that it was answered.
        give_up = time.monotonic() + 4 * PATIENCE
        for url in itertools.cycle(self.urls):
            try:
                answer = await http.post(f"{url}{path}", json=body)
            except httpx2.HTTPError as error:
                last = type(error).__name__
            else:
                last = f"{answer.status_code} {answer.text}"
                if answer.is_success:
                    self.sent[key] += 1
                    return
                if answer.status_code != 503:
                    break
            if time.monotonic() > give_up:
                break
            self.repeated += 1
            await asyncio.sleep(random.uniform(0.1, 0.4))
        self.failed.append(last)

    async def read(self) -> tuple[int, list[Any]]:
        """The conversation's rev, and its messages in their order."""
        headers = {"Authorization": f"Bearer {self.speaker.access}"}
        async with httpx2.AsyncClient(base_url=self.urls[0], headers=headers, timeout=10) as http:
            path = f"/api/v1/conversations/{self.conversation_id}/"
            rev = (await http.get(path)).json()["rev"]
            found, following = [], f"{path}messages/?after_seq=0&page_size=200"
            while following:
                page = (await http.get(following)).json()
                found += page["results"]
                following = "/api/v1/" + page["next"].partition("/api/v1/")[2] if page["next"] else ""
        return rev, found


@dataclass(frozen=True)
class Outcome:
    """What became of the sockets and of the messages."""

    sockets: int
    lost: int
    back: int
    seconds: float
    caught_up: int
    # What came before the answer to a resume and was not what the device lacked next: the resume was late.
    early: int
    closes: dict[int, int]
    modes: dict[str, int]
    errors: dict[str, int]
    gaps: int
    repeats: int
    # Announcements of messages that some device did not get, or got too often.
    missing: int
    returns: list[float]
    silence: float
    # Most sockets that were sent away within one second.
    crowd: int
    readiness: "Readiness"
    messages: int
    repeated: int
    failed: list[str]
    unstored: int
    doubled: int
    holes: int

    @property
    def spread(self) -> float:
        """Sockets a second that a drain is to send away."""
        return max(SPREAD, self.sockets / DRAIN_SECONDS)

    def __str__(self) -> str:
        return (
            f"sockets {self.sockets}  lost {self.lost}  back {self.back}  "
            f"return p50 {quantile(self.returns, 0.5):.1f} p99 {quantile(self.returns, 0.99):.1f} "
            f"slowest {max(self.returns, default=0.0):.1f} s  longest silence {self.silence:.1f} s\n"
            f"    made up for {self.caught_up} changes  early {self.early}  gaps {self.gaps}  duplicates {self.repeats}"
            f"  missing {self.missing}  modes {self.modes}  closes {self.closes}  errors {self.errors}\n"
            f"    most sent away in a second {self.crowd}\n"
            f"    messages {self.messages}  sends repeated {self.repeated}  failed {len(self.failed)}  "
            f"not stored {self.unstored}  doubled {self.doubled}  holes {self.holes}  ({self.seconds:.0f} s)"
        )

    def shortcomings(self, way: str) -> list[str]:
        """Broken promises, and what is missing for a proof."""
        wrong = {
            "sockets did not come back": self.sockets - self.back,
            "gaps": self.gaps,
            "duplicates": self.repeats,
            "announcements missing": self.missing,
            "resumes with something else than events": sum(self.modes.values()) - self.modes.get("events", 0),
            "errors on sockets": sum(self.errors.values()),
            f"sends failed: {self.failed[:3]}": len(self.failed),
            "acknowledged messages are gone": self.unstored,
            "messages are stored twice": self.doubled,
            "holes in the numbers": self.holes,
            "sockets stayed connected throughout": max(0, self.sockets - self.lost),
        }
        if way in {"drain", "elsewhere"}:
            wrong |= {
                "sockets ended otherwise than by the drain": self.sockets - self.closes.get(DRAINING, 0),
                "times it said that it was ready while it drained": self.readiness.false,
                "times it should have said that it is not ready": not self.readiness.refusals,
            }
        found = [f"{count} {what}" for what, count in wrong.items() if count]
        return found + [f"nothing {name}" for name in ("messages", "caught_up") if not getattr(self, name)]

    def delays(self) -> list[str]:
        """What took longer, or came more at once, than promised; on a busy machine that says nothing."""
        slowest = max(self.returns, default=0.0)
        is_late = {
            f"{slowest:.0f} s until the slowest was back": slowest > PATIENCE,
            f"{self.crowd} sent away within one second": self.crowd > 2 * self.spread,
            f"{self.early} changes before a resume that came late": self.early > 0,
        }
        return [what for what, is_so in is_late.items() if is_so]


async def gather(stack: Stack, sockets: int) -> list[tuple[str, list[Guest]]]:
    """Make people and bring them together in groups of about the same size: who speaks comes first."""
    people = People(stack.gateway_url)
    try:
        guests = await people.first(max(2, sockets // DEVICES))
        count = min(GROUPS, len(guests) // 2)
        parts = [guests[number::count] for number in range(count)]
        return [(await people.group(part[0], part[1:]), part) for part in parts]
    finally:
        await people.close()


async def undergo(stack: Stack, way: str, groups: Sequence[tuple[str, list[Guest]]], *, each: int = DEVICES) -> Outcome:
    """Have the gateway end in one way while all are connected and people talk, and judge what they saw."""
    if way == "elsewhere":
        with second_gateway(stack) as other:
            return await _undergo(stack, way, groups, [stack.gateway_url, other], each)
    return await _undergo(stack, way, groups, [stack.gateway_url], each)


async def _undergo(
    stack: Stack, way: str, groups: Sequence[tuple[str, list[Guest]]], urls: Sequence[str], each: int
) -> Outcome:
    talks = [Talk(conversation_id, guests[0], urls) for conversation_id, guests in groups]
    # What was said in an earlier run.
    known = {talk.conversation_id: len((await talk.read())[1]) for talk in talks}
    fleet, over, readiness = Fleet(urls), asyncio.Event(), Readiness()
    everybody = [guest for _, guests in groups for guest in guests]
    try:
        async with asyncio.timeout(120):
            await fleet.come(everybody, each=each)
        speaking = [asyncio.create_task(talk.speak(over, RATE / len(talks))) for talk in talks]
        await asyncio.sleep(1)
        watching = asyncio.create_task(readiness.watch(urls[0], fleet))
        begun = time.monotonic()
        await WAYS[way].end(stack, fleet)
        watching.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(4 * PATIENCE):
                await fleet.are_back()
        seconds = time.monotonic() - begun
        await asyncio.sleep(1)
        over.set()
        await asyncio.gather(*speaking)
        if way == "elsewhere":
            await asyncio.to_thread(stack.start, "gateway")
        return await _judge(fleet, talks, known, readiness, seconds)
    finally:
        over.set()
        await fleet.leave()


@dataclass
class Readiness:
    """What the gateway answered to whoever asked whether to send people there."""

    refusals: int = 0
    # That it is ready, asked after it had begun to send people away.
    false: int = 0

    async def watch(self, url: str, fleet: Fleet) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=5) as http:
            while True:
                is_ending = bool(fleet.drained_at)
                try:
                    is_ready = (await http.get("/readyz")).is_success
                except httpx2.HTTPError:
                    return
                self.refusals += not is_ready
                self.false += is_ready and is_ending
                await asyncio.sleep(0.02)


async def _judge(
    fleet: Fleet, talks: Sequence[Talk], known: dict[str, int], readiness: Readiness, seconds: float
) -> Outcome:
    truth = {talk.conversation_id: await talk.read() for talk in talks}
    with suppress(TimeoutError):
        async with asyncio.timeout(4 * PATIENCE):
            while any(device.revs[place] < truth[place][0] for device in fleet.devices for place in device.revs):
                await asyncio.sleep(0.1)
    missing = unstored = doubled = holes = 0
    for talk in talks:
        _, messages = truth[talk.conversation_id]
        new = len(messages) - known[talk.conversation_id]
        missing += sum(
            abs(new - device.messages[talk.conversation_id])
            for device in fleet.devices
            if talk.conversation_id in device.revs
        )
        stored = Counter(message["client_message_id"] for message in messages)
        unstored += sum(key not in stored for key in talk.sent)
        doubled += sum(count - 1 for count in stored.values())
        holes += [message["seq"] for message in messages] != list(range(1, len(messages) + 1))
    drained = sorted(fleet.drained_at)
    return Outcome(
        sockets=len(fleet.devices),
        lost=fleet.losses,
        back=sum(device.is_live.is_set() for device in fleet.devices),
        seconds=seconds,
        caught_up=fleet.caught_up,
        early=fleet.early,
        closes=dict(fleet.closes),
        modes=dict(fleet.modes),
        errors=dict(fleet.errors),
        gaps=fleet.gaps,
        repeats=fleet.repeats,
        missing=missing,
        returns=fleet.returns,
        silence=fleet.silence,
        crowd=max((sum(at <= later < at + 1 for later in drained) for at in drained), default=0),
        readiness=readiness,
        messages=sum(len(talk.sent) for talk in talks),
        repeated=sum(talk.repeated for talk in talks),
        failed=[why for talk in talks for why in talk.failed],
        unstored=unstored,
        doubled=doubled,
        holes=holes,
    )


async def main(arguments: Sequence[str]) -> int:
    """Undergo the chosen ways on a stack of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.returns")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args(arguments)
    is_broken = False
    with tempfile.TemporaryDirectory() as directory:
        stack = Stack.private(Path(directory), SETTINGS, OVERRIDES)
        try:
            await asyncio.to_thread(stack.start_platform)
            for way in [way for _ in range(chosen.rounds) for way in chosen.way]:
                groups = await gather(stack, chosen.sockets)
                outcome = await undergo(stack, way, groups)
                print(f"{way}  {WAYS[way].meaning}\n    {outcome}", flush=True)
                for shortcoming in outcome.shortcomings(way) + outcome.delays():
                    print(f"    FAILED: {shortcoming}", flush=True)
                    is_broken = True
        finally:
            await asyncio.to_thread(stack.discard)
    return int(is_broken)


if __name__ == "__main__":
    many_files()
    sys.exit(uvloop.run(main(sys.argv[1:])))
