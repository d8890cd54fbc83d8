"""The connection to NATS: it comes and goes by itself, and nothing that is not an event waits for it."""

import asyncio
from collections.abc import Awaitable, Callable

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

log = structlog.get_logger(__name__)

# filter_subjects of a consumer is silently ignored by older servers.
_OLDEST_SERVER = (2, 10)
_RETRY_SECONDS = 0.5


class Bus:
    """One connection of a process. `generation` rises with every connect and reconnect."""

    def __init__(self, url: str, name: str) -> None:
        """Take the address and the name by which the server's monitoring shows this process."""
        self._url = url
        self._name = name
        self._client: Client | None = None
        self._connected = asyncio.Event()
        self._on_connect: list[Callable[[], Awaitable[None]]] = []
        self.generation = 0

    @property
    def is_connected(self) -> bool:
        """Whether a server answers at this moment."""
        return self._client is not None and self._client.is_connected

    def on_connect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have a callback awaited after every connect and reconnect."""
        self._on_connect.append(callback)

    async def client(self) -> Client:
        """The connection, as soon as it was made for the first time."""
        await self._connected.wait()
        if self._client is None:
            raise nats.errors.ConnectionClosedError
        return self._client

    async def run(self) -> None:
        """Connect, reconnect for ever, and close when cancelled."""
        self._client = await self._connect()
        try:
            await self._announce()
            self._connected.set()
            await asyncio.Event().wait()
        finally:
            await self._client.close()

    async def subscribe(self, subject: str, callback: Callable[[Msg], Awaitable[None]]) -> None:
        """Hear a subject from now on, over reconnects too; what was published in between is not heard."""
        client = await self.client()
        await client.subscribe(subject, cb=callback, pending_msgs_limit=65536)

    async def publish_live(self, subject: str, payload: bytes) -> None:
        """Tell whoever listens now, on `live.…`; silently nobody while there is no connection."""
        if self._client is not None and self._client.is_connected:
            await self._client.publish(subject, payload)

    async def _connect(self) -> Client:
        while True:
            try:
                client = await nats.connect(
                    self._url,
                    name=self._name,
                    connect_timeout=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_RETRY_SECONDS,
                    reconnected_cb=self._announce,
                    disconnected_cb=self._lost,
                    error_cb=self._failed,
                    ping_interval=10,
                    max_outstanding_pings=2,
                )
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("nats_unreachable", error=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            version = client.connected_server_version
            if (version.major, version.minor) < _OLDEST_SERVER:
                raise SystemExit(f"nats-server {version} is too old: 2.10 or newer is needed")
            return client

    async def _announce(self) -> None:
        self.generation += 1
        log.info("nats_connected", generation=self.generation)
        for callback in self._on_connect:
            await callback()

    async def _lost(self) -> None:
        log.warning("nats_disconnected")

    async def _failed(self, error: Exception) -> None:
        # An empty text is a connection that ended; the disconnect is logged by itself.
        if str(error):
            log.warning("nats_failed", error=str(error))
