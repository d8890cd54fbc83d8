"""What people choose to let others see and do: kept, announced, on record."""

import asyncio
from typing import Any

import pytest

from chassis import ids
from chassis.database import Database
from messaging.chassis.v1.envelope_pb2 import AuditRecorded
from messaging.users.v1 import privacy_pb2 as pb
from messaging.users.v1.events_pb2 import PrivacyChanged
from messaging.users.v1.profiles_pb2 import Profile
from tests.integration.users.conftest import Users, emitted, refusal
from tests.support.factories.profiles import user_id

EVERYONE, CONTACTS = pb.AUDIENCE_EVERYONE, pb.AUDIENCE_CONTACTS
OPEN = pb.Privacy(
    profile_visibility=EVERYONE,
    show_online=True,
    show_last_seen=True,
    read_receipts=True,
    typing_indicators=True,
    who_can_message=EVERYONE,
    searchable=True,
)


@pytest.fixture
async def ada(users: Users) -> Profile:
    return await users.join()


async def test_whoever_has_chosen_nothing_is_open(users: Users, ada: Profile) -> None:
    assert (await users.ask(users.privacy.GetPrivacy, pb.GetPrivacyRequest(), by=ada.user_id)).privacy == OPEN


async def test_a_choice_changes_what_the_mask_names_and_is_announced(
    users: Users, ada: Profile, database: Database
) -> None:
    first = await users.choose(ada.user_id, read_receipts=False, who_can_message=CONTACTS)
    again = await users.choose(ada.user_id, read_receipts=False)
    await users.choose(ada.user_id)

    expected = pb.Privacy()
    expected.CopyFrom(OPEN)
    expected.read_receipts, expected.who_can_message = False, CONTACTS
    assert first == again == expected
    [event] = await emitted(database, ada.user_id, "privacy_changed")
    assert PrivacyChanged.FromString(event.payload) == PrivacyChanged(
        user_id=ada.user_id, read_receipts=False, typing_indicators=True, who_can_message=CONTACTS
    )
    [*_, record] = await emitted(database, ada.user_id, "audit_recorded")
    assert AuditRecorded.FromString(record.payload).action == "privacy.updated"
    # It is no change of the profile.
    assert (await users.get(ada.user_id, by=ada.user_id)).etag == ada.etag


async def test_choices_at_once_are_all_kept(users: Users, ada: Profile) -> None:
    names = ("show_online", "show_last_seen", "read_receipts", "typing_indicators", "searchable")
    await asyncio.gather(
        *(users.choose(ada.user_id, request_id="", **{name: False}) for name in names),
        users.update(ada.user_id, bio="x"),
    )

    kept = (await users.ask(users.privacy.GetPrivacy, pb.GetPrivacyRequest(), by=ada.user_id)).privacy

    assert not any(getattr(kept, name) for name in names)
    assert (await users.get(ada.user_id, by=ada.user_id)).bio == "x"


async def test_a_repeated_choice_gets_the_first_answer(users: Users, ada: Profile) -> None:
    request_id = ids.uuid7()
    first = await users.choose(ada.user_id, request_id=request_id, searchable=False)
    await users.choose(ada.user_id, searchable=True)

    assert await users.choose(ada.user_id, request_id=request_id, searchable=False) == first
    refused = await refusal(users.choose(ada.user_id, request_id=request_id, searchable=True))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    "values", [{"who_can_message": 0}, {"profile_visibility": 0}, {"who_can_message": 9}, {"user_id": "x"}]
)
async def test_a_choice_that_is_none_is_refused(users: Users, ada: Profile, values: dict[str, Any]) -> None:
    request = pb.UpdatePrivacyRequest(
        privacy=pb.Privacy(**{name: value for name, value in values.items() if name != "user_id"})
    )
    request.update_mask.paths.extend(values)

    refused = await refusal(users.ask(users.privacy.UpdatePrivacy, request, by=ada.user_id))

    assert refused.reason == "INVALID_REQUEST"


async def test_who_has_no_profile_has_no_privacy(users: Users) -> None:
    refused = await refusal(users.ask(users.privacy.GetPrivacy, pb.GetPrivacyRequest(), by=user_id()))

    assert refused.reason == "USER_NOT_FOUND"
