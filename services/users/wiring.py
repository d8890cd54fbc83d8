"""Puts the users service together; the only file that knows all its parts."""

from chassis import failpoints
from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.crypto import Box
from chassis.database import Database
from chassis.database.housekeeping import Housekeeper
from chassis.metrics import MetricsServer
from chassis.paging import Pager
from chassis.redis import BriefRedis
from chassis.relay import OutboxRelay
from chassis.rpc.server import Binding, GrpcServer
from chassis.settings import caller_digests
from chassis.supervisor import Supervisor
from messaging.users.v1 import (
    blocks_pb2,
    blocks_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    presences_pb2,
    presences_pb2_grpc,
    privacy_pb2,
    privacy_pb2_grpc,
    profiles_pb2,
    profiles_pb2_grpc,
)
from services.users.api.blocks import BlocksServicer
from services.users.api.contacts import ContactsServicer
from services.users.api.presences import PresencesServicer
from services.users.api.privacy import PrivacyServicer
from services.users.api.profiles import ProfilesServicer
from services.users.bus import consume, publish
from services.users.bus.dropping import CacheDropper
from services.users.bus.sweeping import Sweeper
from services.users.domain.directory import Directory
from services.users.settings import Settings
from services.users.store.cache import ProfileCache
from services.users.store.presences import Presences


def build(settings: Settings) -> Supervisor:
    """Build the process; call it on the running loop."""
    failpoints.arm(settings.failpoint)
    bus = Bus(settings.nats_url, "users")
    redis = BriefRedis(settings.redis_url)
    database = Database(
        settings.database_url, service="users", encode=publish.encode, pool_size=settings.database_pool_size
    )
    relay = OutboxRelay(settings.database_url, bus, "users", replicas=settings.nats_replicas)
    database.on_commit = relay.wake
    cache = ProfileCache(redis)
    presences = Presences(redis)
    directory = Directory(database, cache, presences)
    pager = Pager(settings.secret_key)
    box = Box([settings.secret_key])
    server = GrpcServer(
        settings.listen,
        [
            Binding(
                profiles_pb2_grpc.add_ProfilesServicer_to_server,
                ProfilesServicer(database, directory, cache, presences, box, pager),
                profiles_pb2.DESCRIPTOR,
            ),
            Binding(
                presences_pb2_grpc.add_PresencesServicer_to_server,
                PresencesServicer(directory, presences, bus, pager),
                presences_pb2.DESCRIPTOR,
            ),
            Binding(
                blocks_pb2_grpc.add_BlocksServicer_to_server,
                BlocksServicer(database, cache, presences, pager),
                blocks_pb2.DESCRIPTOR,
            ),
            Binding(
                contacts_pb2_grpc.add_ContactsServicer_to_server,
                ContactsServicer(database, presences, pager),
                contacts_pb2.DESCRIPTOR,
            ),
            Binding(
                privacy_pb2_grpc.add_PrivacySettingsServicer_to_server,
                PrivacyServicer(database, cache),
                privacy_pb2.DESCRIPTOR,
            ),
        ],
        callers=caller_digests(settings.service_callers),
        is_reflected=settings.debug,
    )

    async def close() -> None:
        await database.close()
        await redis.close()

    return Supervisor(
        MetricsServer(settings.metrics_listen),
        bus,
        CacheDropper(bus, cache),
        Sweeper(bus, presences),
        Consumer(database, bus, name="users", handlers=consume.HANDLERS),
        relay,
        Housekeeper(database),
        server,
        on_exit=close,
    )
