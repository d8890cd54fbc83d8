"""A load client of its own process that calls a service over gRPC, with so many calls under way.

Reads what to do as JSON from standard input and prints what it saw. Every refusal fails it.
"""

import asyncio
import itertools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvloop
from google.protobuf.message import Message

from chassis.call import Call, Caller, serving
from chassis.errors import Failure
from chassis.ids import uuid7
from chassis.rpc.client import Channel
from messaging.auth.v1 import sessions_pb2 as sessions
from messaging.auth.v1.sessions_pb2_grpc import SessionsStub
from messaging.conversations.v1 import conversations_pb2 as conversations
from messaging.conversations.v1 import messages_pb2 as messages
from messaging.conversations.v1.conversations_pb2_grpc import ConversationsStub
from messaging.conversations.v1.messages_pb2_grpc import MessagesStub
from messaging.notifications.v1 import notifications_pb2 as notifications
from messaging.notifications.v1.notifications_pb2_grpc import NotificationsStub
from messaging.users.v1 import profiles_pb2 as profiles
from messaging.users.v1.profiles_pb2_grpc import ProfilesStub
from tests.load.figures import quantile

TIMEOUT = 10.0

# On whose behalf, and what is asked.
Asked = Iterator[tuple[str, Message]]


def sends(rooms: list[tuple[str, str]], batch: int) -> Asked:
    """Batches of messages, over all rooms in turn; a room is a conversation and its sender."""
    turn = itertools.cycle(rooms)
    while True:
        items = [
            messages.SendItem(
                sender_id=sender_id,
                conversation_id=conversation_id,
                client_message_id=uuid7(),
                content="Hello, this is a test message!",
            )
            for conversation_id, sender_id in itertools.islice(turn, batch)
        ]
        yield "", messages.SendMessagesRequest(items=items)


def pages(conversation_id: str, reader_id: str, places: list[int], size: int) -> Asked:
    """Pages of one conversation."""
    for seq in itertools.cycle(places):
        request = messages.ListMessagesRequest(conversation_id=conversation_id, before_seq=seq, page_size=size)
        yield reader_id, request


def changes(conversation_id: str, reader_id: str, after_rev: int) -> Asked:
    """What happened after a revision."""
    request = conversations.ListChangesRequest(conversation_id=conversation_id, after_rev=after_rev)
    yield from itertools.repeat((reader_id, request))


def logins(emails: list[str], password: str) -> Asked:
    """Logins of one account after the other."""
    for email in itertools.cycle(emails):
        yield "", sessions.CreateSessionRequest(email=email, password=password, ip="192.0.2.1")


def lookups(user_ids: list[str], size: int) -> Asked:
    """Names of so many people."""
    turn = itertools.cycle(user_ids)
    while True:
        yield "", profiles.GetUsersRequest(user_ids=itertools.islice(turn, size))


def searches(reader_id: str, queries: list[str]) -> Asked:
    """People by their names."""
    for query in itertools.cycle(queries):
        yield reader_id, profiles.SearchProfilesRequest(query=query)


def inboxes(user_ids: list[str]) -> Asked:
    """First pages of inboxes."""
    for user_id in itertools.cycle(user_ids):
        yield user_id, notifications.ListNotificationsRequest()


# Kind -> the RPC and what makes its requests.
KINDS: dict[str, tuple[Callable[[Channel], Callable[..., Any]], Callable[..., Asked]]] = {
    "send": (lambda channel: channel.stub(MessagesStub).SendMessages, sends),
    "page": (lambda channel: channel.stub(MessagesStub).ListMessages, pages),
    "changes": (lambda channel: channel.stub(ConversationsStub).ListChanges, changes),
    "login": (lambda channel: channel.stub(SessionsStub).CreateSession, logins),
    "lookup": (lambda channel: channel.stub(ProfilesStub).GetUsers, lookups),
    "search": (lambda channel: channel.stub(ProfilesStub).SearchProfiles, searches),
    "inbox": (lambda channel: channel.stub(NotificationsStub).ListNotifications, inboxes),
}


async def load(
    target: str, credential: str, kind: str, given: dict[str, Any], in_flight: int, seconds: float
) -> dict[str, Any]:
    """Call for so long and say how it went."""
    channel = Channel(target, credential)
    async with asyncio.timeout(TIMEOUT):
        await channel.ready()
    rpc_of, ask = KINDS[kind]
    rpc, asked = rpc_of(channel), ask(**given)
    times: list[float] = []
    failures: list[str] = []
    begun = time.perf_counter()

    async def call() -> None:
        while (at := time.perf_counter()) < begun + seconds and not failures:
            caller, request = next(asked)
            with serving(Call(caller=Caller(caller) if caller else None)):
                try:
                    answer = await channel.call(rpc, request, timeout=TIMEOUT)
                except Failure as failure:
                    failures.append(failure.reason)
                    return
            if isinstance(answer, messages.SendMessagesResponse):
                failures.extend(str(result.error) for result in answer.results if not result.HasField("message"))
            times.append(time.perf_counter() - at)

    await asyncio.gather(*(call() for _ in range(in_flight)))
    elapsed = time.perf_counter() - begun
    await channel.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "failure": failures[0] if failures else None,
        "count": len(times),
        "rate": len(times) / elapsed,
        "p50": quantile(times, 0.5) * 1000,
        "p99": quantile(times, 0.99) * 1000,
        "client_seconds": used.ru_utime + used.ru_stime,
    }


def main() -> None:
    asked = json.load(sys.stdin)
    print(json.dumps(uvloop.run(load(**asked))))


if __name__ == "__main__":
    main()
