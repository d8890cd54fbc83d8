import asyncio
from typing import Any

import pytest

from chassis.errors import CallerUnknown, DependencyUnavailable, Failure
from chassis.rpc.client import Channel
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import accounts_pb2_grpc as rpc
from messaging.auth.v1 import events_pb2
from services.auth.model.passwords import PasswordHash
from tests.support.factories.accounts import PASSWORD, register_request, username

from .conftest import Auth, Records, running


async def refusal(auth: Auth, **fields: str) -> Failure:
    with pytest.raises(Failure) as refused:
        await auth.join(**fields)
    return refused.value


async def test_somebody_registers(auth: Auth, records: Records) -> None:
    name = username()
    account = await auth.join(username=name.upper(), email=f"{name}@Example.org", locale="de-AT")

    assert (account.username, account.email) == (name, f"{name}@example.org")
    assert (account.first_name, account.last_name, account.locale) == ("Ada", "Lovelace", "de-AT")
    assert (account.state, list(account.roles)) == (pb.ACCOUNT_STATE_ACTIVE, [])
    assert not account.is_email_verified
    assert account.create_time.ToMicroseconds() > 0
    [(kind, envelope)] = await records.events(account.account_id)
    assert kind == "account_registered"
    assert envelope.actor_id == account.account_id
    assert events_pb2.AccountRegistered.FromString(envelope.payload).username == name
    answer = await auth.ask(auth.accounts.GetAccount, pb.GetAccountRequest(), by=account.account_id)
    assert answer.account == account


async def test_a_registration_is_on_the_trail(auth: Auth, records: Records) -> None:
    account = await auth.join()
    [record] = await records.trail(account.account_id)

    assert (record.action, record.service, record.target_kind) == ("account.registered", "auth", "account")
    assert (record.actor_id, record.client_ip, record.request_id) == (account.account_id, "192.0.2.1", "a-test")
    assert (record.before, record.after) == ({}, {"email": account.email, "username": account.username})


async def test_a_password_is_nowhere_to_be_read(auth: Auth, records: Records) -> None:
    account = await auth.join()
    [row] = await records.rows("select * from accounts where account_id = :id", id=account.account_id)

    assert PasswordHash.parse(row.password_hash).iterations == auth.settings.password_iterations
    assert PASSWORD not in str(row)


async def test_an_address_is_taken_in_whatever_case(auth: Auth) -> None:
    account = await auth.join()
    failure = await refusal(auth, email=account.email.upper(), username=username())
    assert (failure.code, failure.reason, failure.domain) == ("ALREADY_EXISTS", "EMAIL_TAKEN", "auth.messaging")


async def test_a_username_is_taken_in_whatever_case(auth: Auth) -> None:
    account = await auth.join()
    failure = await refusal(auth, username=account.username.upper(), email=f"{username()}@example.org")
    assert (failure.code, failure.reason) == ("ALREADY_EXISTS", "USERNAME_TAKEN")


async def test_of_many_with_one_address_one_registers(auth: Auth, records: Records) -> None:
    name = username()
    requests = [register_request(username=f"{name}{n}", email=f"{name}@example.org") for n in range(6)]
    answers = await asyncio.gather(
        *(auth.ask(auth.accounts.Register, request) for request in requests), return_exceptions=True
    )

    reasons = [answer.reason for answer in answers if isinstance(answer, Failure)]
    assert reasons == ["EMAIL_TAKEN"] * 5
    assert (
        len(await records.rows("select 1 from accounts where lower(email) = :email", email=f"{name}@example.org")) == 1
    )


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("email", "nobody", "EMAIL_INVALID"),
        ("email", "", "INVALID_REQUEST"),
        ("email", "x@example.org\x00", "INVALID_REQUEST"),
        ("email", "x" * 250 + "@example.org", "INVALID_REQUEST"),
        ("username", "a b", "USERNAME_INVALID"),
        ("username", "ad\u0430", "USERNAME_INVALID"),
        ("username", "x" * 33, "INVALID_REQUEST"),
        ("password", "too-short", "PASSWORD_LENGTH"),
        ("password", "Password123", "PASSWORD_COMMON"),
        ("password", "x" * 257, "INVALID_REQUEST"),
        ("first_name", "x" * 101, "INVALID_REQUEST"),
        ("last_name", "\x00", "INVALID_REQUEST"),
        ("locale", "not a tag", "INVALID_REQUEST"),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_the_field(auth: Auth, field: str, value: str, reason: str) -> None:
    failure = await refusal(auth, **{"email": f"{username()}@example.org", field: value})
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", reason)
    assert [violation.field for violation in failure.fields] == [field]


async def test_a_password_that_is_one_s_own_name_is_refused(auth: Auth) -> None:
    name = username("a-long-name")
    assert (await refusal(auth, username=name, password=name.upper())).reason == "PASSWORD_COMMON"
    assert (await refusal(auth, username=name, password=f"{name}@example.org")).reason == "PASSWORD_COMMON"


@pytest.mark.parametrize("registration", ["closed", "invite"])
async def test_a_closed_installation_takes_nobody(infra: Stack, registration: str) -> None:
    async with running(infra, registration=registration) as auth:
        failure = await refusal(auth)
    assert (failure.code, failure.reason) == ("PERMISSION_DENIED", "REGISTRATION_CLOSED")


async def test_one_address_registers_a_few_and_then_waits(infra: Stack) -> None:
    async with running(infra, register_ip_limit="3/6") as auth:
        for _ in range(3):
            await auth.join(ip="198.51.100.1")
        failure = await refusal(auth, ip="198.51.100.1")
        await auth.join(ip="198.51.100.2")
    assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert failure.retry_after is not None
    assert 0 < failure.retry_after <= 6


async def test_without_redis_nobody_registers(infra: Stack) -> None:
    async with running(infra, redis_url=f"redis://127.0.0.1:{ports.free()}/0") as auth:
        failure = await refusal(auth)
    assert (failure.code, failure.reason) == ("UNAVAILABLE", DependencyUnavailable.reason)


async def test_moderators_see_every_account_and_others_only_their_own(auth: Auth, records: Records) -> None:
    ada, bob = await auth.join(), await auth.join()
    request = pb.GetAccountRequest(account_id=bob.account_id.upper())
    with pytest.raises(Failure) as refused:
        await auth.ask(auth.accounts.GetAccount, request, by=ada.account_id)
    unknown = pb.GetAccountRequest(account_id="01936f00-0000-7000-8000-000000000000")
    with pytest.raises(Failure) as missing:
        await auth.ask(auth.accounts.GetAccount, unknown, by=ada.account_id)
    assert (refused.value.reason, str(refused.value)) == (missing.value.reason, str(missing.value))
    assert refused.value.code == "NOT_FOUND"

    await records.appoint(ada.account_id, "moderator")
    assert (await auth.ask(auth.accounts.GetAccount, request, by=ada.account_id)).account == bob


@pytest.mark.parametrize("account_id", ["1", "' or 1=1 --", "x" * 36])
async def test_what_is_no_id_is_refused(auth: Auth, account_id: str) -> None:
    account = await auth.join()
    with pytest.raises(Failure) as refused:
        await auth.ask(auth.accounts.GetAccount, pb.GetAccountRequest(account_id=account_id), by=account.account_id)
    assert refused.value.reason == "INVALID_REQUEST"


async def test_nobody_s_account_cannot_be_read(auth: Auth) -> None:
    with pytest.raises(Failure) as refused:
        await auth.ask(auth.accounts.GetAccount, pb.GetAccountRequest())
    assert refused.value.reason == CallerUnknown.reason


@pytest.mark.parametrize(
    ("caller", "method", "request_message"),
    [
        ("users", "Register", register_request()),
        ("notifications", "GetAccount", pb.GetAccountRequest()),
        ("gateway", "IssueMailToken", pb.IssueMailTokenRequest()),
    ],
)
async def test_a_process_calls_what_the_contract_lets_it(
    auth: Auth, caller: str, method: str, request_message: Any
) -> None:
    channel = Channel(auth.settings.listen, auth.stack.credential(caller))
    with pytest.raises(Failure) as refused:
        await channel.call(getattr(channel.stub(rpc.AccountsStub), method), request_message)
    await channel.close()
    assert refused.value.reason == "CALLER_REFUSED"
