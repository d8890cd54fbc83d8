"""What an operator may set reaches the domain."""

from datetime import timedelta
from typing import Any

from services.conversations.model.limits import Limits
from services.conversations.settings import Settings

NEEDED: dict[str, Any] = {
    "database_url": "postgresql://",
    "nats_url": "nats://",
    "redis_url": "redis://",
    "secret_key": "s" * 32,
    "users_target": "127.0.0.1:1",
    "celery_broker_url": "redis://h/2",
}


def test_without_settings_the_limits_are_those_of_the_model() -> None:
    assert Settings(**NEEDED).limits == Limits()


def test_windows_and_limits_can_be_set() -> None:
    settings = Settings(
        **NEEDED,
        edit_window_seconds=1,
        delete_window_seconds=2,
        message_characters=3,
        participant_limit=4,
        acknowledgement_repeat_seconds=5,
        link_previews=False,
    )

    assert settings.limits == Limits(
        edit_window=timedelta(seconds=1),
        delete_window=timedelta(seconds=2),
        message_characters=3,
        participants=4,
        acknowledgement_repeat=timedelta(seconds=5),
        has_link_previews=False,
    )
