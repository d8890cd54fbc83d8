import asyncio
import json
from datetime import timedelta

import jwt
import pytest

from chassis.crypto import Box
from chassis.database import Database
from deploy.local import ports
from messaging.auth.v1 import sessions_pb2 as pb
from services.auth.bus import publish
from services.auth.domain import keys
from services.auth.jobs.upkeep import Upkeep

from .conftest import Auth, Records

MONTH = timedelta(days=30)


async def shown(auth: Auth) -> list[dict[str, str]]:
    answer = await auth.ask(auth.sessions.GetKeySet, pb.GetKeySetRequest())
    found: list[dict[str, str]] = json.loads(answer.jwks_json)["keys"]
    return found


async def ids(auth: Auth) -> list[str]:
    return [key["kid"] for key in await shown(auth)]


@pytest.fixture
def box(auth: Auth) -> Box:
    return Box([auth.settings.secret_key])


@pytest.fixture(autouse=True)
async def one_key(auth: Auth, records: Records) -> None:
    """Begin each test with the first key of an installation."""
    await records.change("delete from signing_keys")
    await shown(auth)


def jwt_kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def age(records: Records, **by: float) -> None:
    await records.change(
        "update signing_keys set not_before = not_before - make_interval(secs => :s)", s=timedelta(**by).total_seconds()
    )


async def test_the_key_set_shows_public_halves_only(auth: Auth) -> None:
    [key] = await shown(auth)
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")


async def test_a_private_half_is_sealed_and_stays_in_its_place(auth: Auth, records: Records, box: Box) -> None:
    key_id, private = await records.owner.run(keys.signer, box=box)
    [row] = await records.rows("select * from signing_keys")
    assert row.key_id == key_id
    assert private.private_bytes_raw() not in bytes(row.sealed_private_key)
    assert private.public_key().public_bytes_raw() == bytes(row.public_key)
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, it does not open
        box.open(bytes(row.sealed_private_key), context=("signing_keys", "sealed_private_key", "another"))


async def test_replicas_make_one_first_key(records: Records, database: Database, box: Box) -> None:
    await records.change("delete from signing_keys")
    documents = await asyncio.gather(*(database.run(keys.key_set, box=box) for _ in range(6)))
    assert len(set(documents)) == 1
    assert len(json.loads(documents[0])["keys"]) == 1


async def test_a_key_is_shown_before_it_signs(auth: Auth, database: Database, box: Box) -> None:
    email = (await auth.join()).email
    [first] = await ids(auth)
    added = await database.run(keys.rotate, box=box)
    assert added is not None
    assert await ids(auth) == [first, added.key_id]
    # A gateway that has just fetched the set can verify everything signed for a quarter of an hour.
    tokens = await auth.log_in(email)
    assert (await auth.claims(tokens.access))["sub"] == tokens.user_id
    assert jwt_kid(tokens.access) == first


async def test_no_verification_fails_while_keys_rotate(
    auth: Auth, database: Database, records: Records, box: Box
) -> None:
    """Rotate twice under traffic, as fast as clocks allow: every token stays good, also for old key sets."""
    tokens = await auth.log_in((await auth.join()).email)
    issued = [tokens.access]
    signed_with = set()
    for _ in range(2):
        await database.run(keys.rotate, box=box, ahead=timedelta(seconds=0.3))
        for _ in range(8):
            tokens = await auth.refresh(tokens.refresh)
            issued.append(tokens.access)
            signed_with.add(jwt_kid(tokens.access))
            for token in issued:
                assert (await auth.verify(token)).user_id == tokens.user_id
                await auth.claims(token)
            await asyncio.sleep(0.05)
    assert len(signed_with) == 3


async def test_a_replaced_key_is_shown_until_its_last_token_has_expired(
    auth: Auth, database: Database, records: Records, box: Box
) -> None:
    [first] = await ids(auth)
    added = await database.run(keys.rotate, box=box)
    assert added is not None
    await age(records, minutes=15 + 6)
    await database.run(keys.keep_fresh, box=box, max_age=MONTH)
    assert await ids(auth) == [first, added.key_id]
    await age(records, minutes=4)
    assert await ids(auth) == [added.key_id]
    await database.run(keys.keep_fresh, box=box, max_age=MONTH)
    assert [row.key_id for row in await records.rows("select key_id from signing_keys")] == [added.key_id]
    assert [record.action for record in await records.trail(first)] == ["signing_key.added", "signing_key.forgotten"]


async def test_the_next_key_comes_by_itself_when_one_is_old(
    auth: Auth, database: Database, records: Records, box: Box
) -> None:
    await age(records, days=29)
    await database.run(keys.keep_fresh, box=box, max_age=MONTH)
    assert len(await ids(auth)) == 1
    await age(records, days=1)
    # Every replica looks; one adds.
    await asyncio.gather(*(database.run(keys.keep_fresh, box=box, max_age=MONTH) for _ in range(4)))
    assert len(await ids(auth)) == 2


async def test_an_impatient_operator_gets_one_next_key(auth: Auth, database: Database, box: Box) -> None:
    answers = await asyncio.gather(*(database.run(keys.rotate, box=box) for _ in range(4)))
    assert len([key for key in answers if key is not None]) == 1
    assert len(await ids(auth)) == 2


async def test_upkeep_makes_the_first_key(auth: Auth, database: Database, records: Records, box: Box) -> None:
    await records.change("delete from signing_keys")
    await database.run(keys.keep_fresh, box=box, max_age=MONTH)
    [row] = await records.rows("select key_id from signing_keys")
    assert await ids(auth) == [row.key_id]


async def test_upkeep_waits_an_outage_out(box: Box) -> None:
    nowhere = Database(f"postgresql://auth@127.0.0.1:{ports.free()}/auth", service="auth", encode=publish.encode)
    upkeep = asyncio.create_task(Upkeep(nowhere, box, key_age=MONTH).run())
    await asyncio.sleep(0.5)
    assert not upkeep.done()
    upkeep.cancel()
    await asyncio.gather(upkeep, return_exceptions=True)
    await nowhere.close()
