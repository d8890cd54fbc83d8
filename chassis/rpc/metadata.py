"""Names and encodings of what travels beside a request and behind an answer."""

from collections.abc import Iterable

from chassis.call import Caller, Meter
from messaging.chassis.v1.identity_pb2 import Identity

CREDENTIAL = "x-credential"
CALLER = "x-caller-bin"
REQUEST_ID = "x-request-id"
TRACEPARENT = "traceparent"
QUERIES = "x-queries"
QUERY_MICROSECONDS = "x-query-us"
REPLAYED = "x-replayed"
# Where gRPC carries google.rpc.Status beside the bare code.
STATUS_DETAILS = "grpc-status-details-bin"

Metadata = tuple[tuple[str, str | bytes], ...]


def encode_caller(caller: Caller) -> bytes:
    """Write an acting user for the metadata."""
    return Identity(
        user_id=caller.user_id,
        roles=sorted(caller.roles),
        scopes=sorted(caller.scopes),
        session_id=caller.session_id,
        client_ip=caller.client_ip,
    ).SerializeToString()


def decode_caller(data: bytes) -> Caller:
    """Read an acting user from the metadata of a proven process."""
    identity = Identity.FromString(data)
    return Caller(
        user_id=identity.user_id,
        roles=frozenset(identity.roles),
        scopes=frozenset(identity.scopes),
        session_id=identity.session_id,
        client_ip=identity.client_ip,
    )


def encode_meter(meter: Meter) -> Metadata:
    """Write what a call has cost for the trailers."""
    cost: Metadata = (
        (QUERIES, str(meter.queries)),
        (QUERY_MICROSECONDS, str(int(meter.query_seconds * 1_000_000))),
    )
    return (*cost, (REPLAYED, "1")) if meter.is_replayed else cost


def add_cost(meter: Meter, trailers: Iterable[tuple[str, str | bytes]]) -> None:
    """Add what a called service reports in its trailers to the caller's own meter."""
    for key, value in trailers:
        if key == QUERIES:
            meter.queries += int(value)
        elif key == QUERY_MICROSECONDS:
            meter.query_seconds += int(value) / 1_000_000
        elif key == REPLAYED:
            meter.is_replayed = True
