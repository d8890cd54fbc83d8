from datetime import UTC, datetime

import pytest

from messaging.users.v1 import privacy_pb2 as pb
from services.users.model.errors import NotYourself
from services.users.model.presences import Presence, State
from services.users.model.privacy import OPEN, Audience, Privacy
from services.users.model.relations import require_other
from services.users.model.sight import EVERYTHING, Seen, Sight
from tests.support.factories.profiles import profile, user_id

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_audiences_have_the_numbers_of_the_contract() -> None:
    assert {f"AUDIENCE_{audience.name}": audience.value for audience in Audience} == {
        name: number for name, number in pb.Audience.items() if number
    }


def test_privacy_is_read_from_numbers() -> None:
    assert Privacy.of({"profile_visibility": 2, "who_can_message": 3}) == Privacy(
        profile_visibility=Audience.CONTACTS, who_can_message=Audience.NOBODY
    )


@pytest.mark.parametrize(
    ("privacy", "has_blocks", "is_same"),
    [
        (OPEN, False, True),
        (Privacy(is_online_shown=False, is_searchable=False, who_can_message=Audience.NOBODY), False, True),
        (OPEN, True, False),
        (Privacy(profile_visibility=Audience.CONTACTS), False, False),
        (Privacy(profile_visibility=Audience.NOBODY), False, False),
    ],
)
def test_only_contacts_and_blocks_tell_people_apart(privacy: Privacy, has_blocks: bool, is_same: bool) -> None:
    assert profile(privacy=privacy, has_blocks=has_blocks).is_same_for_all is is_same


@pytest.mark.parametrize(
    ("online", "last_seen", "expected"),
    [
        (True, True, EVERYTHING),
        (True, False, Sight(True, True, False)),
        (False, True, Sight(True, False, False)),
        (False, False, Sight(True, False, False)),
    ],
)
def test_when_somebody_was_seen_is_not_told_of_whoever_hides_being_online(
    online: bool, last_seen: bool, expected: Sight
) -> None:
    privacy = Privacy(is_online_shown=online, is_last_seen_shown=last_seen)

    assert Seen.openly(profile(privacy=privacy)).sight == expected


def test_presence_is_told_as_far_as_the_viewer_may_know() -> None:
    here = Presence(user_id(), State.ONLINE, seen_at=AT)

    assert here.within(EVERYTHING) == here
    assert here.within(Sight(True, True, False)) == Presence(here.user_id, State.ONLINE)
    assert here.within(Sight(True, False, False)) == Presence(here.user_id)


def test_nobody_is_on_their_own_list() -> None:
    require_other(person := user_id(), user_id())
    with pytest.raises(NotYourself):
        require_other(person, person)


@pytest.mark.parametrize(
    ("before", "after", "is_alike"),
    [
        (OPEN, Privacy(is_receipt_shared=False, is_typing_shared=False, is_searchable=False), True),
        (OPEN, Privacy(is_online_shown=False), False),
        (OPEN, Privacy(is_last_seen_shown=False), False),
        (OPEN, Privacy(profile_visibility=Audience.CONTACTS), False),
        (Privacy(profile_visibility=Audience.NOBODY), Privacy(is_online_shown=False), True),
        (Privacy(is_online_shown=False), Privacy(is_online_shown=False, is_last_seen_shown=False), True),
    ],
)
def test_viewers_are_told_only_of_privacy_that_makes_a_difference_to_presence(
    before: Privacy, after: Privacy, is_alike: bool
) -> None:
    assert before.shows_presence_like(after) is is_alike
    assert after.shows_presence_like(before) is is_alike
