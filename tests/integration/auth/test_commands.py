import asyncio
import os
import sys

import pytest

from chassis.rpc.client import Channel
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import sessions_pb2, sessions_pb2_grpc
from tests.support.factories.accounts import PASSWORD, username

from .conftest import Auth, Records


@pytest.fixture(autouse=True)
async def nobody_governs(records: Records) -> None:
    """Begin each test without admins."""
    await records.change("update accounts set roles = '{}' where roles <> '{}'")


async def run(stack: Stack, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run `python -m services.auth` as the operator does; returns the exit code and all that was printed."""
    fast = {"DEBUG": "true", "PASSWORD_ITERATIONS": "1000", "LOG_LEVEL": "WARNING"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.auth", *arguments,
        env={**os.environ, **stack.environment("auth"), **fast, **variables},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def roles(records: Records, email: str) -> list[str]:
    [row] = await records.rows("select roles from accounts where lower(email) = :email", email=email.lower())
    return list(row.roles)


async def test_the_first_admin_is_made_of_nobody(auth: Auth, infra: Stack, records: Records) -> None:
    name = username("chief")
    code, printed = await run(
        infra, "admin", "--email", f"{name}@example.org", "--username", name.upper(), ADMIN_PASSWORD=PASSWORD
    )
    assert (code, PASSWORD in printed) == (0, False), printed
    assert f"{name} is the first admin" in printed
    tokens = await auth.log_in(f"{name}@example.org")
    assert (await auth.claims(tokens.access))["roles"] == ["admin"]
    kinds = [kind for kind, _ in await records.events(tokens.user_id)]
    assert kinds == ["account_registered", "role_changed", "session_revoked"]
    actions = [(record.action, record.actor_id) for record in await records.trail(tokens.user_id)]
    assert ("account.first_admin_appointed", "") in actions


async def test_the_first_admin_is_made_of_an_account(auth: Auth, infra: Stack, records: Records) -> None:
    account = await auth.join()
    code, printed = await run(infra, "admin", "--email", account.email.upper())
    assert code == 0, printed
    assert await roles(records, account.email) == ["admin"]


async def test_there_is_one_first_admin(auth: Auth, infra: Stack, records: Records) -> None:
    admin, account = await auth.join(), await auth.join()
    await records.appoint(admin.account_id, "admin")
    code, printed = await run(infra, "admin", "--email", account.email)
    assert code == 1
    assert "ADMIN_EXISTS" in printed
    assert "Traceback" not in printed
    assert await roles(records, account.email) == []


async def test_of_two_first_admins_at_once_one_is(auth: Auth, infra: Stack, records: Records) -> None:
    first, second = await auth.join(), await auth.join()
    answers = await asyncio.gather(*(run(infra, "admin", "--email", account.email) for account in (first, second)))
    assert sorted(code for code, _ in answers) == [0, 1]
    assert sorted([await roles(records, account.email) for account in (first, second)]) == [[], ["admin"]]


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("nobody", PASSWORD, "EMAIL_INVALID"),
        ("a-b-c@example.org", "password123", "PASSWORD_COMMON"),
        ("a b@example.org", PASSWORD, "EMAIL_INVALID"),
    ],
)
async def test_the_first_admin_keeps_the_rules_as_well(
    auth: Auth, infra: Stack, email: str, password: str, reason: str
) -> None:
    code, printed = await run(infra, "admin", "--email", email, ADMIN_PASSWORD=password)
    assert (code, reason in printed, "Traceback" in printed) == (1, True, False), printed


async def test_a_password_is_asked_for_on_a_terminal_only(infra: Stack) -> None:
    code, printed = await run(infra, "admin", "--email", f"{username()}@example.org")
    assert (code, "ADMIN_PASSWORD" in printed, "Traceback" in printed) == (1, True, False), printed


async def test_an_operator_rotates_keys(auth: Auth, infra: Stack, records: Records) -> None:
    await auth.log_in((await auth.join()).email)
    await records.change("delete from signing_keys where not_before > now()")
    [before] = await records.rows("select count(*) as n from signing_keys")
    code, printed = await run(infra, "rotate-keys")
    assert (code, "signs from" in printed) == (0, True), printed
    code, printed = await run(infra, "rotate-keys")
    assert (code, "already" in printed) == (0, True), printed
    [after] = await records.rows("select count(*) as n from signing_keys")
    assert after.n == before.n + 1


async def test_migrating_what_is_up_to_date_does_nothing(infra: Stack) -> None:
    owner = infra.database_url("auth", owner=True)
    code, printed = await run(infra, "migrate", MIGRATE_DATABASE_URL=owner)
    assert code == 0, printed


@pytest.mark.parametrize("arguments", [[], ["dance"], ["admin"]])
async def test_a_command_that_is_none_is_explained(infra: Stack, arguments: list[str]) -> None:
    code, printed = await run(infra, *arguments)
    assert (code, "usage:" in printed) == (2, True)


async def test_a_process_serves_until_it_is_told_to_stop(infra: Stack) -> None:
    listen = f"127.0.0.1:{ports.free()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.auth", "serve",
        env={**os.environ, **infra.environment("auth"), "LISTEN": listen, "METRICS_LISTEN": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    channel = Channel(listen, infra.credential("gateway"))
    async with asyncio.timeout(60):
        await channel.ready()
        answer = await channel.call(
            channel.stub(sessions_pb2_grpc.SessionsStub).GetKeySet, sessions_pb2.GetKeySetRequest(), retries=2
        )
        assert "Ed25519" in answer.jwks_json
        await channel.close()
        process.terminate()
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    assert b"drained" in printed
