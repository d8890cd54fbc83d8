"""Work that a transaction does once for many items, and the outbox of one that has much to tell."""

import pytest
from sqlalchemy import text

from chassis.database import Database, Transaction
from messaging.chassis.v1.envelope_pb2 import Envelope


def write_down(tx: Transaction, items: list[str]) -> None:
    count = tx.execute(text("select count(*) from notes")).scalar_one()
    tx.execute(text("insert into notes values (:id, :body)"), {"id": count, "body": ",".join(items)})
    tx.emit(("1", ",".join(items)))


async def bodies(database: Database) -> list[str]:
    return await database.run(lambda tx: [row.body for row in tx.execute(text("select body from notes order by id"))])


async def test_what_is_gathered_is_done_once_before_the_commit(database: Database) -> None:
    def gather(tx: Transaction) -> None:
        for letter in "abc":
            tx.gather(write_down, letter)

    await database.run(gather)
    assert await bodies(database) == ["a,b,c"]
    found = await database.run(lambda tx: tx.execute(text("select count(*) from unpublished")).scalar_one())
    assert found == 1


async def test_what_must_be_seen_is_done_at_once(database: Database) -> None:
    def gather(tx: Transaction) -> int:
        tx.gather(write_down, "a")
        tx.settle()
        tx.gather(write_down, "b")
        return int(tx.execute(text("select count(*) from notes")).scalar_one())

    assert await database.run(gather) == 1
    assert await bodies(database) == ["a", "b"]


async def test_what_fails_at_the_end_undoes_everything(database: Database) -> None:
    def fail(_tx: Transaction, _items: list[str]) -> None:
        raise ValueError("at the end")

    def gather(tx: Transaction) -> None:
        write_down(tx, ["a"])
        tx.gather(fail, "b")

    with pytest.raises(ValueError, match="at the end"):
        await database.run(gather)
    assert await bodies(database) == []


async def test_more_events_than_one_statement_takes_keep_their_order(database: Database) -> None:
    def tell(tx: Transaction) -> None:
        for number in range(12_000):
            tx.emit(("1", str(number)))

    await database.run(tell)
    statement = text("select envelope from outbox order by id")
    envelopes = await database.run(lambda tx: [Envelope.FromString(row.envelope) for row in tx.execute(statement)])
    assert [int(envelope.payload) for envelope in envelopes] == list(range(12_000))
