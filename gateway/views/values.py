"""Values that every view is made of."""

from datetime import UTC, datetime
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

View = dict[str, object]


@lru_cache(maxsize=4096)
def to_the_second(seconds: int) -> str:
    """RFC 3339 in UTC, up to the fraction."""
    # Neighbouring messages share their second, and formatting it costs more than the rest of the view.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time(stamp: Timestamp) -> str:
    """RFC 3339 in UTC with microseconds."""
    return f"{to_the_second(stamp.seconds)}.{stamp.nanos // 1000:06d}Z"
