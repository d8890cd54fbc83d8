"""What people keep to themselves lies nowhere in the clear, and who changed it is on record."""

import hashlib
import json
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from chassis import ids
from chassis.database import Database, Transaction
from messaging.chassis.v1.envelope_pb2 import AuditRecorded
from messaging.users.v1 import profiles_pb2 as pb
from tests.integration.users.conftest import Users, emitted, refusal, rows


async def test_private_values_lie_nowhere_in_the_clear(users: Users, database: Database) -> None:
    ada = await users.join()
    values: dict[str, Any] = {"phone": "+4915112345678", "date_of_birth": "1815-12-10"}
    await users.update(ada.user_id, request_id=ids.uuid7(), **values)

    [stored] = await rows(database, "select * from profiles where user_id = :user_id", user_id=ada.user_id)
    [kept] = await rows(database, "select * from requests where actor = :user_id", user_id=ada.user_id)
    [audit] = await emitted(database, ada.user_id, "audit_recorded")
    everything = [bytes(stored.phone), bytes(stored.date_of_birth), bytes(kept.response), audit.payload]
    everything += [event.payload for event in await emitted(database, ada.user_id, "profile_updated")]

    assert all(len(bytes(sealed)) > 20 for sealed in (stored.phone, stored.date_of_birth))
    for value in values.values():
        assert not any(value.encode() in place for place in everything)
    # A bare digest of so few possible values could be tried out.
    request = pb.UpdateProfileRequest(
        user_id=ada.user_id, profile=pb.Profile(**values), update_mask=FieldMask(paths=list(values))
    )
    assert hashlib.sha256(request.SerializeToString(deterministic=True)).digest() not in bytes(kept.body_hash)


async def test_a_sealed_value_opens_only_where_it_lies(users: Users, database: Database) -> None:
    ada, bob = await users.join(), await users.join()
    await users.update(ada.user_id, phone="+4915112345678")

    def move(tx: Transaction) -> None:
        tx.execute(
            text("update profiles set phone = (select phone from profiles where user_id = :ada) where user_id = :bob"),
            {"ada": ada.user_id, "bob": bob.user_id},
        )

    await database.run(move)

    assert (await refusal(users.get(bob.user_id, by=bob.user_id))).code == "INTERNAL"


async def test_the_audit_trail_tells_what_changed_but_no_private_value(users: Users, database: Database) -> None:
    ada, admin = await users.join(), await users.join()
    await users.update(ada.user_id, by=admin.user_id, roles="admin", bio="Engines", phone="+4915112345678")

    [event] = await emitted(database, ada.user_id, "audit_recorded")
    record = AuditRecorded.FromString(event.payload)

    assert (record.action, record.target_kind, record.target_id) == ("profile.updated", "profile", ada.user_id)
    assert (record.service, event.actor_id) == ("users", admin.user_id)
    assert json.loads(record.before_json) == {"bio": ""}
    assert json.loads(record.after_json) == {"bio": "Engines", "phone": "changed"}
