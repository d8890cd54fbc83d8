"""JetStream streams: one for each service, filled by its relay alone."""

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

# As long as the outbox keeps events, so that either can serve what the other lost.
KEEP_SECONDS = 7 * 24 * 3600.0
_DUPLICATE_WINDOW_SECONDS = 600.0


def stream_name(service: str) -> str:
    """Name the stream of a service."""
    return f"messaging_{service}"


async def ensure_stream(js: JetStreamContext, service: str, replicas: int) -> StreamInfo:
    """Create the service's stream unless it exists, and return what it looks like now."""
    try:
        return await js.stream_info(stream_name(service))
    except NotFoundError:
        return await js.add_stream(
            StreamConfig(
                name=stream_name(service),
                subjects=[f"messaging.{service}.v1.>"],
                retention=RetentionPolicy.LIMITS,
                storage=StorageType.FILE,
                # A full stream must stop the relay loudly, never drop what was not yet handled.
                discard=DiscardPolicy.NEW,
                max_age=KEEP_SECONDS,
                duplicate_window=_DUPLICATE_WINDOW_SECONDS,
                num_replicas=replicas,
            )
        )
