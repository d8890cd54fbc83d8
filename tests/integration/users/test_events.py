"""What auth announces reaches profiles, whatever was lost on the way."""

import asyncio
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from chassis.database import Database, Transaction
from chassis.errors import Failure
from messaging.auth.v1.events_pb2 import AccountRegistered, AccountRestored, AccountSuspended, EmailVerified
from messaging.users.v1 import profiles_pb2 as pb
from services.users.bus.consume import HANDLERS
from tests.integration.users.conftest import Tell, Users, until
from tests.support.factories import envelopes
from tests.support.factories.profiles import ensure_request, registered, user_id, username


async def is_there(users: Users, person: str) -> bool:
    return await users.active(person) == {person}


async def listed(users: Users, name: str) -> list[str]:
    request = pb.ListProfilesRequest(query=name)
    answer = await users.ask(users.profiles.ListProfiles, request, by=user_id())
    return [profile.user_id for profile in answer.profiles]


async def found(users: Users, name: str) -> list[str]:
    request = pb.SearchProfilesRequest(query=name)
    answer = await users.ask(users.profiles.SearchProfiles, request, by=user_id())
    return [profile.user_id for profile in answer.profiles if profile.username == name]


async def test_the_event_heals_a_crash_between_registration_and_profile(users: Users, tell: Tell) -> None:
    event = registered(first_name="Ada", last_name="Lovelace")

    await tell(event)

    await until(lambda: is_there(users, event.account_id))
    healed = await users.get(event.account_id, by=user_id())
    assert (healed.username, healed.display_name) == (event.username, "Ada Lovelace")
    assert (await users.ask(users.profiles.EnsureProfile, _same(event))).profile.etag == healed.etag


async def test_the_event_after_the_call_changes_nothing(users: Users, tell: Tell) -> None:
    event, marker = registered(), registered()
    await users.ask(users.profiles.EnsureProfile, _same(event))
    changed = await users.update(event.account_id, display_name="Somebody else")

    await tell(event)
    await tell(marker)

    await until(lambda: is_there(users, marker.account_id))
    assert await users.get(event.account_id, by=event.account_id) == changed


async def test_event_and_call_at_once_make_one_profile(users: Users, tell: Tell) -> None:
    event = registered()

    await asyncio.gather(tell(event), *(users.ask(users.profiles.EnsureProfile, _same(event)) for _ in range(4)))

    await until(lambda: is_there(users, event.account_id))
    assert await listed(users, event.username) == [event.account_id]


async def test_a_profile_that_was_healed_late_is_as_old_as_its_account(database: Database) -> None:
    event, time = registered(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    wrapped = envelopes.envelope("account_registered", event.account_id, event, occurred_at=time)

    await database.run(HANDLERS["messaging.auth.v1.account_registered"], envelope=wrapped)

    def created_at(tx: Transaction) -> object:
        statement = text("select created_at from profiles where user_id = :user_id")
        return tx.execute(statement, {"user_id": event.account_id}).scalar_one()

    assert await database.run(created_at) == time


async def test_a_confirmed_address_shows_and_changes_the_etag_once(users: Users, tell: Tell) -> None:
    ada, marker = await users.join(), registered()

    for _ in range(2):
        await tell(EmailVerified(account_id=ada.user_id))
    await tell(marker)

    await until(lambda: is_there(users, marker.account_id))
    seen = await users.get(ada.user_id, by=ada.user_id)
    assert (seen.is_verified, ada.etag, seen.etag) == (True, "1", "2")


async def test_suspended_people_vanish_until_they_are_restored(users: Users, tell: Tell) -> None:
    ada = await users.join(username=(name := username("ada")))
    assert await is_there(users, ada.user_id)
    assert await listed(users, name) == await found(users, name) == [ada.user_id]

    await tell(AccountSuspended(account_id=ada.user_id))

    async def has_vanished() -> bool:
        return not await is_there(users, ada.user_id)

    await until(has_vanished)
    assert await listed(users, name) == await found(users, name) == []
    # What they wrote stays, and so does the name above it.
    assert (await users.get(ada.user_id, by=user_id())).username == name

    await tell(AccountRestored(account_id=ada.user_id))

    await until(lambda: is_there(users, ada.user_id), seconds=3)
    assert await listed(users, name) == await found(users, name) == [ada.user_id]


async def test_suspending_twice_is_suspending_once(users: Users, tell: Tell, database: Database) -> None:
    ada, marker = await users.join(), registered()

    for _ in range(3):
        await tell(AccountSuspended(account_id=ada.user_id))
    await tell(AccountRestored(account_id=ada.user_id))
    await tell(AccountRestored(account_id=ada.user_id))
    await tell(marker)
    await until(lambda: is_there(users, marker.account_id))

    def count(tx: Transaction) -> int:
        statement = text("select count(*) from outbox where aggregate_id = :id and kind = 'profile_updated'")
        return int(tx.execute(statement, {"id": ada.user_id}).scalar_one())

    # Joined, suspended, restored.
    assert await database.run(count) == 3


async def test_an_event_for_a_profile_that_does_not_exist_is_kept_for_later(database: Database) -> None:
    for kind in ("email_verified", "account_suspended", "account_restored"):
        wrapped = envelopes.envelope(kind, person := user_id(), AccountSuspended(account_id=person))

        # The consumer parks what fails, and tries again.
        with pytest.raises(Failure) as refused:
            await database.run(HANDLERS[f"messaging.auth.v1.{kind}"], envelope=wrapped)
        assert refused.value.reason == "USER_NOT_FOUND"


async def test_an_event_that_is_none_holds_up_nobody_else(users: Users, operator: Client, tell: Tell) -> None:
    marker = registered()
    broken = envelopes.envelope("account_registered", user_id(), b"\xff\xff")
    subject = f"messaging.auth.v1.account_registered.{broken.aggregate_id}"
    await operator.jetstream().publish(subject, broken.SerializeToString())

    await tell(marker)

    await until(lambda: is_there(users, marker.account_id))


def _same(event: AccountRegistered) -> pb.EnsureProfileRequest:
    return ensure_request(
        user_id=event.account_id, username=event.username, first_name=event.first_name, last_name=event.last_name
    )
