import asyncio
import hashlib
import threading
import time
from typing import Any

import pytest

from chassis.call import Call, serving
from chassis.errors import Failure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import sessions_pb2 as pb
from services.auth.model.passwords import PasswordHash
from tests.support.factories.accounts import PASSWORD, username

from .conftest import Auth, Records, running

WRONG = "another password"


async def refusal(auth: Auth, email: str, password: str = PASSWORD, ip: str = "") -> Failure:
    with pytest.raises(Failure) as refused:
        await auth.log_in(email, password, ip=ip)
    return refused.value


def told(failure: Failure) -> tuple[object, ...]:
    """All that the caller learns."""
    return failure.code, failure.reason, failure.domain, str(failure), failure.metadata, failure.retry_after


async def test_the_right_password_opens_a_session(auth: Auth, records: Records) -> None:
    account = await auth.join()
    begun = time.time()
    tokens = await auth.log_in(account.email, device="a phone", ip="192.0.2.5")
    claims = await auth.claims(tokens.access)

    assert claims.keys() == {"iss", "aud", "sub", "sid", "jti", "typ", "roles", "iat", "exp"}
    assert (claims["iss"], claims["aud"], claims["typ"]) == (auth.settings.issuer, "messaging", "access")
    assert (claims["sub"], claims["sid"], claims["roles"]) == (account.account_id, tokens.session_id, [])
    assert begun - 1 <= claims["iat"] <= time.time() + 1
    assert 299 <= claims["exp"] - claims["iat"] <= 300
    assert claims["exp"] == tokens.access_expire_time.seconds
    assert tokens.user_id == account.account_id
    assert tokens.refresh_expire_time.seconds == pytest.approx(begun + 30 * 24 * 3600, abs=10)
    [record] = await records.trail(tokens.session_id)
    assert (record.action, record.actor_id, record.client_ip) == ("session.begun", account.account_id, "192.0.2.5")


async def test_the_address_may_be_typed_in_whatever_case(auth: Auth) -> None:
    account = await auth.join()
    assert (await auth.log_in(account.email.upper())).user_id == account.account_id


async def test_a_domain_may_be_typed_as_people_write_it(auth: Auth) -> None:
    name = username()
    account = await auth.join(username=name, email=f"{name}@bücher.example.org")
    assert (await auth.log_in(f"{name}@bücher.example.org")).user_id == account.account_id


async def test_nobody_learns_whether_an_address_is_known(auth: Auth, records: Records) -> None:
    known, suspended = await auth.join(), await auth.join()
    await records.change("update accounts set state = 'suspended' where account_id = :id", id=suspended.account_id)
    wrong = await refusal(auth, known.email, WRONG)

    assert (wrong.code, wrong.reason) == ("UNAUTHENTICATED", "CREDENTIALS_INVALID")
    for email in (f"{username()}@example.org", suspended.email, "no address", "é@example.org"):
        assert told(await refusal(auth, email, WRONG)) == told(wrong)


async def test_a_refusal_takes_the_same_work_whether_an_address_is_known(
    infra: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived: list[tuple[str, int]] = []
    derive = hashlib.pbkdf2_hmac

    def counted(name: str, password: bytes, salt: bytes, iterations: int) -> bytes:
        derived.append((name, iterations))
        return derive(name, password, salt, iterations)

    async with running(infra, password_iterations=2000) as auth:
        known = (await auth.join()).email
        monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
        work = []
        for email in (known, f"{username()}@example.org"):
            derived.clear()
            await refusal(auth, email, WRONG)
            work.append(list(derived))
    # The hash is what takes time; measuring the time itself would only measure the machine.
    assert work[0] == work[1] == [("sha256", 2000)]


async def test_a_suspended_account_is_told_so_after_the_right_password_only(auth: Auth, records: Records) -> None:
    account = await auth.join()
    await records.change("update accounts set state = 'suspended' where account_id = :id", id=account.account_id)
    failure = await refusal(auth, account.email)
    assert (failure.code, failure.reason) == ("PERMISSION_DENIED", "ACCOUNT_SUSPENDED")
    assert await records.rows("select 1 from sessions where account_id = :id", id=account.account_id) == []


async def stored_iterations(records: Records, account_id: str) -> int:
    [row] = await records.rows("select password_hash from accounts where account_id = :id", id=account_id)
    return PasswordHash.parse(row.password_hash).iterations


async def test_a_login_renews_a_hash_that_is_out_of_date(auth: Auth, infra: Stack, records: Records) -> None:
    account = await auth.join()
    async with running(infra, password_iterations=3000) as later:
        await refusal(later, account.email, WRONG)
        assert await stored_iterations(records, account.account_id) == 1000
        await later.log_in(account.email)
        assert await stored_iterations(records, account.account_id) == 3000
        await later.log_in(account.email)
    await auth.log_in(account.email)
    assert await stored_iterations(records, account.account_id) == 3000


async def test_two_logins_that_renew_the_same_hash_both_end_well(auth: Auth, infra: Stack) -> None:
    account = await auth.join()
    async with running(infra, password_iterations=3000) as later:
        answers = await asyncio.gather(*(later.log_in(account.email) for _ in range(2)), return_exceptions=True)
        # The slower one compared with what is no longer stored: it may be told to repeat, which then succeeds.
        assert {answer.code for answer in answers if isinstance(answer, Failure)} <= {"UNAVAILABLE"}
        await later.log_in(account.email)


async def test_guessing_one_account_is_slowed_down(infra: Stack) -> None:
    async with running(infra, login_limit="5/6") as auth:
        account = await auth.join()
        for n in range(5):
            assert (await refusal(auth, account.email, WRONG, ip=f"198.51.100.{n}")).reason == "CREDENTIALS_INVALID"
        failure = await refusal(auth, account.email.upper(), ip="198.51.100.9")
        unknown = f"{username()}@example.org"
        for _ in range(5):
            assert (await refusal(auth, unknown, WRONG)).reason == "CREDENTIALS_INVALID"
        # An account that does not exist is slowed down as well.
        assert (await refusal(auth, unknown, WRONG)).reason == "RATE_LIMITED"
    assert (failure.code, failure.reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
    assert failure.retry_after is not None
    assert 0 < failure.retry_after <= 6


async def test_guessing_from_one_address_is_slowed_down(infra: Stack) -> None:
    async with running(infra, login_ip_limit="20/3") as auth:
        account = await auth.join()
        for _ in range(20):
            assert (await refusal(auth, f"{username()}@example.org", ip="203.0.113.1")).code == "UNAUTHENTICATED"
        assert (await refusal(auth, account.email, ip="203.0.113.1")).reason == "RATE_LIMITED"
        await auth.log_in(account.email, ip="203.0.113.2")


async def test_without_redis_nobody_logs_in(auth: Auth, infra: Stack) -> None:
    account = await auth.join()
    async with running(infra, redis_url=f"redis://127.0.0.1:{ports.free()}/0") as blind:
        failure = await refusal(blind, account.email)
        tokens = await auth.log_in(account.email)
        # Who is logged in stays so.
        await blind.refresh(tokens.refresh)
    assert (failure.code, failure.reason) == ("UNAVAILABLE", "DEPENDENCY_UNAVAILABLE")
    assert failure.retry_after


async def test_a_flood_of_logins_is_refused_and_leaves_everything_else_alone(
    infra: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    derive, begun, may_end = hashlib.pbkdf2_hmac, threading.Semaphore(0), threading.Event()

    def hold(*args: Any) -> bytes:
        begun.release()
        may_end.wait(60)
        return derive(*args)

    async with running(infra) as auth:
        account = await auth.join()
        tokens = await auth.log_in(account.email)
        request = pb.CreateSessionRequest(email=account.email, password=PASSWORD)
        monkeypatch.setattr(hashlib, "pbkdf2_hmac", hold)
        places = auth.settings.hashing_places
        with serving(Call(request_id="a-test")):
            calls = [auth.channel.call(auth.sessions.CreateSession, request, timeout=60) for _ in range(24)]
            flood = [asyncio.create_task(each) for each in calls]
        try:
            for _ in range(places):
                assert await asyncio.to_thread(begun.acquire, timeout=30)
            # Waiting for a place to hash holds no transaction and no connection.
            await auth.verify(tokens.access)
            while sum(login.done() for login in flood) < len(flood) - places:
                await asyncio.sleep(0.05)
        finally:
            may_end.set()
        answers = await asyncio.gather(*flood, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Failure)]
    busy = {failure.retry_after for failure in refused if failure.reason == "HASHING_BUSY"}
    assert busy == {1.0}
    # On a machine that does too much else, the limiter's patience may end first.
    assert {failure.reason for failure in refused} <= {"HASHING_BUSY", "DEPENDENCY_UNAVAILABLE"}
    assert len(refused) == len(flood) - places


@pytest.mark.parametrize(
    "fields",
    [{"email": ""}, {"password": ""}, {"password": "x" * 257}, {"email": "a\x00@example.org"}, {"device": "x" * 301},
     {"ip": "x" * 65}],
)  # fmt: skip
async def test_what_the_contract_does_not_allow_is_refused(auth: Auth, fields: dict[str, str]) -> None:
    request = pb.CreateSessionRequest(**{"email": "ada@example.org", "password": PASSWORD, **fields})
    with pytest.raises(Failure) as refused:
        await auth.ask(auth.sessions.CreateSession, request)
    assert refused.value.reason == "INVALID_REQUEST"
