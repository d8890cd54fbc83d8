import asyncio
import uuid
from typing import Any

import pytest

from chassis.errors import Failure
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import sessions_pb2
from messaging.auth.v1.events_pb2 import RoleChanged, SessionRevoked

from .conftest import Auth, Records

MODERATOR, ADMIN = pb.PLATFORM_ROLE_MODERATOR, pb.PLATFORM_ROLE_ADMIN
UNKNOWN = str(uuid.uuid4())


@pytest.fixture(autouse=True)
async def nobody_governs(records: Records) -> None:
    """Begin each test without admins."""
    await records.change("update accounts set roles = '{}' where roles <> '{}'")


class Office:
    """People with roles, and what they do to others."""

    def __init__(self, auth: Auth, records: Records) -> None:
        self.auth = auth
        self.records = records

    async def somebody(self, *roles: str) -> pb.Account:
        account = await self.auth.join()
        await self.records.appoint(account.account_id, *filter(None, roles))
        return account

    async def act(self, method: str, account_id: str, *, by: str, **fields: Any) -> pb.Account:
        request = getattr(pb, f"{method}Request")(account_id=account_id, **fields)
        answer = await self.auth.ask(getattr(self.auth.accounts, method), request, by=by)
        account: pb.Account = answer.account
        return account

    async def refusal(self, method: str, account_id: str, *, by: str, **fields: Any) -> tuple[str, str]:
        with pytest.raises(Failure) as refused:
            await self.act(method, account_id, by=by, **fields)
        return refused.value.code, refused.value.reason

    async def admins(self) -> int:
        statement = "select 1 from accounts where 'admin' = any(roles) and state = 'active'"
        return len(await self.records.rows(statement))


@pytest.fixture
def office(auth: Auth, records: Records) -> Office:
    return Office(auth, records)


INSUFFICIENT = ("PERMISSION_DENIED", "PLATFORM_ROLE_INSUFFICIENT")
LAST = ("FAILED_PRECONDITION", "LAST_ADMIN")
MISSING = ("NOT_FOUND", "ACCOUNT_NOT_FOUND")

# Who may do what to whom.
MATRIX = [
    (actor, method, target, is_allowed)
    for method, allowed in {
        "SetRoles": {("admin", target) for target in ("", "moderator", "admin")},
        "SuspendAccount": {("moderator", ""), ("moderator", "moderator")}
        | {("admin", target) for target in ("", "moderator", "admin")},
        "RestoreAccount": {("moderator", ""), ("moderator", "moderator")}
        | {("admin", target) for target in ("", "moderator", "admin")},
    }.items()
    for actor in ("", "moderator", "admin")
    for target in ("", "moderator", "admin")
    for is_allowed in [(actor, target) in allowed]
]


@pytest.mark.parametrize(("actor", "method", "target", "is_allowed"), MATRIX)
async def test_a_role_decides_what_somebody_may_do(
    office: Office, actor: str, method: str, target: str, is_allowed: bool
) -> None:
    who, whom = await office.somebody(actor), await office.somebody(target)
    await office.somebody("admin")
    if is_allowed:
        await office.act(method, whom.account_id, by=who.account_id)
    else:
        assert await office.refusal(method, whom.account_id, by=who.account_id) == INSUFFICIENT
        assert [record.action for record in await office.records.trail(whom.account_id)] == ["account.registered"]


@pytest.mark.parametrize("method", ["SetRoles", "SuspendAccount", "RestoreAccount"])
async def test_only_who_may_act_learns_that_there_is_no_account(office: Office, method: str) -> None:
    user, admin = await office.somebody(), await office.somebody("admin")
    assert await office.refusal(method, UNKNOWN, by=user.account_id) == INSUFFICIENT
    assert await office.refusal(method, UNKNOWN, by=admin.account_id) == MISSING


async def test_new_roles_count_and_old_tokens_do_not(office: Office) -> None:
    admin, account = await office.somebody("admin"), await office.somebody()
    tokens = await office.auth.log_in(account.email)
    changed = await office.act("SetRoles", account.account_id.upper(), by=admin.account_id, roles=[MODERATOR, ADMIN])

    assert list(changed.roles) == [MODERATOR, ADMIN]
    with pytest.raises(Failure):
        await office.auth.verify(tokens.access)
    again = await office.auth.log_in(account.email)
    assert (await office.auth.claims(again.access))["roles"] == ["admin", "moderator"]
    events = (await office.records.events(account.account_id))[-2:]
    assert [kind for kind, _ in events] == ["role_changed", "session_revoked"]
    assert list(RoleChanged.FromString(events[0][1].payload).roles) == [MODERATOR, ADMIN]
    assert SessionRevoked.FromString(events[1][1].payload).session_id == ""
    record = (await office.records.trail(account.account_id))[1]
    assert (record.action, record.actor_id) == ("account.roles_changed", admin.account_id)
    assert (record.before, record.after) == ({"roles": []}, {"roles": ["admin", "moderator"]})


async def test_the_same_roles_change_nothing(office: Office) -> None:
    admin, account = await office.somebody("admin"), await office.somebody("moderator")
    tokens = await office.auth.log_in(account.email)
    await office.act("SetRoles", account.account_id, by=admin.account_id, roles=[MODERATOR])
    await office.auth.verify(tokens.access)
    assert len(await office.records.events(account.account_id)) == 1


@pytest.mark.parametrize("roles", [[pb.PLATFORM_ROLE_USER], [pb.PLATFORM_ROLE_UNSPECIFIED], [ADMIN, ADMIN], [99]])
async def test_roles_that_nobody_can_be_given_are_refused(office: Office, roles: list[int]) -> None:
    admin = await office.somebody("admin")
    refusal = await office.refusal("SetRoles", admin.account_id, by=admin.account_id, roles=roles)
    assert refusal == ("INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_a_role_that_was_lost_a_moment_ago_is_lost(office: Office) -> None:
    first, second = await office.somebody("admin"), await office.somebody("admin")
    await office.act("SetRoles", second.account_id, by=first.account_id, roles=[])
    assert await office.refusal("SetRoles", first.account_id, by=second.account_id, roles=[]) == INSUFFICIENT


async def test_the_last_admin_stays(office: Office) -> None:
    admin = await office.somebody("admin")
    assert await office.refusal("SetRoles", admin.account_id, by=admin.account_id, roles=[MODERATOR]) == LAST
    assert await office.refusal("SuspendAccount", admin.account_id, by=admin.account_id) == LAST
    second = await office.somebody("admin")
    await office.act("SuspendAccount", second.account_id, by=admin.account_id)
    # A suspended admin looks after nothing.
    assert await office.refusal("SetRoles", admin.account_id, by=admin.account_id, roles=[]) == LAST
    await office.act("RestoreAccount", second.account_id, by=admin.account_id)
    await office.act("SetRoles", admin.account_id, by=admin.account_id, roles=[])
    assert await office.admins() == 1


@pytest.mark.parametrize("method", ["SetRoles", "SuspendAccount"])
async def test_two_admins_who_remove_each_other_at_once_leave_one(office: Office, method: str) -> None:
    for _ in range(5):
        first, second = [(await office.somebody("admin")).account_id for _ in range(2)]
        answers = await asyncio.gather(
            office.act(method, second, by=first), office.act(method, first, by=second), return_exceptions=True
        )
        assert [answer.reason for answer in answers if isinstance(answer, Failure)] == [INSUFFICIENT[1]]
        assert await office.admins() == 1
        await office.records.change("update accounts set roles = '{}', state = 'active' where roles <> '{}'")


async def test_a_suspended_account_cannot_be_used_until_it_is_restored(office: Office) -> None:
    moderator, account = await office.somebody("moderator"), await office.somebody()
    tokens = await office.auth.log_in(account.email)
    suspended = await office.act("SuspendAccount", account.account_id, by=moderator.account_id, comment="spam")
    assert suspended.state == pb.ACCOUNT_STATE_SUSPENDED
    for attempt in (office.auth.verify(tokens.access), office.auth.refresh(tokens.refresh)):
        with pytest.raises(Failure) as refused:
            await attempt
        assert refused.value.reason == "TOKEN_INVALID"
    with pytest.raises(Failure) as refused:
        await office.auth.log_in(account.email)
    assert refused.value.reason == "ACCOUNT_SUSPENDED"

    restored = await office.act("RestoreAccount", account.account_id, by=moderator.account_id)
    assert restored.state == pb.ACCOUNT_STATE_ACTIVE
    await office.auth.log_in(account.email)
    with pytest.raises(Failure):
        await office.auth.refresh(tokens.refresh)

    kinds = [kind for kind, _ in await office.records.events(account.account_id)]
    assert kinds == ["account_registered", "account_suspended", "session_revoked", "account_restored"]
    records = await office.records.trail(account.account_id)
    assert [record.action for record in records] == [
        "account.registered", "account.suspended", "session.all_ended", "account.restored",
    ]  # fmt: skip
    assert records[1].after == {"state": "suspended", "comment": "spam"}
    assert {record.actor_id for record in records[1:]} == {moderator.account_id}


@pytest.mark.parametrize("method", ["SuspendAccount", "RestoreAccount"])
async def test_doing_it_again_changes_nothing(office: Office, method: str) -> None:
    moderator, account = await office.somebody("moderator"), await office.somebody()
    await office.act(method, account.account_id, by=moderator.account_id)
    told = len(await office.records.events(account.account_id))
    await office.act(method, account.account_id, by=moderator.account_id)
    assert len(await office.records.events(account.account_id)) == told


async def test_a_repeated_request_gets_the_first_answer(office: Office) -> None:
    admin, account = await office.somebody("admin"), await office.somebody()
    first = await office.act("SuspendAccount", account.account_id, by=admin.account_id, request_id="r1")
    await office.act("RestoreAccount", account.account_id, by=admin.account_id)
    again = await office.act("SuspendAccount", account.account_id, by=admin.account_id, request_id="r1")
    assert again == first
    current = await office.auth.ask(office.auth.accounts.GetAccount, pb.GetAccountRequest(), by=account.account_id)
    assert current.account.state == pb.ACCOUNT_STATE_ACTIVE
    refusal = await office.refusal("SuspendAccount", admin.account_id, by=admin.account_id, request_id="r1")
    assert refusal == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")


async def test_a_login_during_a_suspension_does_not_outlive_it(office: Office) -> None:
    moderator, account = await office.somebody("moderator"), await office.somebody()
    answers = await asyncio.gather(
        *(office.auth.log_in(account.email) for _ in range(4)),
        office.act("SuspendAccount", account.account_id, by=moderator.account_id),
        return_exceptions=True,
    )
    for tokens in (answer for answer in answers if isinstance(answer, sessions_pb2.Tokens)):
        with pytest.raises(Failure):
            await office.auth.verify(tokens.access)
