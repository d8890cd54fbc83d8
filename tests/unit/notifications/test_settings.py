"""What the processes may be told."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.notifications.settings import Settings

NEEDED: dict[str, Any] = {
    "database_url": "postgresql://h/d",
    "nats_url": "nats://h",
    "redis_url": "redis://h",
    "secret_key": "k" * 32,
    "auth_target": "a:1",
    "users_target": "u:1",
    "celery_broker_url": "redis://h/2",
}


def test_mail_is_encrypted_unless_somebody_says_otherwise() -> None:
    settings = Settings(**NEEDED)
    assert (settings.email_host, settings.email_port, settings.email_use_tls) == ("localhost", 587, True)


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed_is_asked_for(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{key: value for key, value in NEEDED.items() if key != name})


@pytest.mark.parametrize(("name", "value"), [("email_port", "0"), ("celery_concurrency", "0"), ("secret_key", "short")])
def test_nonsense_is_refused_without_being_repeated(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{**NEEDED, name: value})
    assert "input_value" not in str(refused.value)
