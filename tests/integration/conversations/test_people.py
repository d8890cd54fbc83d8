"""The projection of people: from events, and from the users service where an event is still on its way."""

import itertools

import pytest
from nats.aio.client import Client

from chassis import events
from chassis.call import Call, serving
from chassis.ids import uuid7
from chassis.rpc.client import Channel
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import events_pb2 as auth_events
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import participants_pb2
from messaging.users.v1 import events_pb2 as users_events
from messaging.users.v1 import privacy_pb2, profiles_pb2, profiles_pb2_grpc
from tests.integration.conversations.conftest import Service, reasons, running, until
from tests.support.factories.conversations import direct_request, group_request
from tests.support.factories.envelopes import envelope
from tests.support.factories.messages import item


async def tell(service: Service, operator: Client, source: str, told: Envelope) -> None:
    """Publish an event as its owner does, and wait until it is handled."""
    subject = events.subject(source, told.kind, told.aggregate_id)
    await operator.jetstream().publish(subject, told.SerializeToString())

    async def is_seen() -> bool:
        return bool(await service.rows("select from inbox where event_id = :id", id=told.event_id))

    await until(is_seen)


async def register(users: Channel, username: str) -> str:
    """Somebody with a profile, of whom no event has told."""
    user_id = uuid7()
    request = profiles_pb2.EnsureProfileRequest(user_id=user_id, username=username, first_name="A", last_name="B")
    with serving(Call()):
        await users.call(users.stub(profiles_pb2_grpc.ProfilesStub).EnsureProfile, request, timeout=30)
    return user_id


async def test_an_account_is_known_from_its_registration_until_it_is_suspended(
    service: Service, operator: Client
) -> None:
    [one], account_id = await service.people(1), uuid7()
    registered = auth_events.AccountRegistered(account_id=account_id, username="ada")
    await tell(service, operator, "auth", envelope("account_registered", account_id, registered))
    direct = await service.direct(one, account_id)

    suspended = auth_events.AccountSuspended(account_id=account_id)
    await tell(service, operator, "auth", envelope("account_suspended", account_id, suspended))
    assert reasons(await service.send(item(account_id, direct))) == ["SENDER_SUSPENDED"]
    # A late registration does not lift it.
    await tell(service, operator, "auth", envelope("account_registered", account_id, registered))
    assert reasons(await service.send(item(account_id, direct))) == ["SENDER_SUSPENDED"]
    restored = auth_events.AccountRestored(account_id=account_id)
    await tell(service, operator, "auth", envelope("account_restored", account_id, restored))
    assert reasons(await service.send(item(account_id, direct))) == [""]


async def test_a_block_reaches_sends_as_an_event(service: Service, operator: Client) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)

    blocked = users_events.UserBlocked(user_id=one, blocked_user_id=other)
    await tell(service, operator, "users", envelope("user_blocked", one, blocked))
    assert reasons(await service.send(item(other, direct), item(one, direct))) == ["BLOCKED", "BLOCKED"]
    unblocked = users_events.UserUnblocked(user_id=one, blocked_user_id=other)
    await tell(service, operator, "users", envelope("user_unblocked", one, unblocked))
    assert reasons(await service.send(item(other, direct))) == [""]


async def choose(service: Service, operator: Client, person: str, audience: privacy_pb2.Audience.ValueType) -> None:
    """Have somebody say who may write to them."""
    changed = users_events.PrivacyChanged(user_id=person, who_can_message=audience)
    await tell(service, operator, "users", envelope("privacy_changed", person, changed))


async def test_only_those_whom_somebody_allows_begin_with_them(service: Service, operator: Client) -> None:
    one, other, friend = await service.people(3)
    added = users_events.ContactAdded(user_id=other, contact_id=friend)
    await tell(service, operator, "users", envelope("contact_added", other, added))
    existing = await service.direct(one, other)
    group, friendly = await service.group(one), await service.group(friend)

    async def refusals(person: str, group_id: str) -> set[str]:
        addition = participants_pb2.AddParticipantsRequest(conversation_id=group_id, user_ids=[other])
        return {
            await service.refusal(service.conversations.CreateConversation, group_request(other), by=person),
            await service.refusal(service.participants.AddParticipants, addition, by=person),
        }

    await choose(service, operator, other, privacy_pb2.AUDIENCE_CONTACTS)
    assert await refusals(one, group) == {"USER_UNAVAILABLE"}
    # What there is goes on.
    assert await service.direct(one, other) == existing
    assert reasons(await service.send(item(one, existing), item(other, existing))) == ["", ""]
    stranger = (await service.people(1))[0]
    request = direct_request(other)
    assert await service.refusal(service.conversations.CreateConversation, request, by=stranger) == "USER_UNAVAILABLE"
    assert await service.direct(friend, other)
    assert await service.group(friend, other)

    await choose(service, operator, other, privacy_pb2.AUDIENCE_NOBODY)
    assert await refusals(friend, friendly) == {"USER_UNAVAILABLE"}
    # Who lets nobody begin begins themselves.
    assert await service.direct(other, stranger)
    assert await service.group(other, one)

    await choose(service, operator, other, privacy_pb2.AUDIENCE_CONTACTS)
    removed = users_events.ContactRemoved(user_id=other, contact_id=friend)
    await tell(service, operator, "users", envelope("contact_removed", other, removed))
    assert await refusals(friend, friendly) == {"USER_UNAVAILABLE"}
    await choose(service, operator, other, privacy_pb2.AUDIENCE_EVERYONE)
    assert await service.group(one, other)


async def test_a_block_counts_more_than_a_contact(service: Service, operator: Client) -> None:
    one, other = await service.people(2)
    added = users_events.ContactAdded(user_id=other, contact_id=one)
    await tell(service, operator, "users", envelope("contact_added", other, added))
    blocked = users_events.UserBlocked(user_id=other, blocked_user_id=one)
    await tell(service, operator, "users", envelope("user_blocked", other, blocked))

    create = service.conversations.CreateConversation
    assert await service.refusal(create, group_request(other), by=one) == "USER_UNAVAILABLE"
    assert await service.refusal(create, direct_request(other), by=one) == "BLOCKED"


async def known(service: Service, person: str) -> list[tuple[object, ...]]:
    statement = "select is_active, username, is_receipt_shared, is_typing_shared, who_can_message from people"
    return await service.rows(f"{statement} where user_id = :id", id=person)


async def test_what_is_known_of_somebody_does_not_depend_on_which_event_came_first(
    service: Service, operator: Client
) -> None:
    for order in itertools.permutations(range(3)):
        person = uuid7()
        told = [
            ("auth", "account_registered", auth_events.AccountRegistered(account_id=person, username="ada")),
            ("auth", "account_suspended", auth_events.AccountSuspended(account_id=person)),
            (
                "users",
                "privacy_changed",
                users_events.PrivacyChanged(
                    user_id=person, typing_indicators=True, who_can_message=privacy_pb2.AUDIENCE_NOBODY
                ),
            ),
        ]
        for source, kind, payload in (told[n] for n in order):
            await tell(service, operator, source, envelope(kind, person, payload))

        assert await known(service, person) == [(False, "ada", False, True, 3)], order


async def test_the_users_service_tells_the_usernames_of_those_for_whom_it_vouches(
    service: Service, users: Channel
) -> None:
    one, other = [await register(users, f"named{n}-{uuid7()[-8:]}") for n in range(2)]

    await service.direct(one, other)

    assert [str((await known(service, person))[0][1])[:6] for person in (one, other)] == ["named0", "named1"]


async def test_the_users_service_vouches_for_those_of_whom_no_event_has_told(service: Service, users: Channel) -> None:
    one, other, third = [await register(users, f"vouched{n}-{uuid7()[-8:]}") for n in range(3)]

    direct = await service.direct(one, other)
    group = await service.group(one)
    request = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[third])
    await service.ask(service.participants.AddParticipants, request, by=one)

    assert reasons(await service.send(item(other, direct), item(third, group))) == ["", ""]


async def test_without_the_users_service_those_who_are_known_still_meet(infra: Stack, service: Service) -> None:
    one, other = await service.people(2)
    nowhere = f"127.0.0.1:{ports.free()}"
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "users_target": nowhere}
    async with running(infra, **settings) as alone:
        assert await alone.direct(one, other)
        for request in (direct_request(uuid7()), group_request(uuid7())):
            with pytest.raises(RemoteFailure) as refused:
                await alone.ask(alone.conversations.CreateConversation, request, by=one)
            assert (refused.value.code, refused.value.reason) == ("UNAVAILABLE", "DEPENDENCY_UNAVAILABLE")
