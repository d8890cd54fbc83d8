"""The gateway's composition root: the only file that knows every part."""

import socket

from chassis.bus import Bus
from chassis.metrics import MetricsServer
from chassis.redis import BriefRedis
from chassis.supervisor import Supervisor
from gateway.admission import SendBudget
from gateway.app import Gateway
from gateway.app import build as build_application
from gateway.clients import Clients
from gateway.health import Health
from gateway.principal import KeySet, Verifier
from gateway.realtime.part import Realtime
from gateway.revocations import Revocations
from gateway.sends import SendLanes
from gateway.server import HttpServer
from gateway.settings import TOKEN_AUDIENCE, Settings


def build(settings: Settings, listener: socket.socket) -> Supervisor:
    """Put one gateway process together; call it within the loop that will run it."""
    bus = Bus(settings.nats_url, "gateway")
    clients = Clients(settings)
    redis = BriefRedis(settings.redis_url)
    keys = KeySet(clients.auth)
    revocations = Revocations(clients.auth, bus)
    verifier = Verifier(keys, revocations, issuer=settings.base_url, audience=TOKEN_AUDIENCE)
    lanes = SendLanes(clients.conversations)
    budget = SendBudget(settings.send_rate, settings.send_burst)
    realtime = Realtime(
        settings, clients, bus, redis, verifier=verifier, revocations=revocations, lanes=lanes, budget=budget
    )
    gateway = Gateway(
        settings=settings,
        clients=clients,
        keys=keys,
        revocations=revocations,
        verifier=verifier,
        budget=budget,
        lanes=lanes,
        realtime=realtime,
        health=Health(clients, bus, redis),
    )

    async def close() -> None:
        await clients.close()
        await redis.close()

    return Supervisor(
        MetricsServer(settings.metrics_listen),
        bus,
        keys,
        revocations,
        HttpServer(build_application(gateway), listener, settings),
        realtime,
        on_exit=close,
    )
