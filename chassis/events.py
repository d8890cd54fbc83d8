"""What a service hands to the outbox for one event, and how its subject is named."""

from typing import NamedTuple


class Outgoing(NamedTuple):
    """An encoded event: `payload` is the message of the emitter's events.proto, `kind` its name in snake case."""

    kind: str
    aggregate_id: str
    payload: bytes
    aggregate_rev: int = 0
    user_id: str = ""


def subject(service: str, kind: str, aggregate_id: str) -> str:
    """Name the subject that an event is published on."""
    return f"messaging.{service}.v1.{kind}.{aggregate_id}"
