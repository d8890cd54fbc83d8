"""python -m gateway serve."""

import sys
from tempfile import TemporaryDirectory

from chassis import logs
from gateway.settings import Settings


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    if arguments != ["serve"]:
        print("usage: python -m gateway serve", file=sys.stderr)
        return 2
    from gateway.server import listen
    from gateway.wiring import build_workers, serve

    settings = Settings()
    logs.configure("gateway", level=settings.log_level, log_format=settings.log_format, debug=settings.debug)
    listener = listen(settings)
    if settings.web_concurrency == 1:
        return serve(settings, listener)
    with TemporaryDirectory(prefix="gateway-metrics-") as directory:
        return build_workers(settings, listener, directory).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
