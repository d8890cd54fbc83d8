import asyncio
import uuid

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from nats.aio.client import Client

from chassis import ids
from chassis.database import Database
from chassis.errors import Failure
from chassis.rpc.client import Channel
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.users.v1 import profiles_pb2 as pb
from messaging.users.v1 import profiles_pb2_grpc as rpc
from messaging.users.v1.events_pb2 import ProfileUpdated
from tests.integration.users.conftest import Users, emitted, refusal
from tests.support.factories.profiles import ensure_request, user_id, username

# -- coming into being -------------------------------------------------------------------------------------------------


async def test_a_registration_makes_a_profile(users: Users, database: Database) -> None:
    ada = await users.join(first_name="Ada", last_name="Lovelace", username=(name := username("ada")))

    assert (ada.username, ada.display_name, ada.first_name, ada.last_name) == (name, "Ada Lovelace", "Ada", "Lovelace")
    assert (ada.is_verified, ada.is_bot, ada.bio, ada.phone, ada.date_of_birth) == (False, False, "", "", "")
    assert ada.is_private_shown
    assert ada.create_time == ada.update_time
    assert ada.presence == pb.Presence(user_id=ada.user_id, state=pb.PRESENCE_STATE_OFFLINE)
    [event] = await emitted(database, ada.user_id, "profile_updated")
    assert ProfileUpdated.FromString(event.payload).display_name == "Ada Lovelace"


async def test_ensuring_a_profile_again_returns_it_as_it_is_now(users: Users, database: Database) -> None:
    request = ensure_request(first_name="Ada")
    first = await users.ask(users.profiles.EnsureProfile, request)
    changed = await users.update(first.profile.user_id, display_name="Countess", phone="+4915112345678")

    again = await users.ask(users.profiles.EnsureProfile, request)

    assert again.profile == changed
    assert len(await emitted(database, changed.user_id, "profile_updated")) == 2


async def test_ensuring_at_once_makes_one_profile(users: Users, database: Database) -> None:
    request = ensure_request()

    answers = await asyncio.gather(*(users.ask(users.profiles.EnsureProfile, request) for _ in range(12)))

    assert all(answer == answers[0] for answer in answers)
    assert len(await emitted(database, request.user_id, "profile_updated")) == 1


async def test_a_registration_is_never_refused_for_its_names(users: Users) -> None:
    odd = await users.join(first_name="A\x07B\u202e", last_name="\u200b")

    assert (odd.first_name, odd.last_name, odd.display_name) == ("A B", "", "A B")


async def test_only_the_gateway_creates_profiles(users: Users, infra: Stack) -> None:
    channel = Channel(users.target, infra.credential("conversations"))

    refused = await refusal(channel.call(channel.stub(rpc.ProfilesStub).EnsureProfile, ensure_request(), timeout=30))

    assert refused.reason == "CALLER_REFUSED"
    await channel.close()


# -- reading -----------------------------------------------------------------------------------------------------------


async def test_private_fields_are_for_the_person_and_for_admins(users: Users) -> None:
    ada, bob = await users.join(), await users.join()
    await users.update(ada.user_id, phone="+4915112345678", date_of_birth="1815-12-10")

    own = await users.get(ada.user_id, by=ada.user_id)
    seen = await users.get(ada.user_id, by=bob.user_id)
    request = pb.GetProfileRequest(user_id=ada.user_id)
    by_admin = (await users.ask(users.profiles.GetProfile, request, by=bob.user_id, roles="user admin")).profile
    by_moderator = (await users.ask(users.profiles.GetProfile, request, by=bob.user_id, roles="moderator")).profile

    assert (own.phone, own.date_of_birth, own.is_private_shown) == ("+4915112345678", "1815-12-10", True)
    assert by_admin == own
    assert (seen.phone, seen.date_of_birth, seen.is_private_shown) == ("", "", False)
    assert by_moderator == seen
    for field in ("user_id", "username", "display_name", "first_name", "last_name", "etag", "create_time"):
        assert getattr(seen, field) == getattr(own, field)


async def test_an_id_is_the_same_however_it_is_spelt(users: Users) -> None:
    ada = await users.join()

    assert (await users.get(ada.user_id.upper(), by=ada.user_id)).is_private_shown
    assert await users.active(ada.user_id, ada.user_id.upper()) == {ada.user_id}


async def test_nobody_is_found_under_an_unknown_id(users: Users) -> None:
    ada = await users.join()

    for roles in ("", "admin"):
        request = pb.GetProfileRequest(user_id=user_id())
        refused = await refusal(users.ask(users.profiles.GetProfile, request, by=ada.user_id, roles=roles))
        assert (refused.reason, refused.code, refused.domain) == ("USER_NOT_FOUND", "NOT_FOUND", "users.messaging")


async def test_a_profile_is_read_on_behalf_of_somebody(users: Users) -> None:
    ada = await users.join()

    refused = await refusal(users.ask(users.profiles.GetProfile, pb.GetProfileRequest(user_id=ada.user_id)))

    assert refused.reason == "CALLER_UNKNOWN"


async def test_other_services_learn_who_exists(users: Users, infra: Stack) -> None:
    ada, bob = await users.join(), await users.join()
    channel = Channel(users.target, infra.credential("conversations"))
    stub = channel.stub(rpc.ProfilesStub)

    found = await channel.call(stub.GetUsers, pb.GetUsersRequest(user_ids=[ada.user_id, user_id(), bob.user_id]))
    nobody = await channel.call(stub.GetUsers, pb.GetUsersRequest())

    assert list(found.users) == [
        pb.User(user_id=one.user_id, username=one.username, display_name=one.display_name) for one in (ada, bob)
    ]
    assert not nobody.users
    await channel.close()


# -- changing ----------------------------------------------------------------------------------------------------------


async def test_a_person_changes_what_the_mask_names_and_nothing_else(users: Users, database: Database) -> None:
    ada = await users.join()
    request = pb.UpdateProfileRequest(
        user_id=ada.user_id,
        profile=pb.Profile(display_name=" Countess ", bio="not this", username="root", is_verified=True),
        update_mask=FieldMask(paths=["display_name", "last_name"]),
    )

    changed = (await users.ask(users.profiles.UpdateProfile, request, by=ada.user_id)).profile

    assert (changed.display_name, changed.last_name, changed.bio) == ("Countess", "", "")
    assert (changed.username, changed.first_name, changed.is_verified) == (ada.username, ada.first_name, False)
    assert changed.etag != ada.etag
    assert changed.update_time.ToDatetime() > ada.update_time.ToDatetime()
    assert changed.create_time == ada.create_time
    assert await users.get(ada.user_id, by=ada.user_id) == changed
    assert len(await emitted(database, ada.user_id, "profile_updated")) == 2


async def test_a_change_that_changes_nothing_leaves_no_trace(users: Users, database: Database) -> None:
    ada = await users.join()
    changed = await users.update(ada.user_id, phone="+4915112345678", bio="Engines")

    for values in ({"phone": "+4915112345678", "bio": " Engines"}, {}):
        assert await users.update(ada.user_id, **values) == changed
    assert len(await emitted(database, ada.user_id, "profile_updated")) == 2


async def test_only_the_person_and_admins_change_a_profile(users: Users) -> None:
    ada, bob = await users.join(), await users.join()

    for roles in ("", "moderator"):
        refused = await refusal(users.update(ada.user_id, by=bob.user_id, roles=roles, bio="Bob was here"))
        assert (refused.reason, refused.code) == ("NOT_YOUR_PROFILE", "PERMISSION_DENIED")
    assert await users.get(ada.user_id, by=ada.user_id) == ada

    by_admin = await users.update(ada.user_id, by=bob.user_id, roles="admin", bio="Moderated")
    assert (by_admin.bio, by_admin.is_private_shown) == ("Moderated", True)


async def test_an_unknown_profile_cannot_be_changed(users: Users) -> None:
    ada = await users.join()

    for roles in ("", "admin"):
        refused = await refusal(users.update(user_id(), by=ada.user_id, roles=roles, bio="x"))
        assert refused.reason == "USER_NOT_FOUND"


async def test_a_change_of_an_older_version_is_refused(users: Users) -> None:
    ada = await users.join()
    changed = await users.update(ada.user_id, etag=ada.etag, bio="first")

    refused = await refusal(users.update(ada.user_id, etag=ada.etag, bio="second"))

    assert (refused.reason, refused.code) == ("ETAG_MISMATCH", "FAILED_PRECONDITION")
    assert (await users.get(ada.user_id, by=ada.user_id)).bio == "first"
    assert (await users.update(ada.user_id, etag=changed.etag, bio="second")).bio == "second"


async def test_of_two_changes_of_one_version_one_wins(users: Users) -> None:
    ada = await users.join()

    answers = await asyncio.gather(
        *(users.update(ada.user_id, etag=ada.etag, bio=f"writer {n}") for n in range(8)), return_exceptions=True
    )

    [winner] = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert {answer.reason for answer in answers if isinstance(answer, Failure)} == {"ETAG_MISMATCH"}
    assert await users.get(ada.user_id, by=ada.user_id) == winner


async def test_a_value_that_breaks_its_rule_changes_nothing(users: Users) -> None:
    ada = await users.join()

    refused = await refusal(users.update(ada.user_id, bio="fine", phone="12", date_of_birth="1815-02-30"))

    assert (refused.reason, refused.code) == ("PROFILE_INVALID", "INVALID_ARGUMENT")
    assert [fault.field for fault in refused.fields] == ["profile.phone", "profile.date_of_birth"]
    assert refused.metadata == {"field": "phone"}
    assert await users.get(ada.user_id, by=ada.user_id) == ada


@pytest.mark.parametrize(
    "request_",
    [
        pb.UpdateProfileRequest(user_id="no uuid", profile=pb.Profile()),
        pb.UpdateProfileRequest(user_id=str(uuid.uuid4())),
        pb.UpdateProfileRequest(
            user_id=str(uuid.uuid4()), profile=pb.Profile(), update_mask=FieldMask(paths=["username"])
        ),
        pb.UpdateProfileRequest(user_id=str(uuid.uuid4()), profile=pb.Profile(bio="a\x00b")),
        pb.UpdateProfileRequest(user_id=str(uuid.uuid4()), profile=pb.Profile(), request_id="x" * 65),
    ],
    ids=["id", "no profile", "mask", "nul", "request id"],
)
async def test_a_request_that_breaks_the_contract_is_refused(users: Users, request_: pb.UpdateProfileRequest) -> None:
    refused = await refusal(users.ask(users.profiles.UpdateProfile, request_, by=user_id()))

    assert refused.reason == "INVALID_REQUEST"


async def test_a_repeated_request_gets_the_first_answer(users: Users, database: Database) -> None:
    ada = await users.join()
    request_id = ids.uuid7()
    first = await users.update(ada.user_id, request_id=request_id, phone="+4915112345678")
    await users.update(ada.user_id, phone="", bio="later")

    again = await users.update(ada.user_id, request_id=request_id, phone="+4915112345678")
    refused = await refusal(users.update(ada.user_id, request_id=request_id, phone="+4915100000000"))

    assert again == first
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(await emitted(database, ada.user_id, "profile_updated")) == 3


async def test_repeated_requests_at_once_change_once(users: Users, database: Database) -> None:
    ada = await users.join()
    request_id = ids.uuid7()

    answers = await asyncio.gather(*(users.update(ada.user_id, request_id=request_id, bio="x") for _ in range(6)))

    assert all(answer == answers[0] for answer in answers)
    assert len(await emitted(database, ada.user_id, "profile_updated")) == 2


async def test_a_change_is_announced(users: Users, operator: Client) -> None:
    ada = await users.join()
    subscription = await operator.subscribe(f"messaging.users.v1.profile_updated.{ada.user_id}")
    await operator.flush()

    await users.update(ada.user_id, display_name="Countess")

    async with asyncio.timeout(30):
        async for message in subscription.messages:
            event = ProfileUpdated.FromString(Envelope.FromString(message.data).payload)
            if event.display_name == "Countess":
                break
    await subscription.unsubscribe()
