"""Codes and ends of ways in."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.conversations.model.bans import require_to_come
from services.conversations.model.errors import ExpiryPast
from services.conversations.model.invites import new_code
from services.conversations.model.participants import still_to_come

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(microseconds=1), NOW - timedelta(microseconds=1)


def test_codes_differ_and_fit_into_an_address() -> None:
    codes = {new_code() for _ in range(1000)}

    assert len(codes) == 1000
    # Six bits in each character: 144.
    assert all(re.fullmatch("[0-9A-Za-z_-]{24}", code) for code in codes)


def test_what_ends_must_not_have_ended_already() -> None:
    for end in (None, LATER):
        require_to_come(end, at=NOW)
    for end in (NOW, BEFORE):
        with pytest.raises(ExpiryPast):
            require_to_come(end, at=NOW)


def test_a_mute_that_is_over_is_none() -> None:
    assert [still_to_come(end, at=NOW) for end in (None, BEFORE, NOW, LATER)] == [None, None, None, LATER]
