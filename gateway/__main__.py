"""python -m gateway serve."""

import socket
import sys
from functools import partial

from chassis import logs
from gateway.settings import Settings


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    if arguments != ["serve"]:
        print("usage: python -m gateway serve", file=sys.stderr)
        return 2
    settings = Settings()
    _configure_logs(settings)
    from gateway.server import Workers, listen

    listener = listen(settings)
    if settings.web_concurrency == 1:
        return serve(settings, listener)
    return Workers(settings.web_concurrency, partial(serve, settings), listener).run()


def serve(settings: Settings, listener: socket.socket) -> int:
    """Run one process until it is told to stop."""
    import uvloop

    from gateway.wiring import build

    _configure_logs(settings)

    async def run() -> int:
        return await build(settings, listener).run()

    return uvloop.run(run())


def _configure_logs(settings: Settings) -> None:
    logs.configure("gateway", level=settings.log_level, log_format=settings.log_format, debug=settings.debug)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
