"""The gateway's composition root: the only file that knows every part."""

import os
import socket
from functools import partial

import uvloop
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from chassis import failpoints, logs
from chassis.bus import Bus
from chassis.metrics import MetricsServer
from chassis.redis import BriefRedis
from chassis.supervisor import Supervisor
from gateway.admission import SendBudget
from gateway.app import Gateway
from gateway.app import build as build_application
from gateway.clients import Clients
from gateway.health import Health
from gateway.pages import PageLanes
from gateway.principal import KeySet, Verifier
from gateway.realtime.part import Realtime
from gateway.revocations import Revocations
from gateway.sends import SendLanes
from gateway.server import HttpServer, Workers, end_with_parent
from gateway.settings import TOKEN_AUDIENCE, Settings


def build(settings: Settings, listener: socket.socket) -> Supervisor:
    """Put one gateway process together; call it within the loop that will run it."""
    end_with_parent()
    failpoints.arm(settings.failpoint)
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
        pages=PageLanes(clients.conversations),
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


def serve(settings: Settings, listener: socket.socket) -> int:
    """Run one process until it is told to stop; returns its exit code."""
    logs.configure("gateway", level=settings.log_level, log_format=settings.log_format, debug=settings.debug)

    async def run() -> int:
        return await build(settings, listener).run()

    return uvloop.run(run())


def build_workers(settings: Settings, listener: socket.socket, directory: str) -> Workers:
    """Start several processes, which keep their figures in a directory; this one adds them up and shows them."""
    # The Prometheus client reads the name when it is imported: in the workers, not here.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
    if settings.metrics_listen:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
        host, _, port = settings.metrics_listen.rpartition(":")
        start_http_server(int(port), addr=host, registry=registry)
    quiet = settings.model_copy(update={"metrics_listen": ""})
    return Workers(
        settings.web_concurrency,
        partial(serve, quiet),
        listener,
        on_death=partial(mark_process_dead, path=directory),
    )
