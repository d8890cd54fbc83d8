from datetime import UTC, datetime, timedelta

from services.auth.model.keys import PUBLISHED_AHEAD, KeyRing
from services.auth.model.sessions import ACCESS_LIFETIME
from tests.support.factories.signing_keys import signing_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OLD, PRESENT, NEXT = (signing_key(NOW + offset) for offset in (-30 * MINUTE, -4 * MINUTE, 10 * MINUTE))
RING = KeyRing([OLD, PRESENT, NEXT])


def test_the_newest_key_whose_time_has_come_signs() -> None:
    assert RING.signer(NOW - 5 * MINUTE) is OLD
    assert RING.signer(NOW) is PRESENT
    assert RING.signer(NOW + 10 * MINUTE) is NEXT


def test_the_very_first_key_signs_for_who_waited_while_it_was_made() -> None:
    assert KeyRing([NEXT]).signer(NOW) is NEXT


def test_a_key_is_shown_before_it_signs_and_until_its_last_token_has_expired() -> None:
    assert RING.shown(NOW) == [OLD, PRESENT, NEXT]
    at = PRESENT.not_before + ACCESS_LIFETIME + MINUTE
    assert OLD in RING.shown(at)
    at = PRESENT.not_before + 2 * ACCESS_LIFETIME
    assert (RING.shown(at), RING.done(at)) == ([PRESENT, NEXT], [OLD])


def test_the_newest_key_is_never_done() -> None:
    assert KeyRing([OLD]).done(NOW + timedelta(days=1000)) == []


def test_a_rotation_is_due_by_the_age_of_the_newest_key() -> None:
    month = timedelta(days=30)
    assert not KeyRing([OLD]).is_rotation_due(OLD.not_before + month - MINUTE, month)
    assert KeyRing([OLD]).is_rotation_due(OLD.not_before + month, month)
    assert not RING.is_rotation_due(OLD.not_before + month, month)


def test_a_key_that_waits_is_the_next_one() -> None:
    assert RING.has_next(NOW)
    assert not RING.has_next(NEXT.not_before)
    assert not KeyRing([]).has_next(NOW)


def test_gateways_that_look_every_five_minutes_see_a_key_in_time() -> None:
    assert timedelta(minutes=5) * 2 < PUBLISHED_AHEAD
