"""Puts the conversations service and its worker together; the only file that knows all their parts."""

import asyncio
from functools import partial

from chassis import failpoints
from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.database.housekeeping import Housekeeper
from chassis.jobs import Bell, JobWorker, Workshop, celery_app
from chassis.limits import Limit, RateLimiter
from chassis.metrics import MetricsServer
from chassis.outbound import Outbound
from chassis.paging import Pager
from chassis.relay import OutboxRelay
from chassis.rpc.client import Channel
from chassis.rpc.server import Binding, GrpcServer
from chassis.settings import caller_digests
from chassis.supervisor import Supervisor
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    acknowledgements_pb2_grpc,
    bans_pb2,
    bans_pb2_grpc,
    bookmarks_pb2,
    bookmarks_pb2_grpc,
    circles_pb2,
    circles_pb2_grpc,
    conversations_pb2,
    conversations_pb2_grpc,
    drafts_pb2,
    drafts_pb2_grpc,
    forwards_pb2,
    forwards_pb2_grpc,
    invites_pb2,
    invites_pb2_grpc,
    messages_pb2,
    messages_pb2_grpc,
    participants_pb2,
    participants_pb2_grpc,
    pins_pb2,
    pins_pb2_grpc,
    polls_pb2,
    polls_pb2_grpc,
    reactions_pb2,
    reactions_pb2_grpc,
    receipts_pb2,
    receipts_pb2_grpc,
    reports_pb2,
    reports_pb2_grpc,
    scheduled_pb2,
    scheduled_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    threads_pb2,
    threads_pb2_grpc,
)
from services.conversations.api import convert
from services.conversations.api.acknowledgements import AcknowledgementsServicer
from services.conversations.api.bans import BansServicer
from services.conversations.api.bookmarks import BookmarksServicer
from services.conversations.api.circles import CirclesServicer
from services.conversations.api.conversations import ConversationsServicer
from services.conversations.api.drafts import DraftsServicer
from services.conversations.api.forwards import ForwardsServicer
from services.conversations.api.invites import InvitesServicer
from services.conversations.api.messages import MessagesServicer
from services.conversations.api.newcomers import Newcomers
from services.conversations.api.participants import ParticipantsServicer
from services.conversations.api.pins import PinsServicer
from services.conversations.api.polls import PollsServicer
from services.conversations.api.reactions import ReactionsServicer
from services.conversations.api.receipts import ReceiptsServicer
from services.conversations.api.reports import ReportsServicer
from services.conversations.api.scheduled import ScheduledServicer
from services.conversations.api.search import SearchServicer
from services.conversations.api.threads import ThreadsServicer
from services.conversations.bus import consume
from services.conversations.bus.announcer import PositionAnnouncer
from services.conversations.bus.publish import Encoder
from services.conversations.domain.writer import Writer
from services.conversations.jobs.previews import Previews
from services.conversations.jobs.reminders import REMIND, Reminding
from services.conversations.jobs.scheduled import SEND_SCHEDULED, ScheduledSender
from services.conversations.jobs.search import LEARN_WORDS, WordLearner
from services.conversations.model.limits import Limits
from services.conversations.model.previews import LINK_PREVIEWS
from services.conversations.settings import Settings

NAME = "conversations"


def build(settings: Settings) -> Supervisor:
    """Build the serving process; call it on the running loop."""
    failpoints.arm(settings.failpoint)
    bus = Bus(settings.nats_url, NAME)
    relay = OutboxRelay(settings.database_url, bus, NAME, replicas=settings.nats_replicas)
    bell = Bell(celery_app(NAME, settings.celery_broker_url))
    database = _database(settings, pool_size=settings.database_pool_size)
    # Sends have a connection to themselves.
    sending = _database(settings, pool_size=1)
    for each in (database, sending):
        each.on_commit, each.on_job = relay.wake, bell.ring
    writer = Writer(sending, settings.limits)
    users = Channel(settings.users_target, settings.service_credential)
    newcomers, pager, limits = Newcomers(database, users), Pager(settings.secret_key), settings.limits
    # Each search is bounded by itself: people go on searching while Redis is down.
    limiter, searches = RateLimiter(settings.redis_url), Limit.read("search", settings.search_limit, is_fail_open=True)
    server = GrpcServer(
        settings.listen,
        [
            Binding(
                conversations_pb2_grpc.add_ConversationsServicer_to_server,
                ConversationsServicer(database, newcomers, pager, limits),
                conversations_pb2.DESCRIPTOR,
            ),
            Binding(
                participants_pb2_grpc.add_ParticipantsServicer_to_server,
                ParticipantsServicer(database, newcomers, pager, limits),
                participants_pb2.DESCRIPTOR,
            ),
            Binding(
                bans_pb2_grpc.add_BansServicer_to_server,
                BansServicer(database, newcomers, pager),
                bans_pb2.DESCRIPTOR,
            ),
            Binding(
                invites_pb2_grpc.add_InvitesServicer_to_server,
                InvitesServicer(database, newcomers, pager, limits),
                invites_pb2.DESCRIPTOR,
            ),
            Binding(
                messages_pb2_grpc.add_MessagesServicer_to_server,
                MessagesServicer(database, writer, pager, limits),
                messages_pb2.DESCRIPTOR,
            ),
            Binding(
                threads_pb2_grpc.add_ThreadsServicer_to_server,
                ThreadsServicer(database, pager),
                threads_pb2.DESCRIPTOR,
            ),
            Binding(
                forwards_pb2_grpc.add_ForwardsServicer_to_server,
                ForwardsServicer(database, writer, limits),
                forwards_pb2.DESCRIPTOR,
            ),
            Binding(
                receipts_pb2_grpc.add_ReceiptsServicer_to_server,
                ReceiptsServicer(database, bus),
                receipts_pb2.DESCRIPTOR,
            ),
            Binding(
                circles_pb2_grpc.add_CirclesServicer_to_server,
                CirclesServicer(database),
                circles_pb2.DESCRIPTOR,
            ),
            Binding(
                scheduled_pb2_grpc.add_ScheduledServicer_to_server,
                ScheduledServicer(database, pager, limits),
                scheduled_pb2.DESCRIPTOR,
            ),
            Binding(
                search_pb2_grpc.add_SearchServicer_to_server,
                SearchServicer(database, pager, limiter, searches),
                search_pb2.DESCRIPTOR,
            ),
            *_bindings_of_marks(database, pager, limits),
        ],
        callers=caller_digests(settings.service_callers),
        is_reflected=settings.debug,
    )

    async def close() -> None:
        writer.close()
        await sending.close()
        await database.close()
        await users.close()
        await limiter.close()

    writer.start()
    return Supervisor(
        MetricsServer(settings.metrics_listen),
        bus,
        bell,
        Consumer(database, bus, name=NAME, handlers=consume.HANDLERS),
        relay,
        Housekeeper(database),
        PositionAnnouncer(database),
        server,
        on_exit=close,
    )


def _bindings_of_marks(database: Database, pager: Pager, limits: Limits) -> list[Binding]:
    return [
        Binding(
            reactions_pb2_grpc.add_ReactionsServicer_to_server,
            ReactionsServicer(database, pager),
            reactions_pb2.DESCRIPTOR,
        ),
        Binding(
            pins_pb2_grpc.add_PinsServicer_to_server,
            PinsServicer(database, pager),
            pins_pb2.DESCRIPTOR,
        ),
        Binding(
            bookmarks_pb2_grpc.add_BookmarksServicer_to_server,
            BookmarksServicer(database, pager),
            bookmarks_pb2.DESCRIPTOR,
        ),
        Binding(
            drafts_pb2_grpc.add_DraftsServicer_to_server,
            DraftsServicer(database, limits),
            drafts_pb2.DESCRIPTOR,
        ),
        Binding(
            acknowledgements_pb2_grpc.add_AcknowledgementsServicer_to_server,
            AcknowledgementsServicer(database, pager),
            acknowledgements_pb2.DESCRIPTOR,
        ),
        Binding(
            polls_pb2_grpc.add_PollsServicer_to_server,
            PollsServicer(database, pager),
            polls_pb2.DESCRIPTOR,
        ),
        Binding(
            reports_pb2_grpc.add_ReportsServicer_to_server,
            ReportsServicer(database, pager),
            reports_pb2.DESCRIPTOR,
        ),
    ]


def build_worker(settings: Settings) -> JobWorker:
    """Build the worker; its children open what they need after the fork."""
    app = celery_app(NAME, settings.celery_broker_url, settings.celery_result_backend)
    return JobWorker(app, [LINK_PREVIEWS], partial(_workshop, settings), rounds=[SEND_SCHEDULED, REMIND, LEARN_WORDS])


def _workshop(settings: Settings) -> Workshop:
    runner = asyncio.Runner()
    database = _database(settings, pool_size=1)
    previews = Previews(database, runner, Outbound())

    def close() -> None:
        runner.run(database.close())
        runner.close()

    rounds = {
        SEND_SCHEDULED: ScheduledSender(database, settings.limits).go_round,
        REMIND: Reminding(database, settings.limits).go_round,
        LEARN_WORDS: WordLearner(database).go_round,
    }
    return Workshop(database, previews.works, close, rounds)


def _database(settings: Settings, *, pool_size: int) -> Database:
    encode = Encoder(
        convert.conversation,
        convert.participant,
        convert.message,
        convert.settings,
        convert.scheduled,
        convert.saved_draft,
    )
    return Database(settings.database_url, service=NAME, encode=encode, pool_size=pool_size)
