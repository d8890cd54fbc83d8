from datetime import UTC, datetime

import pytest

from messaging.users.v1 import profiles_pb2 as pb
from services.users.model.presences import Presence, State
from tests.support.factories import profiles

NOW = 1_772_366_400_000


def judge(*, seen_ms: int | None, connected_ms: int | None, is_away: bool = False) -> Presence:
    return Presence.judge(profiles.user_id(), seen_ms=seen_ms, connected_ms=connected_ms, is_away=is_away, now_ms=NOW)


def test_states_have_the_numbers_of_the_contract() -> None:
    assert {f"PRESENCE_STATE_{state.name}": state.value for state in State} | {"PRESENCE_STATE_UNSPECIFIED": 0} == dict(
        pb.PresenceState.items()
    )


@pytest.mark.parametrize(
    ("connected_ago", "is_online"), [(0, True), (59_999, True), (60_000, False), (86_400_000, False), (None, False)]
)
def test_a_heartbeat_counts_for_a_minute(connected_ago: int | None, is_online: bool) -> None:
    connected_ms = None if connected_ago is None else NOW - connected_ago

    for is_away, connected in ((False, State.ONLINE), (True, State.AWAY)):
        presence = judge(seen_ms=NOW, connected_ms=connected_ms, is_away=is_away)

        assert presence.state is (connected if is_online else State.OFFLINE)


def test_the_last_sign_of_life_is_known_after_somebody_left() -> None:
    left = judge(seen_ms=NOW - 1500, connected_ms=None)

    assert left.seen_at == datetime(2026, 3, 1, 11, 59, 58, 500000, tzinfo=UTC)


def test_nothing_is_known_of_somebody_who_was_never_seen() -> None:
    assert judge(seen_ms=None, connected_ms=None).seen_at is None
