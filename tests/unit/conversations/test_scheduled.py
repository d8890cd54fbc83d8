"""When messages may be scheduled, and under which key they are sent."""

from datetime import timedelta

import pytest

from chassis.ids import uuid7
from services.conversations.model.errors import ScheduledMessageSettled, SendTimeInvalid
from services.conversations.model.ids import ScheduledId
from services.conversations.model.scheduled import Scheduled, ScheduledState
from tests.support.factories.messages import draft
from tests.support.factories.scheduled import NOW, scheduled


@pytest.mark.parametrize("span", [timedelta(seconds=-59), timedelta(0), timedelta(days=366)])
def test_a_time_between_now_and_a_year_from_now_is_taken(span: timedelta) -> None:
    assert scheduled(send_at=NOW + span).checked(NOW)


@pytest.mark.parametrize("span", [timedelta(minutes=-2), timedelta(days=367)])
def test_other_times_are_refused(span: timedelta) -> None:
    with pytest.raises(SendTimeInvalid):
        Scheduled.new(ScheduledId(uuid7()), draft(), send_at=NOW + span, at=NOW)


def test_its_key_is_its_own_and_always_the_same() -> None:
    scheduled_id, words = ScheduledId(uuid7()), draft()
    keys = {
        Scheduled.new(each, words, send_at=NOW, at=NOW).draft.client_message_id
        for each in (scheduled_id, scheduled_id, ScheduledId(uuid7()))
    }
    assert len(keys) == 2


@pytest.mark.parametrize("state", [ScheduledState.SENT, ScheduledState.FAILED])
def test_only_what_waits_can_be_changed(state: ScheduledState) -> None:
    scheduled().require_waiting()
    with pytest.raises(ScheduledMessageSettled):
        scheduled(state=state).require_waiting()
