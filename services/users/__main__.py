"""python -m services.users serve | migrate | dead."""

import sys
from pathlib import Path

from chassis import logs
from services.users.settings import Settings


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    settings = Settings()
    logs.configure("users", level=settings.log_level, log_format=settings.log_format, debug=settings.debug)
    match arguments:
        case ["serve"]:
            return _serve(settings)
        case ["migrate"]:
            return _migrate(settings)
        case ["dead", *asked]:
            from chassis import dead_letters

            return dead_letters.run(settings.database_url, asked)
    print("usage: python -m services.users serve | migrate | dead", file=sys.stderr)
    return 2


def _serve(settings: Settings) -> int:
    import uvloop

    from services.users.wiring import build

    async def serve() -> int:
        return await build(settings).run()

    return uvloop.run(serve())


def _migrate(settings: Settings) -> int:
    from chassis.database.migrations import upgrade

    upgrade(Path(__file__).parent / "migrations", settings.migrate_database_url or settings.database_url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
