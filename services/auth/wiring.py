"""The composition root: the only place that knows all parts of the service."""

import asyncio
from datetime import timedelta
from importlib import resources

from chassis import failpoints
from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.crypto import Box
from chassis.database import Database
from chassis.database.housekeeping import Housekeeper
from chassis.limits import Limit, RateLimiter
from chassis.metrics import MetricsServer
from chassis.paging import Pager
from chassis.relay import OutboxRelay
from chassis.rpc.server import Binding, GrpcServer
from chassis.settings import caller_digests
from chassis.supervisor import Supervisor
from messaging.auth.v1 import accounts_pb2, accounts_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from services.auth.api.accounts import AccountsServicer
from services.auth.api.hashing import Hasher
from services.auth.api.limits import Limits
from services.auth.api.sessions import SessionsServicer
from services.auth.bus import audit, publish
from services.auth.domain.accounts import Admission
from services.auth.domain.tokens import Mint
from services.auth.jobs.upkeep import Upkeep
from services.auth.model.passwords import PasswordRules
from services.auth.settings import Settings

SERVICE = "auth"


def open_database(settings: Settings) -> Database:
    """The service's own database, with what auth does itself recorded in place."""
    return Database(
        settings.database_url,
        service=SERVICE,
        encode=publish.encode,
        record=audit.record,
        pool_size=settings.database_pool_size,
    )


def password_rules() -> PasswordRules:
    """The rules with the list of common passwords that lies beside them."""
    text = resources.files("services.auth.model").joinpath("common_passwords.txt").read_text("ascii")
    return PasswordRules(frozenset(line for line in text.splitlines() if not line.startswith("#")))


def make_limits(settings: Settings, limiter: RateLimiter) -> Limits:
    """Read `burst/interval` of each limit."""
    return Limits(
        limiter,
        login=Limit.read("login", settings.login_limit),
        login_ip=Limit.read("login_ip", settings.login_ip_limit),
        register_ip=Limit.read("register_ip", settings.register_ip_limit),
        resend=Limit.read("resend", settings.resend_limit),
    )


def build(settings: Settings) -> Supervisor:
    """Put the service together; nothing is opened before it runs."""
    failpoints.arm(settings.failpoint)
    database, bus, limiter = open_database(settings), Bus(settings.nats_url, SERVICE), RateLimiter(settings.redis_url)
    relay = OutboxRelay(settings.database_url, bus, SERVICE, replicas=settings.nats_replicas)
    database.on_commit = relay.wake
    hasher = Hasher(iterations=settings.password_iterations, places=settings.hashing_places)
    limits = make_limits(settings, limiter)
    mint = Mint(settings.issuer, Box([settings.secret_key]))
    admission = Admission(is_open=settings.registration == "open", passwords=password_rules())
    accounts = AccountsServicer(database, hasher=hasher, limits=limits, admission=admission)
    sessions = SessionsServicer(database, hasher=hasher, limits=limits, mint=mint, pager=Pager(settings.secret_key))
    server = GrpcServer(
        settings.listen,
        [
            Binding(accounts_pb2_grpc.add_AccountsServicer_to_server, accounts, accounts_pb2.DESCRIPTOR),
            Binding(sessions_pb2_grpc.add_SessionsServicer_to_server, sessions, sessions_pb2.DESCRIPTOR),
        ],
        callers=caller_digests(settings.service_callers),
        is_reflected=settings.debug,
    )

    async def close() -> None:
        await asyncio.to_thread(hasher.close)
        await limiter.close()
        await database.close()

    return Supervisor(
        MetricsServer(settings.metrics_listen),
        bus,
        relay,
        Consumer(database, bus, name=SERVICE, handlers=audit.HANDLERS),
        Housekeeper(database),
        Upkeep(database, mint.box, key_age=timedelta(days=settings.signing_key_days)),
        server,
        on_exit=close,
    )
