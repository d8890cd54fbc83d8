import hashlib
from collections.abc import AsyncIterator

import pytest

from chassis.call import Call, Caller, serving
from chassis.errors import Failure
from chassis.rpc.client import Channel
from deploy.local.stack import Stack
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import accounts_pb2_grpc as rpc

from .conftest import Auth, Records, running


class Notifications:
    """The only one who may ask for the secrets of mails."""

    def __init__(self, auth: Auth) -> None:
        self.channel = Channel(auth.settings.listen, auth.stack.credential("notifications"))
        self._stub = self.channel.stub(rpc.AccountsStub)

    async def issue(self, account_id: str) -> pb.IssueMailTokenResponse:
        request = pb.IssueMailTokenRequest(account_id=account_id, purpose=pb.MAIL_PURPOSE_VERIFY_EMAIL)
        answer: pb.IssueMailTokenResponse = await self.channel.call(self._stub.IssueMailToken, request)
        return answer


@pytest.fixture
async def notifications(auth: Auth) -> AsyncIterator[Notifications]:
    caller = Notifications(auth)
    yield caller
    await caller.channel.close()


async def verify(auth: Auth, token: str) -> pb.Account:
    answer = await auth.ask(auth.accounts.VerifyEmail, pb.VerifyEmailRequest(token=token))
    account: pb.Account = answer.account
    return account


async def test_the_secret_of_a_mail_confirms_the_address(
    auth: Auth, notifications: Notifications, records: Records
) -> None:
    account = await auth.join(locale="fr")
    letter = await notifications.issue(account.account_id)

    assert (letter.email, letter.first_name, letter.locale) == (account.email, "Ada", "fr")
    assert (await verify(auth, letter.token)).is_email_verified
    assert [kind for kind, _ in await records.events(account.account_id)] == ["account_registered", "email_verified"]
    assert (await records.trail(account.account_id))[-1].action == "account.email_verified"


async def test_confirming_twice_confirms_once(auth: Auth, notifications: Notifications, records: Records) -> None:
    account = await auth.join()
    letter = await notifications.issue(account.account_id)
    assert await verify(auth, letter.token) == await verify(auth, letter.token)
    assert [kind for kind, _ in await records.events(account.account_id)].count("email_verified") == 1


async def test_only_the_digest_of_a_secret_is_kept(auth: Auth, notifications: Notifications, records: Records) -> None:
    account = await auth.join()
    letter = await notifications.issue(account.account_id)
    [row] = await records.rows("select * from mail_tokens where account_id = :id", id=account.account_id)
    assert bytes(row.digest) == hashlib.sha256(letter.token.encode()).digest()
    assert len(letter.token) >= 40


async def test_a_newer_mail_replaces_an_older_one(auth: Auth, notifications: Notifications) -> None:
    account = await auth.join()
    older, newer = [await notifications.issue(account.account_id) for _ in range(2)]
    with pytest.raises(Failure) as refused:
        await verify(auth, older.token)
    assert (refused.value.code, refused.value.reason) == ("UNAUTHENTICATED", "TOKEN_INVALID")
    assert (await verify(auth, newer.token)).account_id == account.account_id


async def test_a_secret_ends_after_a_day(auth: Auth, notifications: Notifications, records: Records) -> None:
    account = await auth.join()
    letter = await notifications.issue(account.account_id)
    left = letter.expire_time.seconds - account.create_time.seconds
    assert 24 * 3600 <= left <= 24 * 3600 + 60
    await records.change("update mail_tokens set expires_at = now() where account_id = :id", id=account.account_id)
    with pytest.raises(Failure) as refused:
        await verify(auth, letter.token)
    assert refused.value.reason == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["x", "é", "x" * 512, "' or 1=1 --"])
async def test_an_invented_secret_is_refused(auth: Auth, token: str) -> None:
    with pytest.raises(Failure) as refused:
        await verify(auth, token)
    assert refused.value.reason == "TOKEN_INVALID"


async def test_there_is_no_secret_for_who_has_nothing_to_confirm(
    auth: Auth, notifications: Notifications, records: Records
) -> None:
    confirmed, suspended = await auth.join(), await auth.join()
    await verify(auth, (await notifications.issue(confirmed.account_id)).token)
    await records.change("update accounts set state = 'suspended' where account_id = :id", id=suspended.account_id)
    for account_id in (confirmed.account_id, suspended.account_id, "01936f00-0000-7000-8000-000000000000"):
        with pytest.raises(Failure) as refused:
            await notifications.issue(account_id)
        assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")


async def resend(auth: Auth, account_id: str, request_id: str = "") -> None:
    await auth.ask(auth.accounts.ResendVerification, pb.ResendVerificationRequest(request_id=request_id), by=account_id)


async def test_another_mail_can_be_asked_for(auth: Auth, records: Records) -> None:
    account = await auth.join()
    await resend(auth, account.account_id)
    assert [kind for kind, _ in await records.events(account.account_id)][1:] == ["verification_requested"]


async def test_a_repeated_request_asks_for_one_mail(auth: Auth, records: Records) -> None:
    account = await auth.join()
    for _ in range(2):
        await resend(auth, account.account_id, request_id="r1")
    assert len(await records.events(account.account_id)) == 2


async def test_who_is_confirmed_gets_no_further_mail(
    auth: Auth, notifications: Notifications, records: Records
) -> None:
    account = await auth.join()
    await verify(auth, (await notifications.issue(account.account_id)).token)
    await resend(auth, account.account_id)
    assert [kind for kind, _ in await records.events(account.account_id)][-1] == "email_verified"


async def test_nobody_is_flooded_with_mails(infra: Stack) -> None:
    async with running(infra, resend_limit="2/1200") as auth:
        account = await auth.join()
        for _ in range(2):
            await resend(auth, account.account_id)
        with pytest.raises(Failure) as refused:
            await resend(auth, account.account_id)
    assert refused.value.reason == "RATE_LIMITED"


async def test_nobody_cannot_ask_for_a_mail(auth: Auth) -> None:
    with pytest.raises(Failure) as refused:
        await auth.ask(auth.accounts.ResendVerification, pb.ResendVerificationRequest())
    assert refused.value.reason == "CALLER_UNKNOWN"


async def test_only_the_gateway_confirms(auth: Auth, notifications: Notifications) -> None:
    stub = notifications.channel.stub(rpc.AccountsStub)
    with serving(Call(caller=Caller("somebody"))), pytest.raises(Failure) as refused:
        await notifications.channel.call(stub.VerifyEmail, pb.VerifyEmailRequest(token="x"))
    assert refused.value.reason == "CALLER_REFUSED"
