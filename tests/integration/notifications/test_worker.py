"""Verification mails from a registration to the mail server: real worker and beat processes, which come and go."""

import asyncio
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio
from celery import Celery

from chassis.database import Database
from chassis.jobs import celery_app
from chassis.rpc.client import Channel
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import accounts_pb2_grpc as rpc
from messaging.auth.v1.events_pb2 import VerificationRequested
from tests.integration.notifications.conftest import Notifications, handled, rows, until
from tests.support.factories import envelopes
from tests.support.factories.notifications import user_id
from tests.support.factories.profiles import username
from tests.support.mailserver import MailServer
from tests.support.workers import beating, end, process

PASSWORD = "securepassword123"
MAILS = 100


@pytest.fixture
async def mailbox(service: Notifications, database: Database) -> AsyncIterator[MailServer]:
    # Of what other tests' people asked for, nothing is left to be heard of or to be sent.
    nobody = user_id()
    last = envelopes.envelope("verification_requested", nobody, VerificationRequested(account_id=nobody))
    await service.tell(last, source="auth")
    await handled(database, last, seconds=100)
    await rows(database, "delete from jobs returning 1")
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


def worker_environment(infra: Stack, mailbox: MailServer, **changes: str) -> dict[str, str]:
    environment = infra.environment("notifications-worker")
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mailbox.port), "EMAIL_USE_TLS": "False"}
    return {**environment, **mail, "METRICS_LISTEN": "", **changes}


@asynccontextmanager
async def working(infra: Stack, mailbox: MailServer, **changes: str) -> AsyncIterator[Process]:
    async with process(worker_environment(infra, mailbox, **changes), "services.notifications", "worker") as child:
        yield child


@asynccontextmanager
async def sweeping(infra: Stack, tmp_path: Path) -> AsyncIterator[Process]:
    """Beat, faster than usual."""
    async with beating(infra, tmp_path, {"notifications.sweep": "notifications"}) as child:
        yield child


async def register(auth: Channel) -> pb.Account:
    name = username("reader")
    request = pb.RegisterRequest(
        email=f"{name}@example.org", username=name, password=PASSWORD, first_name="Ada", last_name="Lovelace"
    )
    answer = await auth.call(auth.stub(rpc.AccountsStub).Register, request, timeout=20)
    account: pb.Account = answer.account
    return account


def to(mailbox: MailServer, account: pb.Account) -> list[int]:
    """Which mails are somebody's: other tests' people may still get theirs."""
    return [n for n, mail in enumerate(mailbox.mails) if mail["To"] == account.email]


async def mails_to(mailbox: MailServer, account: pb.Account, *, count: int = 1, seconds: float = MAILS) -> list[str]:
    """Wait for so many mails to somebody and return their texts."""

    async def found() -> list[str]:
        places = to(mailbox, account)
        return [mailbox.text(n) for n in places] if len(places) >= count else []

    texts: list[str] = await until(found, seconds=seconds)
    return texts


async def confirm(auth: Channel, text: str) -> bool:
    """Do what the mail says."""
    [token] = re.findall(r'{"token": "([^"]+)"}', text)
    answer = await auth.call(auth.stub(rpc.AccountsStub).VerifyEmail, pb.VerifyEmailRequest(token=token), timeout=30)
    return bool(answer.account.is_email_verified)


async def job_of(database: Database, account: pb.Account) -> tuple[str, str, int, str]:
    """Id, state, tries and error of the newest job for somebody."""
    statement = """
        select cast(id as text), state, tries, error from jobs where arguments like '%' || :account_id || '%'
        order by id desc limit 1
    """
    [found] = await until(lambda: rows(database, statement, account_id=account.account_id))
    job_id, state, tries, error = found
    return job_id, state, tries, error


async def reaches(
    database: Database, account: pb.Account, state: str, *, tries: int = 1, seconds: float = MAILS
) -> str:
    """Wait for the state and number of tries; returns the error."""

    async def is_there() -> bool:
        return (await job_of(database, account))[1:3] == (state, tries)

    await until(is_there, seconds=seconds)
    return (await job_of(database, account))[3]


async def make_due(database: Database) -> None:
    await rows(database, "update jobs set next_try = now() where state = 'waiting' returning id")


async def test_who_registers_gets_a_mail_whose_token_confirms_the_address(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database
) -> None:
    async with working(infra, mailbox):
        account = await register(auth)
        [text] = await mails_to(mailbox, account)
        assert text.startswith("Hello Ada,")
        assert f"{infra.environment('notifications-worker')['PUBLIC_URL']}/verify-email#token=" in text
        assert await confirm(auth, text)
        await reaches(database, account, "done")


async def test_when_there_is_nothing_left_to_confirm_no_mail_is_sent(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database
) -> None:
    unknown = pb.Account(account_id=user_id())
    requested = VerificationRequested(account_id=unknown.account_id)
    async with working(infra, mailbox):
        envelope = envelopes.envelope("verification_requested", unknown.account_id, requested)
        await service.tell(envelope, envelope, source="auth")
        await reaches(database, unknown, "done")
    assert mailbox.mails == []
    statement = "select count(*) from jobs where arguments like '%' || :id || '%'"
    assert await rows(database, statement, id=unknown.account_id) == [(1,)]


async def test_mail_waits_for_a_mail_server_that_is_down(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database, tmp_path: Path
) -> None:
    await mailbox.stop()
    async with working(infra, mailbox), sweeping(infra, tmp_path):
        account = await register(auth)

        async def has_failed() -> bool:
            return "ConnectionRefusedError" in (await job_of(database, account))[3]

        await until(has_failed, seconds=MAILS)
        await mailbox.start()
        [text] = await mails_to(mailbox, account)
        assert await confirm(auth, text)
        await reaches(database, account, "done", tries=2)


async def test_an_address_that_is_refused_for_good_is_given_up(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database
) -> None:
    mailbox.answer = "550 no such user"
    async with working(infra, mailbox):
        account = await register(auth)
        assert await reaches(database, account, "dead") == "Hopeless: the recipient is refused with 550"


async def test_a_mail_whose_worker_was_killed_is_sent_again_with_a_new_token(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database, tmp_path: Path
) -> None:
    kept = asyncio.Event()
    mailbox.on_kept, mailbox.delay = kept.set, 60
    async with working(infra, mailbox) as child:
        account = await register(auth)
        await asyncio.wait_for(kept.wait(), MAILS)
        # The server has the mail, the worker does not know.
        await end(child, signal.SIGKILL)
    assert (await job_of(database, account))[1:3] == ("waiting", 1)
    mailbox.delay = 0
    async with working(infra, mailbox), sweeping(infra, tmp_path):
        await asyncio.sleep(3)
        assert len(to(mailbox, account)) == 1  # its lease has not ended
        await make_due(database)
        first, second = await mails_to(mailbox, account, count=2)
        await reaches(database, account, "done", tries=2)
    assert len({mailbox.mails[n]["Message-ID"] for n in to(mailbox, account)}) == 1
    with pytest.raises(Exception, match="token"):
        await confirm(auth, first)
    assert await confirm(auth, second)


async def test_a_worker_that_is_told_to_end_finishes_its_mail(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database
) -> None:
    kept = asyncio.Event()
    mailbox.on_kept, mailbox.delay = kept.set, 1.5
    async with working(infra, mailbox) as child:
        account = await register(auth)
        await asyncio.wait_for(kept.wait(), MAILS)
        await end(child, signal.SIGTERM)
        assert child.returncode == 0
    assert (await job_of(database, account))[1:3] == ("done", 1)


async def test_what_was_told_while_the_broker_was_lost_is_found_by_the_sweep(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database, tmp_path: Path
) -> None:
    account = await register(auth)
    await job_of(database, account)
    broker = redis.asyncio.Redis.from_url(infra.environment("notifications")["CELERY_BROKER_URL"])
    await broker.flushall()
    await broker.aclose()
    async with working(infra, mailbox), sweeping(infra, tmp_path):
        [text] = await mails_to(mailbox, account)
        assert await confirm(auth, text)


async def test_worker_and_beat_survive_the_broker(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer, database: Database, tmp_path: Path
) -> None:
    async with working(infra, mailbox) as worker, sweeping(infra, tmp_path) as beat:
        [_] = await mails_to(mailbox, account := await register(auth))
        await asyncio.to_thread(infra.halt, "redis")
        try:
            requested = VerificationRequested(account_id=account.account_id)
            envelope = envelopes.envelope("verification_requested", account.account_id, requested)
            await service.tell(envelope, source="auth")
            await reaches(database, account, "waiting", tries=0)
            await asyncio.sleep(3)
        finally:
            await asyncio.to_thread(infra.start, "redis")
        _, second = await mails_to(mailbox, account, count=2, seconds=200)
        assert await confirm(auth, second)
        assert (worker.returncode, beat.returncode) == (None, None)
        await end(beat, signal.SIGTERM)
        assert beat.returncode == 0


async def test_only_json_is_taken_from_the_broker(
    infra: Stack, service: Notifications, auth: Channel, mailbox: MailServer
) -> None:
    app: Celery = celery_app("notifications", infra.environment("notifications")["CELERY_BROKER_URL"])
    async with working(infra, mailbox) as child:
        await asyncio.to_thread(app.send_task, "notifications.verification_mail", [b"\x00"], serializer="pickle")
        [_] = await mails_to(mailbox, await register(auth))
        assert child.returncode is None
    app.close()


async def test_a_worker_shows_that_it_works(infra: Stack, mailbox: MailServer) -> None:
    port = ports.free()
    async with working(infra, mailbox, METRICS_LISTEN=f"127.0.0.1:{port}"):

        async def answers() -> bool:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
            body = await reader.read()
            writer.close()
            return b"python_info" in body

        await until(answers, seconds=MAILS)
