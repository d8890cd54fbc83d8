from pathlib import Path

from chassis.beat import build, schedule
from chassis.settings import BeatSettings
from tests.support.tree import REPOSITORY

ENTRIES = """
[[entry]]
task = "letters.sweep"
queue = "letters"
every = 30

[[entry]]
task = "letters.digest"
queue = "letters"
every = 0.5
"""


def test_a_schedule_says_what_goes_where_how_often(tmp_path: Path) -> None:
    path = tmp_path / "beat.toml"
    path.write_text(ENTRIES)
    assert schedule(path) == {
        "letters.sweep": {
            "task": "letters.sweep",
            "schedule": 30.0,
            "options": {"queue": "letters", "expires": 30.0, "ignore_result": True},
        },
        "letters.digest": {
            "task": "letters.digest",
            "schedule": 0.5,
            "options": {"queue": "letters", "expires": 0.5, "ignore_result": True},
        },
    }


def test_the_schedule_of_the_platform_can_be_read() -> None:
    path = str(REPOSITORY / "deploy/beat.toml")
    app = build(BeatSettings(celery_broker_url="redis://localhost:1/2", beat_schedule=path))
    assert app.conf.beat_schedule["notifications.sweep"]["schedule"] == 30.0
    assert app.conf.beat_schedule["notifications.sweep"]["options"]["queue"] == "notifications"
