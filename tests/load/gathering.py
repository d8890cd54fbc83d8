"""Many sockets at once: one group of a thousand, sockets that only stay open, and sockets that never read."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Self

from tests.load.figures import Figures, Refused, row
from tests.load.target import Target
from tests.load.usage import Accounts, forget_peak, memory_kib, peak_kib

PACE = 5.0
WIDTH = 4
# What the sockets that never read are sent: the gateway must give each up after a mebibyte or five seconds.
FLOOD_RATE, FLOOD_CHARACTERS = 40.0, 16_000
FLOOD_SECONDS = 10.0
DEAF_SHARE = 10
# What such a socket may cost at most, everything that the gateway took meanwhile included.
DEAF_MIB = 1.0


class Client:
    """The process of `crowd.py`, by steps; leaving the block closes its sockets."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.load.crowd", url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def step(self, kind: str, **asked: Any) -> dict[str, Any]:
        """Have a step taken. Raises: Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": kind, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Refused("the crowd ended")
        seen: dict[str, Any] = json.loads(line)
        if seen["failure"]:
            raise Refused(seen["failure"])
        return seen


async def fanout(target: Target, _output: Path, crowd: int) -> None:
    """One group whose members are all connected: at 5 messages a second, then 4 under way; p50 and p99 of the last."""
    loads: dict[str, dict[str, float]] = {f"{PACE:.0f} msg/s": {"rate": PACE}, f"{WIDTH} under way": {"width": WIDTH}}
    for name, load in loads.items():
        await target.repeat(f"group of {crowd}, {name}", "deliv.", partial(_fan_out, target, crowd, load))


async def _fan_out(target: Target, crowd: int, load: dict[str, float]) -> Figures:
    place, guests = await target.gathering(crowd)
    with Client(target.socket_url) as client:
        client.step("open", tokens=[guest.access for guest in guests])
        accounts = target.accounts()
        stream = {"token": guests[0].access, "conversation_id": place, **load}
        seen = client.step("send", streams=[stream], audience=crowd, seconds=target.seconds)
        print(f"    {seen['messages']} messages, frames beside them: {seen['others']}")
        return _deliveries(seen, accounts, "last_")


async def deaf(target: Target, _output: Path, crowd: int) -> None:
    """100 sockets that never read, sent 640 KB/s each, beside 900 good ones at 5 messages a second; then without."""
    taken: list[float] = []
    with_deaf = partial(_beside_deaf, target, crowd, taken, are_there=True)
    without = partial(_beside_deaf, target, crowd, taken, are_there=False)
    ours, alone = await target.repeat("the good beside the deaf", "deliv.", with_deaf, without)
    print(row("the good alone", "deliv.", alone))
    print(f"{'':28}p99 of the good ones {ours.p99:.1f} ms beside the deaf, {alone.p99:.1f} ms without them")
    most = max(taken)
    print(f"{'':28}MiB of the gateway for each deaf socket: at most {most:.2f}, of {DEAF_MIB:.0f} allowed", flush=True)
    if most > DEAF_MIB:
        raise Refused(f"a socket that never reads cost {most:.2f} MiB")


async def _beside_deaf(target: Target, crowd: int, taken: list[float], *, are_there: bool) -> Figures:
    # Memory that an earlier run gave back would hide what this one takes.
    target.stack.restart("gateway")
    place, guests = await target.gathering(crowd)
    bad, good = guests[: crowd // DEAF_SHARE], guests[crowd // DEAF_SHARE :]
    flooded = await target.people.group(good[0], bad)
    with Client(target.socket_url) as client:
        client.step("open", tokens=[guest.access for guest in good])
        if are_there:
            client.step("deaf", tokens=[guest.access for guest in bad])
        before, connected = memory_kib(target.gateway_pid)[0], target.connected()
        forget_peak(target.gateway_pid)
        accounts = target.accounts()
        streams = [
            {"token": good[1].access, "conversation_id": place, "rate": PACE},
            {
                "token": good[0].access,
                "conversation_id": flooded,
                "rate": FLOOD_RATE,
                "characters": FLOOD_CHARACTERS,
            },
        ]
        seen = client.step("send", streams=streams, audience=len(good), seconds=FLOOD_SECONDS)
        figures = _deliveries(seen, accounts, "")
        grown = (peak_kib(target.gateway_pid) - before) / 1024
        gone = connected - target.connected()
        print(f"    {len(bad) * are_there} deaf, of which {gone} were closed; gateway at most {grown:.0f} MiB more")
        if are_there:
            taken.append(grown / len(bad))
        return figures


async def idle(target: Target, _output: Path, crowd: int, sockets: int) -> None:
    """Sockets that only stay open, of the crowd's people: memory of each in the gateway, handshakes a second."""
    each: list[tuple[float, float]] = []
    await target.repeat(f"{sockets} idle sockets", "handsh.", partial(_stay, target, crowd, sockets, each))
    rss, pss = (median(side) for side in zip(*each, strict=True))
    print(f"{'':28}KiB of the gateway each: RSS {rss:.1f}  PSS {pss:.1f}", flush=True)


async def _stay(target: Target, crowd: int, sockets: int, each: list[tuple[float, float]]) -> Figures:
    target.stack.restart("gateway")
    guests = await target.people.first(min(crowd, sockets))
    devices = -(-sockets // len(guests))
    first = len(guests) // 5
    # What the first ones need is there for all that follow: the process's own share is not theirs.
    with Client(target.socket_url) as client:
        client.step("open", tokens=[guest.access for _ in range(devices) for guest in guests[:first]])
        before, accounts = memory_kib(target.gateway_pid), target.accounts()
        tokens = [guest.access for _ in range(devices) for guest in guests[first:]]
        tokens = tokens[: sockets - devices * first]
        seen = client.step("open", tokens=tokens)
        after = memory_kib(target.gateway_pid)
        rss, pss = ((now - then) / len(tokens) for now, then in zip(after, before, strict=True))
        print(f"    KiB each: RSS {rss:.1f}  PSS {pss:.1f}")
        each.append((rss, pss))
        return _figures(seen, accounts, seen["p50"], seen["p99"])


def _deliveries(seen: dict[str, Any], accounts: Accounts, which: str) -> Figures:
    figures = _figures(seen, accounts, seen[f"{which}p50"], seen[f"{which}p99"])
    figures.cpu["client"] = seen["client_seconds"] * 1000 / seen["count"]
    return figures


def _figures(seen: dict[str, Any], accounts: Accounts, p50: float, p99: float) -> Figures:
    return Figures(
        count=seen["count"], rate=seen["rate"], p50=p50, p99=p99, cpu=accounts.milliseconds_each(seen["count"])
    )
