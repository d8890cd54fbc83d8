"""Puts the notifications service and its worker together; the only file that knows all their parts."""

import asyncio
from functools import partial

from chassis import failpoints
from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.database.housekeeping import Housekeeper
from chassis.jobs import Bell, JobWorker, Workshop, celery_app
from chassis.metrics import MetricsServer
from chassis.paging import Pager
from chassis.relay import OutboxRelay
from chassis.rpc.client import Channel
from chassis.rpc.server import Binding, GrpcServer
from chassis.settings import caller_digests
from chassis.supervisor import Supervisor
from messaging.notifications.v1 import notifications_pb2, notifications_pb2_grpc
from services.notifications.api import convert
from services.notifications.api.notifications import NotificationsServicer
from services.notifications.bus import consume, publish
from services.notifications.bus.people import People
from services.notifications.jobs.mails import Mails
from services.notifications.jobs.post import Post
from services.notifications.model.mails import VERIFICATION
from services.notifications.settings import Settings

NAME = "notifications"


def build(settings: Settings) -> Supervisor:
    """Build the serving process; call it on the running loop."""
    failpoints.arm(settings.failpoint)
    bus = Bus(settings.nats_url, NAME)
    database = _database(settings, pool_size=settings.database_pool_size)
    relay = OutboxRelay(settings.database_url, bus, NAME, replicas=settings.nats_replicas)
    database.on_commit = relay.wake
    users = Channel(settings.users_target, settings.service_credential)
    people = People(database, users)
    bell = Bell(celery_app(NAME, settings.celery_broker_url))
    database.on_job = bell.ring
    server = GrpcServer(
        settings.listen,
        [
            Binding(
                notifications_pb2_grpc.add_NotificationsServicer_to_server,
                NotificationsServicer(database, Pager(settings.secret_key)),
                notifications_pb2.DESCRIPTOR,
            )
        ],
        callers=caller_digests(settings.service_callers),
        is_reflected=settings.debug,
    )

    async def close() -> None:
        await users.close()
        await database.close()

    return Supervisor(
        MetricsServer(settings.metrics_listen),
        bus,
        bell,
        Consumer(database, bus, name=NAME, handlers=consume.handlers(people), prepare=people.prepare),
        relay,
        Housekeeper(database),
        server,
        on_exit=close,
    )


def build_worker(settings: Settings) -> JobWorker:
    """Build the worker; its children open what they need after the fork."""
    app = celery_app(NAME, settings.celery_broker_url, settings.celery_result_backend)
    return JobWorker(app, [VERIFICATION], partial(_workshop, settings))


def _workshop(settings: Settings) -> Workshop:
    runner = asyncio.Runner()

    async def connect() -> Channel:
        return Channel(settings.auth_target, settings.service_credential)

    auth = runner.run(connect())
    database = _database(settings, pool_size=1)
    post = Post(
        host=settings.email_host,
        port=settings.email_port,
        use_tls=settings.email_use_tls,
        user=settings.email_host_user,
        password=settings.email_host_password,
        sender=settings.email_from,
    )

    def close() -> None:
        runner.run(auth.close())
        runner.run(database.close())
        runner.close()

    return Workshop(database, Mails(auth, runner, post, settings.public_url).works, close)


def _database(settings: Settings, *, pool_size: int) -> Database:
    encode = partial(publish.encode, write=convert.notification)
    return Database(settings.database_url, service=NAME, encode=encode, pool_size=pool_size)
