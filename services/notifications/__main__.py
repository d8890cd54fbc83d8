"""python -m services.notifications serve | migrate | worker | dead."""

import sys
from functools import partial
from pathlib import Path

from chassis import logs
from services.notifications.settings import Settings


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    settings = Settings()
    configure_logs = partial(
        logs.configure, "notifications", level=settings.log_level, log_format=settings.log_format, debug=settings.debug
    )
    configure_logs()
    match arguments:
        case ["serve"]:
            import uvloop

            from services.notifications.wiring import build

            async def serve() -> int:
                return await build(settings).run()

            return uvloop.run(serve())
        case ["migrate"]:
            from chassis.database.migrations import upgrade

            upgrade(Path(__file__).parent / "migrations", settings.migrate_database_url or settings.database_url)
            return 0
        case ["worker"]:
            from services.notifications.wiring import build_worker

            return build_worker(settings).serve(
                concurrency=settings.celery_concurrency,
                metrics_listen=settings.metrics_listen,
                configure_logs=configure_logs,
            )
        case ["dead", *asked]:
            from chassis import dead_letters

            return dead_letters.run(settings.database_url, asked)
    print("usage: python -m services.notifications serve | migrate | worker | dead", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
