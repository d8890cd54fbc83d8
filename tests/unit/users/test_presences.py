from datetime import UTC, datetime

import pytest

from services.users.model.presences import Presence
from tests.support.factories import profiles

NOW = 1_772_366_400_000


@pytest.mark.parametrize(
    ("connected_ago", "is_online"), [(0, True), (59_999, True), (60_000, False), (86_400_000, False), (None, False)]
)
def test_a_heartbeat_counts_for_a_minute(connected_ago: int | None, is_online: bool) -> None:
    connected_ms = None if connected_ago is None else NOW - connected_ago

    assert Presence.judge(profiles.user_id(), seen_ms=NOW, connected_ms=connected_ms, now_ms=NOW).is_online is is_online


def test_the_last_sign_of_life_is_known_after_somebody_left() -> None:
    left = Presence.judge(profiles.user_id(), seen_ms=NOW - 1500, connected_ms=None, now_ms=NOW)

    assert left.seen_at == datetime(2026, 3, 1, 11, 59, 58, 500000, tzinfo=UTC)


def test_nothing_is_known_of_somebody_who_was_never_seen() -> None:
    assert Presence.judge(profiles.user_id(), seen_ms=None, connected_ms=None, now_ms=NOW).seen_at is None
