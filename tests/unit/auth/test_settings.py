import pytest
from pydantic import ValidationError

from services.auth.settings import AdminSettings, Settings
from services.auth.wiring import make_limits

GIVEN = {
    "database_url": "postgresql://auth@localhost/auth",
    "nats_url": "nats://localhost",
    "redis_url": "redis://localhost",
    "secret_key": "s" * 64,
}


def test_weak_password_hashes_are_for_tests() -> None:
    assert Settings(**GIVEN).password_iterations == 600_000  # type: ignore[arg-type]
    assert Settings(**GIVEN, debug=True, password_iterations=1).password_iterations == 1  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="needs DEBUG"):
        Settings(**GIVEN, password_iterations=599_999)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("registration", "maybe"),
        ("login_limit", "5"),
        ("login_ip_limit", "0/1"),
        ("register_ip_limit", "a/b"),
        ("resend_limit", "3/-1"),
    ],
)
def test_a_setting_that_means_nothing_stops_the_start(name: str, text: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{**GIVEN, name: text})  # type: ignore[arg-type]


async def test_a_limit_says_how_many_at_once_and_how_often() -> None:
    from chassis.limits import RateLimiter

    limiter = RateLimiter(GIVEN["redis_url"])
    limits = make_limits(Settings(**GIVEN, login_limit="7/2.5"), limiter)  # type: ignore[arg-type]
    assert (limits.login.burst, limits.login.interval) == (7, 2.5)
    assert (limits.login_ip.burst, limits.login_ip.interval) == (20, 3.0)
    assert not any(limit.is_fail_open for limit in (limits.login, limits.login_ip, limits.register_ip, limits.resend))
    await limiter.close()


def test_the_issuer_is_the_public_address() -> None:
    assert Settings(**GIVEN, public_url="https://chat.example.org/").issuer == "https://chat.example.org"  # type: ignore[arg-type]


def test_secrets_do_not_show_in_messages() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{**GIVEN, "secret_key": "too-short-secret"})  # type: ignore[arg-type]
    assert "too-short-secret" not in str(refused.value)
    assert "hidden" not in repr(AdminSettings(admin_password="hidden"))  # type: ignore[arg-type]
