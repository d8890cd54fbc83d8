"""Repeated requests: the first answer to a mutation is stored in its own transaction and given again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from sqlalchemy import text

from chassis import call
from chassis.crypto import Box
from chassis.database.transaction import Transaction
from chassis.errors import IdempotencyKeyReused

# A second request with the key waits here until the first has committed or failed.
_CLAIM = text("""
    insert into requests (actor, method, request_id, body_hash)
    values (:actor, :method, :request_id, :body_hash)
    on conflict do nothing
""")
_FIND = text("""
    select body_hash, response from requests
    where actor = :actor and method = :method and request_id = :request_id
""")
_STORE = text("""
    update requests set response = :response
    where actor = :actor and method = :method and request_id = :request_id
""")


Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True, slots=True)
class Once(Generic[Answer]):
    """The identity of a request and how its result becomes a response message.

    With a box what is stored of both is sealed: for requests and answers with values that are encrypted at rest.
    """

    actor: str
    method: str
    request_id: str
    body_hash: bytes
    encode: Callable[[Any], Answer]
    answer: type[Answer]
    box: Box | None = None

    @classmethod
    def of(
        cls, request: Message, *, encode: Callable[[Any], Answer], answer: type[Answer], box: Box | None = None
    ) -> "Once[Answer]":
        """Take a request that has a `request_id` field; actor and method come from the current call."""
        active = call.current()
        request_id = str(getattr(request, "request_id", ""))
        body = type(request)()
        body.CopyFrom(request)
        body.ClearField("request_id")
        digest = hashlib.sha256(body.SerializeToString(deterministic=True)).digest()
        actor = active.caller.user_id if active.caller else active.peer
        return cls(actor, active.method, request_id, digest, encode, answer, box)

    def run(self, tx: Transaction, verb: Callable[..., Any], arguments: dict[str, Any]) -> Answer:
        """Answer the stored response, or do the work and store it. Raises: IdempotencyKeyReused."""
        if not self.request_id:
            return self.encode(verb(tx, **arguments))
        key = {"actor": self.actor, "method": self.method, "request_id": self.request_id}
        if tx.execute(_CLAIM, {**key, "body_hash": self._seal("body_hash", self.body_hash)}).rowcount == 0:
            found = tx.execute(_FIND, key).one()
            if self._open("body_hash", bytes(found.body_hash)) != self.body_hash:
                raise IdempotencyKeyReused()
            call.current().meter.is_replayed = True
            return self.answer.FromString(self._open("response", bytes(found.response)))
        response = self.encode(verb(tx, **arguments))
        tx.execute(_STORE, {**key, "response": self._seal("response", response.SerializeToString())})
        return response

    def _seal(self, column: str, value: bytes) -> bytes:
        return value if self.box is None else self.box.seal(value, context=self._place(column))

    def _open(self, column: str, value: bytes) -> bytes:
        return value if self.box is None else self.box.open(value, context=self._place(column))

    def _place(self, column: str) -> tuple[str, str, str]:
        return "requests", column, f"{self.actor} {self.method} {self.request_id}"
