from datetime import UTC

from messaging.notifications.v1 import events_pb2
from messaging.notifications.v1 import notifications_pb2 as pb
from services.notifications.api import convert
from services.notifications.bus.publish import encode
from services.notifications.model.events import NotificationCreated, NotificationDeleted, NotificationRead
from services.notifications.model.notifications import Kind
from tests.support.factories.notifications import notification


def test_a_notification_is_shown_as_it_is() -> None:
    source = notification(count=3)
    shown = convert.notification(source)
    assert (shown.notification_id, shown.kind, shown.count) == (
        source.notification_id,
        pb.NOTIFICATION_KIND_MESSAGE,
        3,
    )
    assert (shown.title, shown.body, shown.is_read) == (source.title, source.body, False)
    assert (shown.actor_id, shown.conversation_id, shown.message_id) == (
        source.actor_id,
        source.conversation_id,
        source.message_id,
    )
    assert shown.create_time.ToDatetime(source.created_at.tzinfo) == source.created_at
    assert not shown.HasField("read_time")


def test_what_is_not_there_is_empty() -> None:
    source = notification(kind=Kind.MEMBER_ADDED, actor_id=None, message_id=None, read_at=notification().created_at)
    shown = convert.notification(source)
    assert (shown.kind, shown.actor_id, shown.message_id) == (pb.NOTIFICATION_KIND_MEMBER_ADDED, "", "")
    assert (shown.is_read, shown.read_time) == (True, shown.create_time)


def test_every_kind_can_be_asked_for() -> None:
    kinds = [pb.NotificationKind.Value(name) for name in pb.NotificationKind.keys()]  # noqa: SIM118 - no dictionary
    assert {convert.kind(number) for number in kinds} == {None, *Kind}


def test_an_event_is_for_its_users_devices_alone() -> None:
    source = notification()
    created = encode(NotificationCreated(source), write=convert.notification)
    at = source.created_at
    read = encode(NotificationRead(source.user_id, at, source.notification_id), write=convert.notification)
    deleted = encode(NotificationDeleted(source.user_id, source.notification_id), write=convert.notification)
    kinds = ("notification_created", "notification_read", "notification_deleted")
    for event, kind in zip((created, read, deleted), kinds, strict=True):
        assert (event.kind, event.aggregate_id, event.user_id) == (kind, source.user_id, source.user_id)
    assert events_pb2.NotificationCreated.FromString(created.payload).notification == convert.notification(source)
    told = events_pb2.NotificationRead.FromString(read.payload)
    assert (told.notification_id, told.read_time.ToDatetime(UTC)) == (source.notification_id, at)
    assert events_pb2.NotificationDeleted.FromString(deleted.payload).notification_id == source.notification_id
    every = encode(NotificationRead(source.user_id, at), write=convert.notification)
    assert events_pb2.NotificationRead.FromString(every.payload).notification_id == ""
