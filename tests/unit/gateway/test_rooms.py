"""The order in which a room is told of changes, whatever the order in which they come."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.realtime.changes import Change
from gateway.realtime.rooms import Room


def change(rev: int) -> Change:
    return Change("c", rev, "message_sent", None)


def offered(room: Room, *revs: int) -> list[int]:
    return [ready.rev for rev in revs for ready in room.offer(change(rev))]


def test_the_next_change_passes_at_once() -> None:
    room = Room("c", 4)

    assert offered(room, 5, 6) == [5, 6]
    assert room.rev == 6
    assert not room.has_gap


def test_what_is_known_is_dropped() -> None:
    room = Room("c", 4)

    assert offered(room, 4, 1, 5, 5) == [5]
    assert not room.has_gap


def test_after_a_gap_everything_waits_for_what_is_missing() -> None:
    room = Room("c", 4)

    assert offered(room, 7, 6, 9) == []
    assert room.rev == 4
    assert room.has_gap
    assert offered(room, 5) == [5, 6, 7]
    assert room.has_gap
    assert offered(room, 8) == [8, 9]
    assert not room.has_gap


def test_what_was_overtaken_no_longer_waits() -> None:
    room = Room("c", 4)
    offered(room, 7)
    room.rev = 8

    assert not room.has_gap


def test_only_so_much_waits() -> None:
    room = Room("c", 0)
    offered(room, *range(2, 5000))

    assert len(room.waiting) == 1000
    assert offered(room, 1) == list(range(1, 1002))


@given(st.lists(st.integers(1, 12), max_size=60), st.integers(0, 3))
def test_whatever_comes_is_told_once_and_in_order(revs: list[int], known: int) -> None:
    room = Room("c", known)

    told = offered(room, *revs)

    assert told == list(range(known + 1, known + 1 + len(told)))
    assert room.rev == known + len(told)
    missing = room.rev + 1
    assert missing not in revs
    assert room.has_gap == any(rev > missing for rev in revs)
