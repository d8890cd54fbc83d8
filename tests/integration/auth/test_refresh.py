import asyncio
import base64
import hashlib

import pytest

from chassis.errors import Failure
from messaging.auth.v1 import sessions_pb2 as pb
from messaging.auth.v1.events_pb2 import SessionRevoked

from .conftest import Auth, Records

# The end of one pool's patience, not of the promise.
BUSY = {"OVERLOADED", "CONTENTION"}


@pytest.fixture
async def tokens(auth: Auth) -> pb.Tokens:
    return await auth.log_in((await auth.join()).email)


async def refusal(auth: Auth, refresh: str, rotation_id: str = "") -> str:
    with pytest.raises(Failure) as refused:
        await auth.refresh(refresh, rotation_id)
    assert refused.value.code == "UNAUTHENTICATED"
    return refused.value.reason


async def shift(records: Records, tokens: pb.Tokens, column: str, seconds: float) -> None:
    await records.change(
        f"update sessions set {column} = {column} - make_interval(secs => :seconds) where session_id = :id",
        seconds=seconds,
        id=tokens.session_id,
    )


async def test_a_refresh_token_is_exchanged_for_its_successor(auth: Auth, tokens: pb.Tokens) -> None:
    second = await auth.refresh(tokens.refresh, ip="192.0.2.77")
    third = await auth.refresh(second.refresh)

    assert len({tokens.refresh, second.refresh, third.refresh}) == 3
    assert (third.session_id, third.user_id) == (tokens.session_id, tokens.user_id)
    claims = await auth.claims(third.access)
    assert (claims["sid"], claims["sub"]) == (tokens.session_id, tokens.user_id)
    listed = await auth.ask(auth.sessions.ListSessions, pb.ListSessionsRequest(), by=tokens.user_id)
    assert [session.ip for session in listed.sessions] == ["192.0.2.77"]


async def test_a_token_used_twice_ends_its_session(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    second = await auth.refresh(tokens.refresh)
    assert await refusal(auth, tokens.refresh) == "REFRESH_REUSED"
    # Nobody can tell the thief from the owner, so the successor ends as well.
    assert await refusal(auth, second.refresh) == "TOKEN_INVALID"
    assert await refusal(auth, tokens.refresh) == "TOKEN_INVALID"
    with pytest.raises(Failure):
        await auth.verify(second.access)

    kind, envelope = (await records.events(tokens.user_id))[-1]
    revoked = SessionRevoked.FromString(envelope.payload)
    assert (kind, revoked.session_id, revoked.account_id) == ("session_revoked", tokens.session_id, tokens.user_id)
    assert (await records.trail(tokens.session_id))[-1].action == "session.refresh_reused"
    answer = await auth.ask(auth.sessions.ListRevocations, pb.ListRevocationsRequest())
    assert tokens.session_id in {item.session_id for item in answer.revocations}


async def test_a_token_that_was_used_long_ago_still_ends_its_session(auth: Auth, tokens: pb.Tokens) -> None:
    refresh = tokens.refresh
    for _ in range(4):
        refresh = (await auth.refresh(refresh)).refresh
    assert await refusal(auth, tokens.refresh) == "REFRESH_REUSED"
    assert await refusal(auth, refresh) == "TOKEN_INVALID"


async def test_a_stolen_session_leaves_the_others_alone(auth: Auth) -> None:
    account = await auth.join()
    stolen, other = await auth.log_in(account.email), await auth.log_in(account.email)
    await auth.refresh(stolen.refresh)
    assert await refusal(auth, stolen.refresh) == "REFRESH_REUSED"
    await auth.refresh(other.refresh)


async def test_a_client_whose_reply_was_lost_gets_the_same_successor(auth: Auth, tokens: pb.Tokens) -> None:
    lost = await auth.refresh(tokens.refresh, "r1")
    again = await auth.refresh(tokens.refresh, "r1")
    assert again.refresh == lost.refresh
    assert (await auth.claims(again.access))["sid"] == tokens.session_id
    assert (await auth.refresh(again.refresh, "r2")).refresh != lost.refresh


async def test_another_rotation_id_is_another_client(auth: Auth, tokens: pb.Tokens) -> None:
    await auth.refresh(tokens.refresh, "r1")
    assert await refusal(auth, tokens.refresh, "r2") == "REFRESH_REUSED"


async def test_a_lost_reply_can_be_asked_for_during_a_minute(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    lost = await auth.refresh(tokens.refresh, "r1")
    await shift(records, tokens, "exchanged_at", 50)
    assert (await auth.refresh(tokens.refresh, "r1")).refresh == lost.refresh
    await shift(records, tokens, "exchanged_at", 11)
    assert await refusal(auth, tokens.refresh, "r1") == "REFRESH_REUSED"


async def test_of_fifty_at_once_one_gets_a_successor(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    answers = await asyncio.gather(*(auth.refresh(tokens.refresh) for _ in range(50)), return_exceptions=True)

    assert len([answer for answer in answers if not isinstance(answer, BaseException)]) == 1
    reasons = {answer.reason for answer in answers if isinstance(answer, Failure)}
    assert "REFRESH_REUSED" in reasons
    assert reasons <= {"REFRESH_REUSED", "TOKEN_INVALID", *BUSY}
    kinds = [kind for kind, _ in await records.events(tokens.user_id)]
    assert kinds.count("session_revoked") == 1


async def test_fifty_at_once_of_the_same_client_get_the_same_successor(auth: Auth, tokens: pb.Tokens) -> None:
    answers = await asyncio.gather(*(auth.refresh(tokens.refresh, "r1") for _ in range(50)), return_exceptions=True)

    given = {answer.refresh for answer in answers if not isinstance(answer, BaseException)}
    assert len(given) == 1
    assert {answer.reason for answer in answers if isinstance(answer, Failure)} <= BUSY
    await auth.refresh(given.pop())


async def test_nothing_in_the_database_is_a_token(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    second = await auth.refresh(tokens.refresh, "r1")
    [row] = await records.rows("select * from sessions where session_id = :id", id=tokens.session_id)
    stored = [bytes(value) for value in row if isinstance(value, memoryview | bytes)]
    for token in (tokens.refresh, second.refresh):
        raw = base64.urlsafe_b64decode(token)
        assert not any(part in value for value in stored for part in (raw[:16], raw[16:]))
    assert hashlib.sha256(base64.urlsafe_b64decode(second.refresh)[16:]).digest() == bytes(row.token_digest)


@pytest.mark.parametrize("text", ["x", "A" * 64, "é", "a.b.c", "A" * 512, "' or 1=1 --"])
async def test_what_was_never_a_token_is_refused(auth: Auth, text: str) -> None:
    assert await refusal(auth, text) == "TOKEN_INVALID"


async def test_knowing_a_session_is_not_enough_to_end_it(auth: Auth, tokens: pb.Tokens) -> None:
    raw = bytearray(base64.urlsafe_b64decode(tokens.refresh))
    raw[0] ^= 1
    assert await refusal(auth, base64.urlsafe_b64encode(raw).decode()) == "TOKEN_INVALID"
    await auth.refresh(tokens.refresh)


async def test_an_access_token_refreshes_nothing(auth: Auth, tokens: pb.Tokens) -> None:
    with pytest.raises(Failure) as refused:
        await auth.refresh(tokens.access)
    assert refused.value.reason == "TOKEN_INVALID"


async def test_a_session_ends_after_thirty_days_of_silence(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    await shift(records, tokens, "expires_at", 30 * 24 * 3600)
    assert await refusal(auth, tokens.refresh) == "TOKEN_INVALID"


async def test_a_session_ends_after_ninety_days_at_the_latest(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    await shift(records, tokens, "created_at", 80 * 24 * 3600)
    used = await auth.refresh(tokens.refresh)
    assert used.refresh_expire_time.seconds - tokens.refresh_expire_time.seconds == pytest.approx(
        -20 * 24 * 3600, abs=10
    )


async def test_a_new_role_shows_in_the_next_access_token(auth: Auth, tokens: pb.Tokens, records: Records) -> None:
    await records.appoint(tokens.user_id, "admin", "moderator")
    assert (await auth.claims((await auth.refresh(tokens.refresh)).access))["roles"] == ["admin", "moderator"]
