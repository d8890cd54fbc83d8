"""How far a message has come, by the positions of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversations.model.participants import Participant
from services.conversations.model.viewers import DeliveryStatus, MessageReceipts, Reach
from tests.support.factories.participants import participant

SENT, DELIVERED, READ = DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ


@pytest.mark.parametrize(
    ("reach", "status"),
    [
        (Reach(None, None, None, None), SENT),
        (Reach(0, 4, 0, 4), SENT),
        (Reach(0, 5, 0, 4), DELIVERED),
        (Reach(0, 5, 0, 5), READ),
        # Nobody shows what they read.
        (Reach(0, 9, None, None), DELIVERED),
        # All came after it.
        (Reach(5, 9, 5, 9), SENT),
        # Who was there does not show it, who shows it came later.
        (Reach(0, 9, 5, 9), DELIVERED),
        # Who does not show it has not been reached.
        (Reach(0, 4, 0, 5), READ),
    ],
)
def test_a_status_is_that_of_the_last_of_the_others(reach: Reach, status: DeliveryStatus) -> None:
    assert reach.status_of(5) is status


def others() -> st.SearchStrategy[Participant]:
    """Somebody with any positions that can be."""

    def make(after: int, delivered: int, read: int, is_hidden: bool) -> Participant:
        delivered_seq = max(after, delivered)
        one = participant(
            visible_after=after, delivered_seq=delivered_seq, read_seq=max(after, min(read, delivered_seq))
        )
        return one.without_read() if is_hidden else one

    number = st.integers(0, 4)
    return st.builds(make, number, number, number, st.booleans())


@given(st.integers(1, 4), st.lists(others(), max_size=4))
def test_all_together_have_come_as_far_as_each(seq: int, everybody: list[Participant]) -> None:
    present = [one for one in everybody if one.visible_after < seq]
    receipts = MessageReceipts.of(seq, present)
    each = dict(receipts.of_each)

    assert len(each) == len(present)
    shown = [each[one.user_id] for one in present if not one.is_read_hidden]
    assert (receipts.status is READ) == (bool(shown) and set(shown) == {READ})
    if receipts.status is SENT:
        assert not present or SENT in each.values()
    assert not any(each[one.user_id] is READ for one in present if one.is_read_hidden)
