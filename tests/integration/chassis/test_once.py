import asyncio

import pytest
from sqlalchemy import text

from chassis.call import Call, Caller, serving
from chassis.database import Database, Once, Transaction
from chassis.errors import IdempotencyKeyReused, NotFound
from messaging.notifications.v1 import notifications_pb2 as pb


def add(tx: Transaction, *, number: int) -> int:
    tx.execute(text("insert into notes values (:n, '')"), {"n": number})
    return number


def answer(number: int) -> pb.MarkAllReadResponse:
    return pb.MarkAllReadResponse(marked_count=number)


async def ask(
    database: Database, number: int, *, request_id: str = "r1", user: str = "u", body: bool = True
) -> tuple[int, bool]:
    with serving(Call(method="Notes.Add", caller=Caller(user))) as call:
        request = pb.UpdateNotificationRequest(request_id=request_id, is_read=body)
        once = Once.of(request, encode=answer, answer=pb.MarkAllReadResponse)
        response = await database.run(add, number=number, once=once)
        return response.marked_count, call.meter.is_replayed


async def notes(database: Database) -> int:
    return await database.run(lambda tx: tx.execute(text("select count(*) from notes")).scalar_one())


async def test_a_repeated_request_gets_the_first_answer(database: Database) -> None:
    assert await ask(database, 1) == (1, False)
    assert await ask(database, 2) == (1, True)
    assert await notes(database) == 1


async def test_the_same_key_with_another_body_is_refused(database: Database) -> None:
    await ask(database, 1)
    with pytest.raises(IdempotencyKeyReused):
        await ask(database, 1, body=False)


async def test_keys_of_different_people_do_not_meet(database: Database) -> None:
    assert await ask(database, 1) == (1, False)
    assert await ask(database, 2, user="v") == (2, False)


async def test_a_failed_request_may_be_repeated(database: Database) -> None:
    def fail(_tx: Transaction) -> int:
        raise NotFound()

    with serving(Call(method="Notes.Add", caller=Caller("u"))):
        once = Once.of(pb.UpdateNotificationRequest(request_id="r1"), encode=answer, answer=pb.MarkAllReadResponse)
        with pytest.raises(NotFound):
            await database.run(fail, once=once)
        assert (await database.run(add, number=5, once=once)).marked_count == 5


async def test_of_many_at_once_one_does_the_work(database: Database) -> None:
    answers = await asyncio.gather(*(ask(database, number) for number in range(8)))
    assert len({number for number, _ in answers}) == 1
    assert [replayed for _, replayed in answers].count(False) == 1
    assert await notes(database) == 1


async def test_without_a_key_nothing_is_stored(database: Database) -> None:
    assert await ask(database, 1, request_id="") == (1, False)
    assert await ask(database, 2, request_id="") == (2, False)
