"""Who may write, and how positions move."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Failure
from services.conversations.model.errors import Blocked, Muted, PositionBeyondEnd, RoleInsufficient, SenderSuspended
from services.conversations.model.permissions import Role
from services.conversations.model.positions import PositionKind
from tests.support.factories.participants import position, standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_member_in_good_standing_writes() -> None:
    standing().require_may_write(NOW)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"is_active": False}, SenderSuspended),
        ({"role": Role.READONLY}, RoleInsufficient),
        ({"muted_until": NOW + timedelta(seconds=1)}, Muted),
        ({"is_blocked": True}, Blocked),
    ],
)
def test_what_keeps_a_member_from_writing(fields: dict[str, object], refusal: type[Failure]) -> None:
    with pytest.raises(refusal):
        standing(**fields).require_may_write(NOW)


def test_a_mute_ends_and_says_when() -> None:
    muted = standing(muted_until=NOW)

    muted.require_may_write(NOW)
    with pytest.raises(Muted) as refused:
        muted.require_may_write(NOW - timedelta(seconds=1))
    assert refused.value.metadata == {"until": NOW.isoformat()}


@given(st.lists(st.tuples(st.sampled_from(PositionKind), st.integers(0, 50))))
def test_positions_only_move_forward_and_reading_is_receiving(moves: list[tuple[PositionKind, int]]) -> None:
    read = delivered = 0
    for kind, seq in moves:
        moved = position(50, read_seq=read, delivered_seq=delivered).moved(kind, seq)
        assert moved.read_seq >= read
        assert moved.delivered_seq >= max(delivered, moved.read_seq)
        read, delivered = moved.read_seq, moved.delivered_seq

    assert read == max((seq for kind, seq in moves if kind is PositionKind.READ), default=0)
    assert delivered == max((seq for _, seq in moves), default=0)


def test_nobody_reads_what_was_not_written() -> None:
    with pytest.raises(PositionBeyondEnd) as refused:
        position(3).moved(PositionKind.READ, 4)

    assert refused.value.metadata == {"last_seq": "3"}
