"""A long conversation, filled through the service as the gateway fills it, and pages of it in no order."""

import random
from collections.abc import Sequence

from chassis.ids import uuid7
from chassis.rpc.client import Channel
from messaging.conversations.v1.messages_pb2 import SendItem, SendMessagesRequest
from messaging.conversations.v1.messages_pb2_grpc import MessagesStub
from tests.load.figures import Refused

LENGTH = 10_000
PAGE = 50
_BATCH = 100
_TEXT = "What was said here may be read again: {} of so many, and about as long as people write."


async def fill(channel: Channel, conversation_id: str, sender_ids: Sequence[str], length: int = LENGTH) -> None:
    """Send so many messages, by each in turn. Raises: Refused."""
    stub = channel.stub(MessagesStub)
    for begin in range(0, length, _BATCH):
        items = [
            SendItem(
                sender_id=sender_ids[number % len(sender_ids)],
                conversation_id=conversation_id,
                client_message_id=uuid7(),
                content=_TEXT.format(number),
            )
            for number in range(begin, min(begin + _BATCH, length))
        ]
        answer = await channel.call(stub.SendMessages, SendMessagesRequest(items=items), timeout=10)
        if refused := [result.error for result in answer.results if not result.HasField("message")]:
            raise Refused(str(refused[0]))


def places(count: int, length: int = LENGTH) -> list[int]:
    """Numbers before which a whole page lies, the same ones every time."""
    chance = random.Random(4)
    return [chance.randint(PAGE + 1, length) for _ in range(count)]
