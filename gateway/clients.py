"""The four services as the gateway calls them."""

import asyncio
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from chassis.rpc.client import Channel
from gateway.settings import Settings
from messaging.auth.v1.accounts_pb2_grpc import AccountsStub
from messaging.auth.v1.sessions_pb2_grpc import SessionsStub
from messaging.conversations.v1.acknowledgements_pb2_grpc import AcknowledgementsStub
from messaging.conversations.v1.bans_pb2_grpc import BansStub
from messaging.conversations.v1.bookmarks_pb2_grpc import BookmarksStub
from messaging.conversations.v1.circles_pb2_grpc import CirclesStub
from messaging.conversations.v1.conversations_pb2_grpc import ConversationsStub
from messaging.conversations.v1.drafts_pb2_grpc import DraftsStub
from messaging.conversations.v1.forwards_pb2_grpc import ForwardsStub
from messaging.conversations.v1.invites_pb2_grpc import InvitesStub
from messaging.conversations.v1.messages_pb2_grpc import MessagesStub
from messaging.conversations.v1.participants_pb2_grpc import ParticipantsStub
from messaging.conversations.v1.pins_pb2_grpc import PinsStub
from messaging.conversations.v1.polls_pb2_grpc import PollsStub
from messaging.conversations.v1.reactions_pb2_grpc import ReactionsStub
from messaging.conversations.v1.receipts_pb2_grpc import ReceiptsStub
from messaging.conversations.v1.reports_pb2_grpc import ReportsStub
from messaging.conversations.v1.scheduled_pb2_grpc import ScheduledStub
from messaging.conversations.v1.search_pb2_grpc import SearchStub
from messaging.conversations.v1.threads_pb2_grpc import ThreadsStub
from messaging.notifications.v1.notifications_pb2_grpc import NotificationsStub
from messaging.users.v1.blocks_pb2_grpc import BlocksStub
from messaging.users.v1.contacts_pb2_grpc import ContactsStub
from messaging.users.v1.presences_pb2_grpc import PresencesStub
from messaging.users.v1.privacy_pb2_grpc import PrivacySettingsStub
from messaging.users.v1.profiles_pb2_grpc import ProfilesStub


class Service(Channel):
    """A service as endpoints ask it."""

    async def ask(self, rpc: Callable[..., Any], request: Message) -> Any:
        """Make a call that may be repeated: one that only reads, or one that carries a request id.

        A replica that is just being replaced answers UNAVAILABLE; the next attempt reaches another. Raises: Failure.
        """
        return await self.call(rpc, request, retries=1)


class AuthClient(Service):
    """The auth service."""

    def __init__(self, target: str, credential: str) -> None:
        super().__init__(target, credential)
        self.accounts = self.stub(AccountsStub)
        self.sessions = self.stub(SessionsStub)


class UsersClient(Service):
    """The users service."""

    def __init__(self, target: str, credential: str) -> None:
        super().__init__(target, credential)
        self.profiles = self.stub(ProfilesStub)
        self.presences = self.stub(PresencesStub)
        self.privacy = self.stub(PrivacySettingsStub)
        self.blocks = self.stub(BlocksStub)
        self.contacts = self.stub(ContactsStub)


class ConversationsClient(Service):
    """The conversations service."""

    def __init__(self, target: str, credential: str) -> None:
        super().__init__(target, credential)
        self.conversations = self.stub(ConversationsStub)
        self.circles = self.stub(CirclesStub)
        self.reports = self.stub(ReportsStub)
        self.reactions = self.stub(ReactionsStub)
        self.polls = self.stub(PollsStub)
        self.pins = self.stub(PinsStub)
        self.drafts = self.stub(DraftsStub)
        self.bookmarks = self.stub(BookmarksStub)
        self.acknowledgements = self.stub(AcknowledgementsStub)
        self.participants = self.stub(ParticipantsStub)
        self.bans = self.stub(BansStub)
        self.invites = self.stub(InvitesStub)
        self.messages = self.stub(MessagesStub)
        self.receipts = self.stub(ReceiptsStub)
        self.threads = self.stub(ThreadsStub)
        self.forwards = self.stub(ForwardsStub)
        self.scheduled = self.stub(ScheduledStub)
        self.search = self.stub(SearchStub)


class NotificationsClient(Service):
    """The notifications service."""

    def __init__(self, target: str, credential: str) -> None:
        super().__init__(target, credential)
        self.notifications = self.stub(NotificationsStub)


class Clients:
    """One connection to each service: `await clients.auth.call(clients.auth.sessions.CreateSession, request)`."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet: gRPC connects when the first call is made."""
        credential = settings.service_credential
        self.auth = AuthClient(settings.auth_target, credential)
        self.users = UsersClient(settings.users_target, credential)
        self.conversations = ConversationsClient(settings.conversations_target, credential)
        self.notifications = NotificationsClient(settings.notifications_target, credential)

    async def close(self) -> None:
        """End calls under way after a moment, and the connections."""
        channels: list[Channel] = [self.auth, self.users, self.conversations, self.notifications]
        await asyncio.gather(*(channel.close() for channel in channels))
