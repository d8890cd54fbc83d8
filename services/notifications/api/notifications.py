"""The Notifications service: everybody's own inbox."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.notifications.v1 import notifications_pb2_grpc as rpc
from services.notifications.api import convert
from services.notifications.domain import notifications
from services.notifications.model.ids import NotificationId, UserId
from services.notifications.store import notifications as store


class NotificationsServicer(rpc.NotificationsServicer):
    """Lists, counts and settles the caller's notifications; nobody else's are ever found."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def ListNotifications(
        self, request: pb.ListNotificationsRequest, context: Context
    ) -> pb.ListNotificationsResponse:
        """Refuses page tokens of other lists."""
        filters = {"user": _user_id(), "unread": request.unread_only, "kind": request.kind}
        page = await self._database.run(
            store.page,
            user_id=_user_id(),
            unread_only=request.unread_only,
            kind=convert.kind(request.kind),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListNotificationsResponse(
            notifications=[convert.notification(row) for row in page.rows],
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def GetNotification(self, request: pb.GetNotificationRequest, context: Context) -> pb.GetNotificationResponse:
        """Refuses unknown notifications and other people's."""
        found = await self._database.run(
            store.get, user_id=_user_id(), notification_id=NotificationId(request.notification_id)
        )
        return pb.GetNotificationResponse(notification=convert.notification(found))

    async def UpdateNotification(
        self, request: pb.UpdateNotificationRequest, context: Context
    ) -> pb.UpdateNotificationResponse:
        """Refuses unknown notifications, other people's and those that wait for an acknowledgement."""
        answer: pb.UpdateNotificationResponse = await self._database.run(
            notifications.mark,
            user_id=_user_id(),
            notification_id=NotificationId(request.notification_id),
            is_read=request.is_read,
            once=Once.of(request, encode=convert.updated, answer=pb.UpdateNotificationResponse),
        )
        return answer

    async def DeleteNotification(
        self, request: pb.DeleteNotificationRequest, context: Context
    ) -> pb.DeleteNotificationResponse:
        """Refuses unknown notifications and other people's."""
        answer: pb.DeleteNotificationResponse = await self._database.run(
            notifications.delete,
            user_id=_user_id(),
            notification_id=NotificationId(request.notification_id),
            once=Once.of(request, encode=convert.deleted, answer=pb.DeleteNotificationResponse),
        )
        return answer

    async def MarkAllRead(self, request: pb.MarkAllReadRequest, context: Context) -> pb.MarkAllReadResponse:
        """Refuses nobody."""
        answer: pb.MarkAllReadResponse = await self._database.run(
            notifications.mark_all_read,
            user_id=_user_id(),
            once=Once.of(request, encode=convert.marked, answer=pb.MarkAllReadResponse),
        )
        return answer

    async def CountUnread(self, request: pb.CountUnreadRequest, context: Context) -> pb.CountUnreadResponse:
        """Refuses nobody."""
        count = await self._database.run(store.count_unread, user_id=_user_id())
        return pb.CountUnreadResponse(unread_count=count)


def _user_id() -> UserId:
    return UserId(caller().user_id)
