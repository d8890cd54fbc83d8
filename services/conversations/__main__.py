"""python -m services.conversations serve | migrate | worker | dead."""

import sys
from functools import partial
from pathlib import Path

from chassis import logs
from services.conversations.settings import Settings


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    settings = Settings()
    configure_logs = partial(
        logs.configure, "conversations", level=settings.log_level, log_format=settings.log_format, debug=settings.debug
    )
    configure_logs()
    match arguments:
        case ["serve"]:
            return _serve(settings)
        case ["migrate"]:
            return _migrate(settings)
        case ["worker"]:
            from services.conversations.wiring import build_worker

            return build_worker(settings).serve(
                concurrency=settings.celery_concurrency,
                metrics_listen=settings.metrics_listen,
                configure_logs=configure_logs,
            )
        case ["dead", *asked]:
            from chassis import dead_letters

            return dead_letters.run(settings.database_url, asked)
    print("usage: python -m services.conversations serve | migrate | worker | dead", file=sys.stderr)
    return 2


def _serve(settings: Settings) -> int:
    import uvloop

    from services.conversations.wiring import build

    async def serve() -> int:
        return await build(settings).run()

    return uvloop.run(serve())


def _migrate(settings: Settings) -> int:
    from chassis.database.migrations import upgrade

    upgrade(Path(__file__).parent / "migrations", settings.migrate_database_url or settings.database_url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
