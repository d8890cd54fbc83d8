"""How fast messages pass, what each costs at which load, and how long one takes when nobody is in a hurry."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.load import plot
from tests.load.figures import Figures, ratio, row
from tests.load.stand import quiet
from tests.load.target import SOCKETS, Target

PACE = 200.0
PATHS = {"ws": "WebSocket to WebSocket", "rest": "REST"}


async def warm(target: Target) -> None:
    """Load until caches and memory are as they stay."""
    await target.sockets(128, seconds=2.0)
    await target.posts(32, seconds=2.0)
    await quiet(target.stack)


async def send(target: Target, output: Path, in_flight: Sequence[int] = tuple(SOCKETS)) -> None:
    """Keep 1, 8, 32 and 128 sends under way, by sockets and by REST, beside the yardstick where there is one."""
    await warm(target)
    cost: dict[str, list[tuple[float, Figures]]] = {}
    for path, told in PATHS.items():
        for width in in_flight:
            run = partial(target.sockets if path == "ws" else target.posts, width)
            beside = partial(_yardstick, target, path, width) if target.yardstick is not None else None
            ours, *theirs = await target.repeat(f"{path} {width} in flight", "msg", run, beside)
            cost.setdefault(told, []).append((width, ours))
            if theirs:
                print(row("yardstick", "msg", theirs[0]))
                print(ratio(ours, theirs[0]), flush=True)
                cost.setdefault(f"yardstick, {told}", []).append((width, theirs[0]))
    print("\nCPU-ms per message (gateway + conversations) by sends in flight")
    print(f"{'':36}" + "".join(f"{width:>9}" for width in in_flight))
    for name, line in cost.items():
        print(f"{name:<36}" + "".join(f"{figures.path_cpu:9.3f}" for _, figures in line))
    drawn = {name: [(width, figures.path_cpu) for width, figures in line] for name, line in cost.items()}
    title = "What a message costs the gateway and conversations"
    file = output / "send.svg"
    file.write_text(plot.chart(title, "sends in flight", "CPU-ms", drawn))
    print(f"drawn in {file}\n", flush=True)


async def paced(target: Target, _output: Path) -> None:
    """200 messages a second leave whatever has come back; each counts from when it was due."""
    await warm(target)
    await target.repeat(f"ws {PACE:.0f}/s, send to delivery", "msg", partial(target.sockets, 32, rate=PACE))


async def _yardstick(target: Target, path: str, width: int) -> Figures:
    assert target.yardstick is not None
    where = [str(part) for part in SOCKETS[width]] if path == "ws" else [str(width)]
    figures = target.yardstick.run(path, *where, f"{target.seconds:.0f}")
    print(row("  yardstick", "msg", figures), flush=True)
    return figures
