"""The inbox: what happened while its owner was not looking."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import Id, IdempotencyKey, Page, Paged, Sent, Shown, Time, id_in_path
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.notifications.v1 import notifications_pb2 as pb

router = APIRouter(prefix="/api/v1/notifications", tags=["Notifications"], route_class=SignedInRoute)

NotificationId = Annotated[str, id_in_path("Which notification")]
Kind = Literal["message", "member_added", "mention", "reply", "acknowledgement"]
KINDS: dict[str | None, pb.NotificationKind.ValueType] = {
    None: pb.NOTIFICATION_KIND_UNSPECIFIED,
    "message": pb.NOTIFICATION_KIND_MESSAGE,
    "member_added": pb.NOTIFICATION_KIND_MEMBER_ADDED,
    "mention": pb.NOTIFICATION_KIND_MENTION,
    "reply": pb.NOTIFICATION_KIND_REPLY,
    "acknowledgement": pb.NOTIFICATION_KIND_ACKNOWLEDGEMENT,
}


class NotificationChange(Sent):
    """What can be changed."""

    is_read: bool


class Notification(Shown):
    """One entry of an inbox."""

    id: Id
    kind: Kind
    title: str = Field(description="One line")
    body: str = Field(description="A little more; for messages the beginning of the newest")
    is_read: bool
    read_at: Time | None = Field(examples=[None])
    actor_id: Id | None = Field(description="Who caused it")
    conversation_id: Id | None
    message_id: Id | None = Field(description="The newest message that it stands for")
    count: int = Field(description="How many things it stands for", examples=[3])
    created_at: Time = Field(description="When it first appeared, or last became unread again")


class NotificationFilters(Paged):
    """Which notifications."""

    unread: bool = Field(False, description="`true`: only unread ones")
    kind: Kind | None = Field(None, description="Only this kind")


class MarkedCount(Shown):
    """How many were marked."""

    marked_count: int


class UnreadCount(Shown):
    """How many are unread."""

    unread_count: int


@router.get(
    "/",
    summary="List notifications",
    response_model=Page[Notification],
    responses=problems("invalid_page_token"),
)
async def list_mine(request: Request, filters: Annotated[NotificationFilters, Query()], clients: Backend) -> Response:
    """The newest first."""
    answer = await clients.notifications.ask(
        clients.notifications.notifications.ListNotifications,
        pb.ListNotificationsRequest(
            unread_only=filters.unread,
            kind=KINDS[filters.kind],
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
    )
    return page(request, [views.notification(item) for item in answer.notifications], answer)


@router.post("/mark_all_read/", summary="Mark all as read", response_model=MarkedCount)
async def mark_all_read(request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """All but those of kind `acknowledgement`. Answers how many were unread."""
    answer = await clients.notifications.ask(
        clients.notifications.notifications.MarkAllRead, pb.MarkAllReadRequest(request_id=request_id(key))
    )
    return settled(request, {"marked_count": answer.marked_count})


@router.get("/unread_count/", summary="Count unread notifications", response_model=UnreadCount)
async def unread_count(clients: Backend) -> Response:
    """For a badge."""
    answer = await clients.notifications.ask(clients.notifications.notifications.CountUnread, pb.CountUnreadRequest())
    return Json({"unread_count": answer.unread_count})


@router.get(
    "/{notification_id:id}/",
    summary="Show a notification",
    response_model=Notification,
    responses=problems("notification_not_found"),
)
async def show(notification_id: NotificationId, clients: Backend) -> Response:
    """To its owner."""
    answer = await clients.notifications.ask(
        clients.notifications.notifications.GetNotification,
        pb.GetNotificationRequest(notification_id=notification_id),
    )
    return Json(views.notification(answer.notification))


@router.patch(
    "/{notification_id:id}/",
    summary="Mark a notification",
    response_model=Notification,
    responses=problems("notification_not_found", "acknowledgement_required"),
)
async def change(notification_id: NotificationId, sent: NotificationChange, clients: Backend) -> Response:
    """As read or unread. One of kind `acknowledgement` is settled by acknowledging its message alone."""
    answer = await clients.notifications.ask(
        clients.notifications.notifications.UpdateNotification,
        pb.UpdateNotificationRequest(
            notification_id=notification_id, is_read=sent.is_read, request_id=request_id(None)
        ),
    )
    return Json(views.notification(answer.notification))


@router.delete(
    "/{notification_id:id}/",
    summary="Remove a notification",
    status_code=204,
    responses=problems("notification_not_found"),
)
async def delete(notification_id: NotificationId, clients: Backend) -> Response:
    """For good."""
    await clients.notifications.ask(
        clients.notifications.notifications.DeleteNotification,
        pb.DeleteNotificationRequest(notification_id=notification_id, request_id=request_id(None)),
    )
    return nothing()
