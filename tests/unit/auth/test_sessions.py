import base64
from datetime import timedelta

import pytest

from services.auth.model.errors import TokenInvalid
from services.auth.model.sessions import Exchange, RefreshToken
from tests.support.factories.sessions import BEGUN, session

SECOND = timedelta(seconds=1)


def test_a_token_is_read_as_it_was_written() -> None:
    token = RefreshToken.new()
    assert RefreshToken.parse(str(token)) == token
    assert len(token.secret) * 8 >= 128
    assert token != RefreshToken.new()


def test_a_token_does_not_show_itself() -> None:
    token = RefreshToken.new()
    assert str(token.secret) not in repr(token)
    assert token.secret not in token.digest
    assert token.family not in token.family_digest


@pytest.mark.parametrize(
    "text",
    ["", "x", "é" * 64, "=" * 64, "a b", base64.urlsafe_b64encode(bytes(47)).decode(), "A" * 63, "A" * 65, "A" * 512],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        RefreshToken.parse(text)


def test_a_successor_can_be_made_again_by_who_has_both_halves_only() -> None:
    token = RefreshToken.new()
    successor = token.successor(b"nonce")
    assert successor == token.successor(b"nonce")
    assert successor.family == token.family
    assert (
        len(
            {
                token.secret,
                successor.secret,
                token.successor(b"other").secret,
                RefreshToken.new().successor(b"nonce").secret,
            }
        )
        == 4
    )


def test_a_session_ends_after_thirty_days_of_silence() -> None:
    quiet, _ = session()
    quiet.require_open(BEGUN + timedelta(days=30) - SECOND)
    with pytest.raises(TokenInvalid):
        quiet.require_open(BEGUN + timedelta(days=30))


def test_a_session_ends_after_ninety_days_however_often_it_is_used() -> None:
    used, token = session()
    for day in range(20, 90, 20):
        at = BEGUN + timedelta(days=day)
        used.require_open(at)
        exchange = Exchange.of(token, rotation_id="", at=at)
        used, token = used.exchanged(token, exchange, ip=""), token.successor(exchange.nonce)
    assert used.expires_at == BEGUN + timedelta(days=90)
    with pytest.raises(TokenInvalid):
        used.require_open(BEGUN + timedelta(days=90))


def test_an_exchange_leaves_the_successor_as_the_newest() -> None:
    begun, token = session()
    exchange = Exchange.of(token, rotation_id="r", at=BEGUN + SECOND)
    used = begun.exchanged(token, exchange, ip="192.0.2.7")
    assert used.token_digest == token.successor(exchange.nonce).digest != begun.token_digest
    assert (used.used_at, used.ip, used.created_at) == (BEGUN + SECOND, "192.0.2.7", BEGUN)
    assert used.exchanged(token, exchange, ip="").ip == "192.0.2.7"


@pytest.mark.parametrize(
    ("first", "again", "seconds", "is_repeated"),
    [
        ("r", "r", 0, True),
        ("r", "r", 60, True),
        ("r", "r", 60.001, False),
        ("r", "s", 0, False),
        ("", "", 0, False),
        ("r", "", 0, False),
    ],
)
def test_an_exchange_may_be_repeated_by_the_same_client_for_a_minute(
    first: str, again: str, seconds: float, is_repeated: bool
) -> None:
    token = RefreshToken.new()
    exchange = Exchange.of(token, rotation_id=first, at=BEGUN)
    assert exchange.is_repeated(token, again, BEGUN + timedelta(seconds=seconds)) is is_repeated


def test_an_exchange_is_not_repeated_with_another_token() -> None:
    exchange = Exchange.of(RefreshToken.new(), rotation_id="r", at=BEGUN)
    assert not exchange.is_repeated(RefreshToken.new(), "r", BEGUN)


def test_an_ended_session_stays_ended() -> None:
    begun, _ = session()
    from dataclasses import replace

    with pytest.raises(TokenInvalid):
        replace(begun, is_ended=True).require_open(BEGUN)
