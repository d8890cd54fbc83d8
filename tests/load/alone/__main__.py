"""`make load SERVICE=…`: one part of the platform under load, and what each thing that it does costs."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.local.stack import Stack
from tests.load.alone import auth, conversations, gateway, notifications, users
from tests.load.alone.service import Service
from tests.load.bench import many_files
from tests.load.target import OVERRIDES, SETTINGS, Target

# Service -> its measure, and the embedded servers that it needs.
SERVICES = {
    "auth": (auth.measure, ("postgres", "nats", "redis")),
    "users": (users.measure, ("postgres", "nats", "redis")),
    "conversations": (conversations.measure, ("postgres", "nats")),
    "notifications": (notifications.measure, ("postgres", "nats")),
}


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=(*SERVICES, "gateway"))
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a run (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; their medians count (%(default)s)")
    return parser


async def measure(stack: Stack, options: argparse.Namespace) -> None:
    """Start what is asked for and measure it. Nothing else runs on the loop, so runs may block it."""
    how_long = {"seconds": options.seconds, "rounds": options.rounds}
    if options.service == "gateway":
        stack.start_platform()
        await gateway.measure(Target(stack, **how_long))
        return
    run, servers = SERVICES[options.service]
    stack.start_alone(options.service, servers)
    service = Service(stack, options.service, servers, **how_long)
    await run(service)
    await service.channel.close()


def main() -> int:
    options = arguments().parse_args()
    many_files()
    directory = Path(tempfile.mkdtemp(prefix="load-"))
    overrides = OVERRIDES if options.service == "gateway" else {}
    stack = Stack.private(directory, SETTINGS, overrides)
    try:
        asyncio.run(measure(stack, options))
    finally:
        stack.stop()
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
