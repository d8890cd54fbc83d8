"""The clock: `python -m chassis.beat` sends the tasks of a schedule at their times, and knows nothing else of them."""

import tomllib
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from chassis import logs
from chassis.jobs import celery_app
from chassis.settings import BeatSettings


def schedule(path: Path) -> dict[str, dict[str, Any]]:
    """Read a schedule: a TOML file with `[[entry]]` tables of `task`, `queue` and `every` in seconds.

    What was not taken by the time the next one is due is not taken at all.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["entry"]
    return {
        entry["task"]: {
            "task": entry["task"],
            "schedule": float(entry["every"]),
            "options": {"queue": entry["queue"], "expires": float(entry["every"]), "ignore_result": True},
        }
        for entry in entries
    }


def build(settings: BeatSettings) -> Celery:
    """Return an app with the schedule; what was sent last is not remembered over restarts."""
    app = celery_app("beat", settings.celery_broker_url)
    app.conf.update(
        beat_schedule=schedule(Path(settings.beat_schedule)),
        beat_scheduler="celery.beat:Scheduler",
    )
    return app


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = BeatSettings()
    configure = partial(logs.configure, "beat", level=settings.log_level, log_format=settings.log_format)
    setup_logging.connect(lambda **_: configure(), weak=False)
    build(settings).Beat(quiet=True, socket_timeout=10).run()


if __name__ == "__main__":
    main()
