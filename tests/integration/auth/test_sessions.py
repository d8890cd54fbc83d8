import asyncio
import uuid

import pytest

from chassis.errors import Failure
from messaging.auth.v1 import accounts_pb2
from messaging.auth.v1 import sessions_pb2 as pb
from messaging.auth.v1.events_pb2 import SessionRevoked
from services.auth.store import revocations, sessions

from .conftest import Auth, Records


@pytest.fixture
async def account(auth: Auth) -> accounts_pb2.Account:
    return await auth.join()


async def listing(auth: Auth, account_id: str, **fields: str | int) -> pb.ListSessionsResponse:
    request = pb.ListSessionsRequest(**fields)  # type: ignore[arg-type]
    answer: pb.ListSessionsResponse = await auth.ask(auth.sessions.ListSessions, request, by=account_id)
    return answer


async def end(auth: Auth, account_id: str, session_id: str, request_id: str = "") -> None:
    request = pb.EndSessionRequest(session_id=session_id, request_id=request_id)
    await auth.ask(auth.sessions.EndSession, request, by=account_id)


async def end_all(auth: Auth, account_id: str, request_id: str = "") -> int:
    request = pb.EndAllSessionsRequest(request_id=request_id)
    answer = await auth.ask(auth.sessions.EndAllSessions, request, by=account_id)
    return int(answer.ended_count)


async def revoked(auth: Auth, account_id: str) -> list[pb.Revocation]:
    answer = await auth.ask(auth.sessions.ListRevocations, pb.ListRevocationsRequest())
    return [item for item in answer.revocations if item.user_id == account_id]


async def is_good(auth: Auth, token: str) -> bool:
    try:
        await auth.verify(token)
    except Failure as failure:
        if failure.reason == "TOKEN_INVALID":
            return False
        raise
    return True


async def test_sessions_are_listed_most_recently_used_first(auth: Auth, account: accounts_pb2.Account) -> None:
    phone, laptop = [await auth.log_in(account.email, device=name, ip="192.0.2.3") for name in ("phone", "laptop")]
    answer = await auth.ask(
        auth.sessions.ListSessions, pb.ListSessionsRequest(), by=account.account_id, session_id=phone.session_id
    )
    assert [(item.device, item.is_current, item.ip) for item in answer.sessions] == [
        ("laptop", False, "192.0.2.3"),
        ("phone", True, "192.0.2.3"),
    ]
    await auth.refresh(phone.refresh)
    assert [item.session_id for item in (await listing(auth, account.account_id)).sessions] == [
        phone.session_id,
        laptop.session_id,
    ]


async def test_a_list_is_read_in_pages_forth_and_back(auth: Auth, account: accounts_pb2.Account) -> None:
    opened = [(await auth.log_in(account.email)).session_id for _ in range(5)][::-1]
    pages = [await listing(auth, account.account_id, page_size=2)]
    while pages[-1].next_page_token:
        pages.append(await listing(auth, account.account_id, page_size=2, page_token=pages[-1].next_page_token))
    assert [[item.session_id for item in page.sessions] for page in pages] == [opened[:2], opened[2:4], opened[4:]]
    assert pages[0].previous_page_token == ""
    back = await listing(auth, account.account_id, page_size=2, page_token=pages[2].previous_page_token)
    assert [item.session_id for item in back.sessions] == opened[2:4]
    assert back.next_page_token
    first = await listing(auth, account.account_id, page_size=2, page_token=back.previous_page_token)
    assert [item.session_id for item in first.sessions] == opened[:2]
    assert first.previous_page_token == ""


async def test_a_page_token_is_for_one_s_own_list(auth: Auth, account: accounts_pb2.Account) -> None:
    for _ in range(2):
        await auth.log_in(account.email)
    token = (await listing(auth, account.account_id, page_size=1)).next_page_token
    other = await auth.join()
    for page_token in (token, "x", token[:-2]):
        with pytest.raises(Failure) as refused:
            await listing(auth, other.account_id, page_token=page_token)
        assert refused.value.reason == "INVALID_PAGE_TOKEN"


async def test_an_ended_session_is_worth_nothing(auth: Auth, account: accounts_pb2.Account, records: Records) -> None:
    tokens, other = await auth.log_in(account.email), await auth.log_in(account.email)
    await end(auth, account.account_id, tokens.session_id.upper())

    assert not await is_good(auth, tokens.access)
    assert not await is_good(auth, tokens.refresh)
    assert await is_good(auth, other.access)
    assert await is_good(auth, other.refresh)
    with pytest.raises(Failure) as refused:
        await auth.refresh(tokens.refresh)
    assert refused.value.reason == "TOKEN_INVALID"
    [revocation] = await revoked(auth, account.account_id)
    assert revocation.session_id == tokens.session_id
    assert revocation.not_before_time.ToMicroseconds() / 1e6 > (await auth.claims(tokens.access))["iat"]
    kind, envelope = (await records.events(account.account_id))[-1]
    event = SessionRevoked.FromString(envelope.payload)
    assert (kind, event.session_id, event.not_before_time) == (
        "session_revoked",
        tokens.session_id,
        revocation.not_before_time,
    )
    record = (await records.trail(tokens.session_id))[-1]
    assert (record.action, record.actor_id, record.client_ip) == ("session.ended", account.account_id, "192.0.2.9")


async def test_only_one_s_own_open_sessions_can_be_ended(auth: Auth, account: accounts_pb2.Account) -> None:
    tokens, stranger = await auth.log_in(account.email), await auth.join()
    refusals = []
    for by, session_id in ((stranger.account_id, tokens.session_id), (account.account_id, str(uuid.uuid4()))):
        with pytest.raises(Failure) as refused:
            await end(auth, by, session_id)
        refusals.append((refused.value.code, refused.value.reason, str(refused.value)))
    assert refusals[0] == refusals[1]
    assert refusals[0][:2] == ("NOT_FOUND", "SESSION_NOT_FOUND")
    assert await is_good(auth, tokens.access)


async def test_a_repeated_request_gets_the_first_answer(auth: Auth, account: accounts_pb2.Account) -> None:
    tokens = await auth.log_in(account.email)
    for _ in range(2):
        await end(auth, account.account_id, tokens.session_id, request_id="r1")
    assert len(await revoked(auth, account.account_id)) == 1
    with pytest.raises(Failure) as refused:
        await end(auth, account.account_id, tokens.session_id, request_id="r2")
    assert refused.value.reason == "SESSION_NOT_FOUND"


async def test_of_two_who_end_a_session_at_once_one_does(auth: Auth, account: accounts_pb2.Account) -> None:
    tokens = await auth.log_in(account.email)
    answers = await asyncio.gather(
        *(end(auth, account.account_id, tokens.session_id) for _ in range(2)), return_exceptions=True
    )
    assert [answer.reason for answer in answers if isinstance(answer, Failure)] == ["SESSION_NOT_FOUND"]
    assert len(await revoked(auth, account.account_id)) == 1


async def test_all_sessions_end_together(auth: Auth, account: accounts_pb2.Account, records: Records) -> None:
    opened = [await auth.log_in(account.email) for _ in range(3)]
    stranger = await auth.log_in((await auth.join()).email)
    assert [await end_all(auth, account.account_id, request_id="r1") for _ in range(2)] == [3, 3]

    assert not any([await is_good(auth, token) for tokens in opened for token in (tokens.access, tokens.refresh)])
    assert await is_good(auth, stranger.access)
    assert list((await listing(auth, account.account_id)).sessions) == []
    [revocation] = await revoked(auth, account.account_id)
    assert revocation.session_id == ""
    assert (await records.trail(account.account_id))[-1].after == {"ended": 3}


async def test_a_login_right_after_counts(auth: Auth, account: accounts_pb2.Account) -> None:
    for _ in range(3):
        await auth.log_in(account.email)
        await end_all(auth, account.account_id)
        tokens = await auth.log_in(account.email)
        newest = max(item.not_before_time.ToMicroseconds() for item in await revoked(auth, account.account_id)) / 1e6
        # The same second, and yet later.
        assert (await auth.claims(tokens.access))["iat"] >= newest
        assert await is_good(auth, tokens.access)


async def test_whatever_was_issued_meanwhile_ends_or_counts(auth: Auth, account: accounts_pb2.Account) -> None:
    """Logins and refreshes at the same time as the end of all: no token is both good and refused by gateways."""
    opened = [await auth.log_in(account.email) for _ in range(4)]
    answers = await asyncio.gather(
        *(auth.refresh(tokens.refresh) for tokens in opened),
        end_all(auth, account.account_id),
        *(auth.log_in(account.email) for _ in range(4)),
        return_exceptions=True,
    )
    newest = max(item.not_before_time.ToMicroseconds() for item in await revoked(auth, account.account_id)) / 1e6
    for tokens in (answer for answer in answers if isinstance(answer, pb.Tokens)):
        is_after = (await auth.claims(tokens.access))["iat"] >= newest
        assert await is_good(auth, tokens.access) == is_after


async def test_revocations_are_listed_for_six_minutes(
    auth: Auth, account: accounts_pb2.Account, records: Records
) -> None:
    tokens = await auth.log_in(account.email)
    await end(auth, account.account_id, tokens.session_id)
    age = "update revocations set not_before = now() - make_interval(secs => :age) where account_id = :id"
    await records.change(age, age=355, id=account.account_id)
    assert len(await revoked(auth, account.account_id)) == 1
    await records.change(age, age=361, id=account.account_id)
    assert await revoked(auth, account.account_id) == []
    assert await records.owner.run(revocations.forget_old) >= 1


async def test_sessions_whose_time_is_over_are_deleted(
    auth: Auth, account: accounts_pb2.Account, records: Records
) -> None:
    over, open_still = await auth.log_in(account.email), await auth.log_in(account.email)
    await records.change("update sessions set expires_at = now() where session_id = :id", id=over.session_id)
    assert await records.owner.run(sessions.forget_expired, count=500) >= 1
    left = await records.rows("select session_id from sessions where account_id = :id", id=account.account_id)
    assert [str(row.session_id) for row in left] == [open_still.session_id]


@pytest.mark.parametrize("method", ["EndSession", "EndAllSessions", "ListSessions"])
async def test_nobody_has_no_sessions(auth: Auth, method: str) -> None:
    request = getattr(pb, f"{method}Request")()
    if method == "EndSession":
        request.session_id = str(uuid.uuid4())
    with pytest.raises(Failure) as refused:
        await auth.ask(getattr(auth.sessions, method), request)
    assert refused.value.reason == "CALLER_UNKNOWN"
