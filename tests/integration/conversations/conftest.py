"""The conversations service in this process on the suite's servers, with the real users service beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import nats
import pytest
from google.protobuf.message import Message
from nats.aio.client import Client
from sqlalchemy import text

import services.users.settings
import services.users.wiring
from chassis.call import Caller, Meter
from chassis.database import Database, Transaction
from chassis.ids import uuid7
from chassis.rpc.client import Channel
from chassis.rpc.status import RemoteFailure
from chassis.streams import ensure_stream
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2 as conversations
from messaging.conversations.v1 import messages_pb2 as messages
from messaging.conversations.v1.bans_pb2_grpc import BansStub
from messaging.conversations.v1.conversations_pb2_grpc import ConversationsStub
from messaging.conversations.v1.invites_pb2_grpc import InvitesStub
from messaging.conversations.v1.messages_pb2_grpc import MessagesStub
from messaging.conversations.v1.participants_pb2 import Participant, UpdateParticipantResponse
from messaging.conversations.v1.participants_pb2_grpc import ParticipantsStub
from messaging.conversations.v1.receipts_pb2_grpc import ReceiptsStub
from services.conversations.api import convert
from services.conversations.bus.publish import Encoder
from services.conversations.model.ids import UserId
from services.conversations.settings import Settings
from services.conversations.store import people
from services.conversations.wiring import build
from tests.integration.conversations.marks import Marks
from tests.support import calls
from tests.support.factories.conversations import direct_request, group_request, settings_request
from tests.support.factories.messages import edit_request, item
from tests.support.factories.participants import participant_request
from tests.support.people import PATIENCE


class Service:
    """Calls to a running service as whoever the test says, and its database for what no RPC shows."""

    def __init__(self, target: str, credential: str, database: Database) -> None:
        self.channel = Channel(target, credential)
        self.database = database
        self.conversations = self.channel.stub(ConversationsStub)
        self.participants = self.channel.stub(ParticipantsStub)
        self.bans = self.channel.stub(BansStub)
        self.invites = self.channel.stub(InvitesStub)
        self.messages = self.channel.stub(MessagesStub)
        self.receipts = self.channel.stub(ReceiptsStub)

    async def ask(self, rpc: Callable[..., Any], request: Message, *, by: str = "") -> Any:
        """Call as a person, or as nobody."""
        return (await self.bill(rpc, request, by=by))[0]

    async def bill(self, rpc: Callable[..., Any], request: Message, *, by: str = "") -> tuple[Any, Meter]:
        """Call, and say what it cost."""
        return await calls.bill(self.channel, rpc, request, caller=Caller(by) if by else None)

    async def refusal(self, rpc: Callable[..., Any], request: Message, *, by: str) -> str:
        """The reason for which a call fails."""
        with pytest.raises(RemoteFailure) as refused:
            await self.ask(rpc, request, by=by)
        return refused.value.reason

    async def people(self, count: int) -> list[str]:
        """So many people whom registration's events have told of."""
        user_ids = [UserId(uuid7()) for _ in range(count)]
        await self.database.run(people.meet, usernames={user_id: f"person-{user_id[-12:]}" for user_id in user_ids})
        return list(user_ids)

    async def direct(self, one: str, other: str) -> str:
        """The direct conversation of two people."""
        answer = await self.ask(self.conversations.CreateConversation, direct_request(other), by=one)
        return str(answer.conversation.conversation_id)

    async def group(self, owner: str, *others: str, title: str = "Engine room") -> str:
        """A new group."""
        answer = await self.ask(self.conversations.CreateConversation, group_request(*others, title=title), by=owner)
        return str(answer.conversation.conversation_id)

    async def change(self, conversation_id: str, *, by: str, **settings: Any) -> conversations.Conversation:
        """A group with other settings."""
        request = settings_request(conversation_id, **settings)
        answer: conversations.UpdateConversationResponse = await self.ask(
            self.conversations.UpdateConversation, request, by=by
        )
        return answer.conversation

    async def regard(self, conversation_id: str, user_id: str, *, by: str, **fields: Any) -> Participant:
        """A participant with another role, or muted."""
        request = participant_request(conversation_id, user_id, **fields)
        answer: UpdateParticipantResponse = await self.ask(self.participants.UpdateParticipant, request, by=by)
        return answer.participant

    async def get(self, conversation_id: str, *, by: str) -> conversations.Conversation:
        """A conversation as somebody sees it."""
        request = conversations.GetConversationRequest(conversation_id=conversation_id)
        found: conversations.GetConversationResponse = await self.ask(
            self.conversations.GetConversation, request, by=by
        )
        return found.conversation

    async def listed(self, by: str, **fields: Any) -> list[str]:
        """The ids of the conversations on somebody's first page."""
        request = conversations.ListConversationsRequest(**fields)
        page = await self.ask(self.conversations.ListConversations, request, by=by)
        return [found.conversation_id for found in page.conversations]

    async def changes(
        self, conversation_id: str, after_rev: int = 0, *, by: str = ""
    ) -> conversations.ListChangesResponse:
        """What happened after a revision."""
        request = conversations.ListChangesRequest(conversation_id=conversation_id, after_rev=after_rev)
        found: conversations.ListChangesResponse = await self.ask(self.conversations.ListChanges, request, by=by)
        return found

    async def send(self, *items: messages.SendItem) -> list[messages.SendResult]:
        """What became of each item of one call."""
        answer = await self.ask(self.messages.SendMessages, messages.SendMessagesRequest(items=items))
        return list(answer.results)

    async def say(
        self, sender_id: str, conversation_id: str, content: str = "Are you there?", **fields: Any
    ) -> messages.Message:
        """Send one message, which must succeed."""
        sent = item(sender_id, conversation_id, content, **fields)
        while reasons(results := await self.send(sent)) == ["CONVERSATION_BUSY"]:
            await asyncio.sleep(0.005)
        [result] = results
        assert result.HasField("message"), result
        return result.message

    async def edit(self, message_id: str, content: str, *, by: str, **fields: Any) -> messages.Message:
        """Replace the text of a message."""
        request = edit_request(message_id, content, **fields)
        answer: messages.EditMessageResponse = await self.ask(self.messages.EditMessage, request, by=by)
        return answer.message

    async def delete(self, message_id: str, *, by: str, **fields: Any) -> messages.Message:
        """Delete a message for everyone."""
        request = messages.DeleteMessageRequest(message_id=message_id, **fields)
        answer: messages.DeleteMessageResponse = await self.ask(self.messages.DeleteMessage, request, by=by)
        return answer.message

    async def age(self, message_id: str, span: str) -> None:
        """Have a message be so much older; the database's clock judges windows."""
        statement = "update messages set created_at = created_at - cast(:span as interval) where id = :id"
        await self.rows(statement, span=span, id=message_id)

    async def history(self, conversation_id: str, *, by: str, **fields: Any) -> list[messages.Message]:
        """All messages, the oldest first."""
        found: list[messages.Message] = []
        token = ""
        while True:
            request = messages.ListMessagesRequest(
                conversation_id=conversation_id, after_seq=0, page_size=200, page_token=token, **fields
            )
            page = await self.ask(self.messages.ListMessages, request, by=by)
            found += page.messages
            token = page.next_page_token
            if not token:
                return found

    async def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a statement of the test's own finds or returns."""

        def run(tx: Transaction) -> list[tuple[Any, ...]]:
            result = tx.execute(text(statement), parameters)
            return [tuple(row) for row in result] if result.returns_rows else []

        return await self.database.run(run)

    async def emitted(self, conversation_id: str, *kinds: str) -> list[Envelope]:
        """What was told of a conversation, in order."""
        statement = "select envelope from outbox where aggregate_id = :id order by id"
        found = [Envelope.FromString(bytes(row[0])) for row in await self.rows(statement, id=conversation_id)]
        return [envelope for envelope in found if not kinds or envelope.kind in kinds]


def reason(result: messages.SendResult) -> str:
    """Why an item was not stored."""
    return RemoteFailure(result.error).reason


def reasons(results: Sequence[messages.SendResult]) -> list[str]:
    """What became of each item: its reason, or an empty text for a stored one."""
    return ["" if result.HasField("message") else reason(result) for result in results]


@asynccontextmanager
async def supervised(part: Any) -> AsyncIterator[None]:
    """Run something long-lived for the length of the block."""
    task = asyncio.create_task(part.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def environment_of(stack: Stack, process: str) -> dict[str, Any]:
    """What a process would read, by the names of its settings."""
    return {name.lower(): value for name, value in stack.environment(process).items()}


@asynccontextmanager
async def running(stack: Stack, **settings: Any) -> AsyncIterator[Service]:
    """Run the service, with some settings of the test's own."""
    environment = {**environment_of(stack, "conversations"), **settings}
    database = Database(
        environment["database_url"],
        service="conversations",
        encode=Encoder(
            convert.conversation,
            convert.participant,
            convert.message,
            convert.settings,
            convert.scheduled,
            convert.saved_draft,
        ),
    )
    async with supervised(build(Settings(**environment))):
        service = Service(environment["listen"], stack.credential("gateway"), database)
        async with asyncio.timeout(PATIENCE):
            await service.channel.ready()
        yield service
        await service.channel.close()
    await database.close()


@pytest.fixture(scope="package")
async def operator(infra: Stack) -> AsyncIterator[Client]:
    """NATS as somebody who may publish in any service's name; the streams are there."""
    client = await nats.connect(infra.nats_url())
    for source in ("auth", "users", "conversations"):
        await ensure_stream(client.jetstream(), source, 1)
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def users(infra: Stack) -> AsyncIterator[Channel]:
    """The users service, as the gateway reaches it."""
    settings = services.users.settings.Settings(**environment_of(infra, "users"))
    async with supervised(services.users.wiring.build(settings)):
        channel = Channel(infra.target("users"), infra.credential("gateway"))
        async with asyncio.timeout(PATIENCE):
            await channel.ready()
        yield channel
        await channel.close()


@pytest.fixture(scope="package")
async def service(infra: Stack, operator: Client, users: Channel) -> AsyncIterator[Service]:
    async with running(infra) as running_service:
        yield running_service


@pytest.fixture
def marks(service: Service) -> Marks:
    """What people attach to messages."""
    return Marks(service.channel)


@pytest.fixture
async def pair(service: Service) -> tuple[str, str]:
    """Two people who have not met yet."""
    one, other = await service.people(2)
    return one, other


@pytest.fixture
async def group(service: Service, pair: tuple[str, str]) -> str:
    """A group of the two, the first of whom owns it."""
    return await service.group(*pair)


@pytest.fixture
async def direct(service: Service, pair: tuple[str, str]) -> str:
    """The direct conversation of the two."""
    return await service.direct(*pair)


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = PATIENCE) -> Any:
    """Wait until something is true, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found
