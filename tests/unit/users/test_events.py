import pytest
from google.protobuf.message import Message

from messaging.users.v1 import events_pb2 as pb
from messaging.users.v1.privacy_pb2 import AUDIENCE_NOBODY
from services.users.bus import publish
from services.users.bus.consume import HANDLERS
from services.users.model import events
from services.users.model.events import ProfileUpdated
from services.users.model.privacy import Audience, Privacy
from tests.support.factories import profiles


def test_an_update_carries_names_and_nothing_else() -> None:
    profile = profiles.profile(bio="not for everybody", phone=b"sealed")

    outgoing = publish.encode(ProfileUpdated(profile))

    assert (outgoing.kind, outgoing.aggregate_id, outgoing.user_id) == ("profile_updated", profile.user_id, "")
    assert pb.ProfileUpdated.FromString(outgoing.payload) == pb.ProfileUpdated(
        user_id=profile.user_id, username=profile.username, display_name=profile.display_name
    )


ADA, EVE = profiles.user_id(), profiles.user_id()


@pytest.mark.parametrize(
    ("event", "kind", "payload"),
    [
        (events.UserBlocked(ADA, EVE), "user_blocked", pb.UserBlocked(user_id=ADA, blocked_user_id=EVE)),
        (events.UserUnblocked(ADA, EVE), "user_unblocked", pb.UserUnblocked(user_id=ADA, blocked_user_id=EVE)),
        (events.ContactAdded(ADA, EVE), "contact_added", pb.ContactAdded(user_id=ADA, contact_id=EVE)),
        (events.ContactRemoved(ADA, EVE), "contact_removed", pb.ContactRemoved(user_id=ADA, contact_id=EVE)),
        (events.SightChanged(ADA), "sight_changed", pb.SightChanged(user_id=ADA)),
        (events.SightChanged(ADA, EVE), "sight_changed", pb.SightChanged(user_id=ADA, viewer_id=EVE)),
        (
            events.PrivacyChanged(ADA, Privacy(is_typing_shared=False, who_can_message=Audience.NOBODY)),
            "privacy_changed",
            pb.PrivacyChanged(user_id=ADA, read_receipts=True, who_can_message=AUDIENCE_NOBODY),
        ),
    ],
)
def test_what_people_choose_is_told_of_them(event: object, kind: str, payload: Message) -> None:
    outgoing = publish.encode(event)

    assert (outgoing.kind, outgoing.aggregate_id) == (kind, ADA)
    assert type(payload).FromString(outgoing.payload) == payload


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError):
        publish.encode("profile_updated")


def test_what_auth_says_about_accounts_is_heard() -> None:
    kinds = ("account_registered", "email_verified", "account_suspended", "account_restored")

    assert set(HANDLERS) == {f"messaging.auth.v1.{kind}" for kind in kinds}
