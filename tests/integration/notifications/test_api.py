"""What people do with their own inbox, over gRPC."""

import asyncio
import json
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis.database import Database
from chassis.errors import Failure
from chassis.ids import uuid7
from chassis.rpc.client import Channel
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import AuditRecorded
from messaging.notifications.v1 import events_pb2
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.notifications.v1 import notifications_pb2_grpc as rpc
from services.notifications.domain import members, messages
from services.notifications.model.ids import ConversationId, UserId
from services.notifications.model.members import Audience, Member
from tests.integration.notifications.conftest import Notifications, emitted, rows
from tests.support.factories.notifications import message, user_id


async def receive(database: Database, reader: UserId, *, count: int = 1, content: str = "Are you there?") -> list[str]:
    """Give somebody one notification each in so many conversations; returns the conversations."""
    conversation_ids: list[str] = []
    for _ in range(count):
        sent = message(content=content)
        member = Member(sent.conversation_id, reader, is_present=True, read_seq=0, rev=1)
        await database.run(
            members.add,
            member=member,
            actor_id=reader,
            conversation_title="",
            is_direct=False,
            audience=Audience(),
        )
        await database.run(messages.notify, sent=[sent], audience=Audience())
        conversation_ids.append(sent.conversation_id)
    return conversation_ids


async def refusal(attempt: Any) -> tuple[str, str]:
    with pytest.raises(Failure) as refused:
        await attempt
    return refused.value.code, refused.value.reason


NOT_FOUND = ("NOT_FOUND", "NOTIFICATION_NOT_FOUND")


# -- reading -----------------------------------------------------------------------------------------------------------


async def test_an_inbox_is_listed_newest_first_in_pages_both_ways(service: Notifications, database: Database) -> None:
    reader = user_id()
    written = await receive(database, reader, count=5)

    async def page(token: str) -> Any:
        request = pb.ListNotificationsRequest(page_size=2, page_token=token)
        return await service.ask(service.stub.ListNotifications, request, by=reader)

    first = await page("")
    second = await page(first.next_page_token)
    third = await page(second.next_page_token)
    back = await page(third.previous_page_token)
    listed = [one.conversation_id for some in (first, second, third) for one in some.notifications]
    assert listed == written[::-1]
    assert back.notifications == second.notifications
    assert (await page(back.previous_page_token)).notifications == first.notifications
    assert (first.previous_page_token, third.next_page_token) == ("", "")


async def test_filters_narrow_the_list(service: Notifications, database: Database) -> None:
    reader = user_id()
    await receive(database, reader, count=2)
    member = Member(ConversationId(uuid7()), reader, is_present=True, read_seq=0, rev=1)
    arguments: dict[str, Any] = {"actor_id": user_id(), "conversation_title": "Engine room", "is_direct": False}
    await database.run(members.add, member=member, audience=Audience(), **arguments)
    newest, *_ = await service.inbox(reader)
    await mark(service, newest.notification_id, by=reader)

    assert len(await service.inbox(reader)) == 3
    assert len(await service.inbox(reader, unread_only=True)) == 2
    added = await service.inbox(reader, kind=pb.NOTIFICATION_KIND_MEMBER_ADDED)
    assert [one.title for one in added] == ["Somebody added you to “Engine room”"]
    assert await service.inbox(reader, kind=pb.NOTIFICATION_KIND_MEMBER_ADDED, unread_only=True) == []


async def test_a_page_token_works_for_its_own_list_only(service: Notifications, database: Database) -> None:
    reader, other = user_id(), user_id()
    await receive(database, reader, count=2)
    answer = await service.ask(service.stub.ListNotifications, pb.ListNotificationsRequest(page_size=1), by=reader)
    token = answer.next_page_token
    for by, request in (
        (other, pb.ListNotificationsRequest(page_token=token)),
        (reader, pb.ListNotificationsRequest(page_token=token, unread_only=True)),
        (reader, pb.ListNotificationsRequest(page_token=token[:-2])),
        (reader, pb.ListNotificationsRequest(page_token="nonsense")),
    ):
        attempt = service.ask(service.stub.ListNotifications, request, by=by)
        assert await refusal(attempt) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")


async def test_a_notification_says_what_happened(service: Notifications, database: Database) -> None:
    reader = user_id()
    [conversation_id] = await receive(database, reader, content="x" * 300)
    [listed] = await service.inbox(reader)
    request = pb.GetNotificationRequest(notification_id=listed.notification_id)
    found = (await service.ask(service.stub.GetNotification, request, by=reader)).notification

    assert found == listed
    assert (found.kind, found.title, found.body) == (pb.NOTIFICATION_KIND_MESSAGE, "New message", "x" * 200)
    assert (found.is_read, found.count, found.conversation_id) == (False, 1, conversation_id)
    assert found.actor_id
    assert found.message_id
    assert found.HasField("create_time")
    assert not found.HasField("read_time")


async def test_reading_costs_one_query(service: Notifications, database: Database) -> None:
    reader = user_id()
    await receive(database, reader, count=3)
    for stub, request in (
        (service.stub.ListNotifications, pb.ListNotificationsRequest()),
        (service.stub.CountUnread, pb.CountUnreadRequest()),
    ):
        _, meter = await service.bill(stub, request, by=reader)
        # One begins the transaction.
        assert meter.queries == 2


# -- settling ----------------------------------------------------------------------------------------------------------


async def mark(service: Notifications, notification_id: str, *, by: str, is_read: bool = True, key: str = "") -> Any:
    request = pb.UpdateNotificationRequest(notification_id=notification_id, is_read=is_read, request_id=key)
    return (await service.ask(service.stub.UpdateNotification, request, by=by)).notification


async def test_marking_as_read_and_unread_again_is_told_to_the_users_devices(
    service: Notifications, database: Database
) -> None:
    reader = user_id()
    await receive(database, reader)
    [found] = await service.inbox(reader)
    read = await mark(service, found.notification_id, by=reader)
    assert (read.is_read, read.HasField("read_time"), await service.unread(reader)) == (True, True, 0)
    unread = await mark(service, found.notification_id, by=reader, is_read=False)
    assert (unread.is_read, unread.HasField("read_time"), await service.unread(reader)) == (False, False, 1)
    assert unread.create_time.ToNanoseconds() > found.create_time.ToNanoseconds()

    [told] = await emitted(database, reader, "notification_read")
    assert (told.aggregate_id, told.user_id, told.actor_id) == (reader, reader, reader)
    assert events_pb2.NotificationRead.FromString(told.payload).notification_id == found.notification_id
    _, again = await emitted(database, reader, "notification_created")
    assert events_pb2.NotificationCreated.FromString(again.payload).notification == unread


async def test_marking_what_is_marked_changes_nothing(service: Notifications, database: Database) -> None:
    reader = user_id()
    await receive(database, reader)
    [found] = await service.inbox(reader)
    first = await mark(service, found.notification_id, by=reader)
    assert await mark(service, found.notification_id, by=reader) == first
    assert len(await emitted(database, reader, "notification_read")) == 1


async def test_a_deleted_notification_is_gone_and_the_trail_says_so(service: Notifications, database: Database) -> None:
    reader = user_id()
    [conversation_id] = await receive(database, reader)
    [found] = await service.inbox(reader)
    request = pb.DeleteNotificationRequest(notification_id=found.notification_id)
    await service.ask(service.stub.DeleteNotification, request, by=reader)

    assert await service.inbox(reader) == []
    assert await refusal(service.ask(service.stub.DeleteNotification, request, by=reader)) == NOT_FOUND
    [told] = await emitted(database, reader, "notification_deleted")
    assert events_pb2.NotificationDeleted.FromString(told.payload).notification_id == found.notification_id
    statement = "select envelope from outbox where kind = 'audit_recorded' and aggregate_id = :id"
    [(envelope,)] = await rows(database, statement, id=found.notification_id)
    record = AuditRecorded.FromString(type(told).FromString(bytes(envelope)).payload)
    assert (record.action, record.target_kind, record.service) == (
        "notification.deleted",
        "notification",
        "notifications",
    )
    assert json.loads(record.before_json) == {
        "kind": "message",
        "conversation_id": conversation_id,
        "is_read": False,
    }


async def test_all_are_marked_at_once_and_told_once(service: Notifications, database: Database) -> None:
    reader, other = user_id(), user_id()
    await receive(database, reader, count=3)
    await receive(database, other)
    answer = await service.ask(service.stub.MarkAllRead, pb.MarkAllReadRequest(), by=reader)
    assert (answer.marked_count, await service.unread(reader), await service.unread(other)) == (3, 0, 1)
    [told] = await emitted(database, reader, "notification_read")
    assert events_pb2.NotificationRead.FromString(told.payload).notification_id == ""

    answer = await service.ask(service.stub.MarkAllRead, pb.MarkAllReadRequest(), by=reader)
    assert answer.marked_count == 0
    assert len(await emitted(database, reader, "notification_read")) == 1


# -- refused, repeated, at once ----------------------------------------------------------------------------------------


def about(notification_id: str) -> list[tuple[str, Message]]:
    return [
        ("GetNotification", pb.GetNotificationRequest(notification_id=notification_id)),
        ("UpdateNotification", pb.UpdateNotificationRequest(notification_id=notification_id, is_read=True)),
        ("DeleteNotification", pb.DeleteNotificationRequest(notification_id=notification_id)),
    ]


async def test_another_persons_notification_is_as_unknown_as_one_that_never_was(
    service: Notifications, database: Database
) -> None:
    reader, other = user_id(), user_id()
    await receive(database, reader)
    before = await service.inbox(reader)
    for name, request in [*about(before[0].notification_id), *about(uuid7())]:
        assert await refusal(service.ask(getattr(service.stub, name), request, by=other)) == NOT_FOUND
    assert await service.inbox(reader) == before
    assert await service.inbox(other) == []


async def test_what_is_no_id_is_refused(service: Notifications) -> None:
    for name, request in [*about(""), *about("1"), *about("\x00" * 36)]:
        attempt = service.ask(getattr(service.stub, name), request, by=user_id())
        assert await refusal(attempt) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    for request in (
        pb.ListNotificationsRequest(page_size=201),
        pb.ListNotificationsRequest(page_size=-1),
        pb.ListNotificationsRequest(kind=9),  # type: ignore[arg-type]
        pb.ListNotificationsRequest(page_token="x" * 1025),
    ):
        attempt = service.ask(service.stub.ListNotifications, request, by=user_id())
        assert await refusal(attempt) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_nobody_in_particular_has_no_inbox(service: Notifications) -> None:
    for name, request in [
        *about(uuid7()),
        ("ListNotifications", pb.ListNotificationsRequest()),
        ("MarkAllRead", pb.MarkAllReadRequest()),
        ("CountUnread", pb.CountUnreadRequest()),
    ]:
        attempt = service.ask(getattr(service.stub, name), request)
        assert await refusal(attempt) == ("UNAUTHENTICATED", "CALLER_UNKNOWN")


async def test_only_the_gateway_may_ask(infra: Stack, service: Notifications) -> None:
    channel = Channel(infra.target("notifications"), infra.credential("auth"))
    attempt = channel.call(channel.stub(rpc.NotificationsStub).CountUnread, pb.CountUnreadRequest(), timeout=30)
    assert await refusal(attempt) == ("PERMISSION_DENIED", "CALLER_REFUSED")
    await channel.close()


async def test_repeating_a_request_id_returns_the_first_answer(service: Notifications, database: Database) -> None:
    reader = user_id()
    await receive(database, reader, count=2)
    newer, older = await service.inbox(reader)
    read = await mark(service, newer.notification_id, by=reader, key="1")
    await mark(service, newer.notification_id, by=reader, is_read=False, key="2")
    assert await mark(service, newer.notification_id, by=reader, key="1") == read
    assert await service.unread(reader) == 2
    attempt = mark(service, older.notification_id, by=reader, key="1")
    assert await refusal(attempt) == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")

    request = pb.DeleteNotificationRequest(notification_id=newer.notification_id, request_id="3")
    for _ in range(2):
        await service.ask(service.stub.DeleteNotification, request, by=reader)
    for _ in range(2):
        answer, _ = await service.bill(service.stub.MarkAllRead, pb.MarkAllReadRequest(request_id="4"), by=reader)
        assert answer.marked_count == 1


async def test_of_two_at_once_one_deletes_and_all_may_mark(service: Notifications, database: Database) -> None:
    reader = user_id()
    await receive(database, reader, count=20)
    found = await service.inbox(reader)
    marked = await asyncio.gather(
        *(service.ask(service.stub.MarkAllRead, pb.MarkAllReadRequest(), by=reader) for _ in range(4)),
        *(mark(service, one.notification_id, by=reader) for one in found[:4]),
    )
    assert sum(answer.marked_count for answer in marked[:4]) in range(16, 21)
    assert await service.unread(reader) == 0

    request = pb.DeleteNotificationRequest(notification_id=found[0].notification_id)
    attempts = [service.ask(service.stub.DeleteNotification, request, by=reader) for _ in range(4)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(outcome, pb.DeleteNotificationResponse) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Failure) and outcome.reason == NOT_FOUND[1] for outcome in outcomes) == 3
