import pytest

from messaging.users.v1 import events_pb2 as pb
from services.users.bus import publish
from services.users.bus.consume import HANDLERS
from services.users.model.events import ProfileUpdated
from tests.support.factories import profiles


def test_an_update_carries_names_and_nothing_else() -> None:
    profile = profiles.profile(bio="not for everybody", phone=b"sealed")

    outgoing = publish.encode(ProfileUpdated(profile))

    assert (outgoing.kind, outgoing.aggregate_id, outgoing.user_id) == ("profile_updated", profile.user_id, "")
    assert pb.ProfileUpdated.FromString(outgoing.payload) == pb.ProfileUpdated(
        user_id=profile.user_id, username=profile.username, display_name=profile.display_name
    )


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError):
        publish.encode("profile_updated")


def test_what_auth_says_about_accounts_is_heard() -> None:
    kinds = ("account_registered", "email_verified", "account_suspended", "account_restored")

    assert set(HANDLERS) == {f"messaging.auth.v1.{kind}" for kind in kinds}
