"""The Forwards service."""

import asyncio
from collections.abc import Sequence

from chassis import call
from chassis.call import caller
from chassis.database import Database
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import forwards_pb2 as pb
from messaging.conversations.v1 import forwards_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import forwards
from services.conversations.domain.sends import Outcome
from services.conversations.domain.writer import Writer
from services.conversations.model.errors import ConversationBusy
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Draft, Sent

# Seconds between attempts while a conversation is held by others.
_PAUSES = (0.01, 0.05, 0.1, 0.2, 0.4)


class ForwardsServicer(rpc.ForwardsServicer):
    """Copies go through the writer like all sends, and the comments behind those that were stored."""

    def __init__(self, database: Database, writer: Writer, limits: Limits) -> None:
        self._database = database
        self._writer = writer
        self._limits = limits

    async def ForwardMessage(self, request: pb.ForwardMessageRequest, context: Context) -> pb.ForwardMessageResponse:
        """Refuses messages that the caller cannot see, deleted ones and the platform's own; targets for themselves."""
        prepared = await self._database.run(
            forwards.prepare,
            message_id=convert.message_id(request.message_id),
            sender_id=UserId(caller().user_id),
            conversation_ids=list(map(convert.conversation_id, request.conversation_ids)),
            comment=request.comment,
            request_id=request.request_id,
            traceparent=call.current().traceparent,
            limits=self._limits,
        )
        copies = dict(zip(prepared, await self._send([forward.copy for forward in prepared]), strict=True))
        commented = [
            forward for forward, copy in copies.items() if isinstance(copy, Sent) and forward.comment is not None
        ]
        said = await self._send([forward.comment for forward in commented if forward.comment is not None])
        comments = dict(zip(commented, said, strict=True))
        return pb.ForwardMessageResponse(
            results=[
                convert.forwarded(forward.copy.conversation_id, copy, comments.get(forward))
                for forward, copy in copies.items()
            ]
        )

    async def _send(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store what may be stored; conversations that others hold are asked for again."""
        outcomes: dict[Draft, Outcome] = {}
        waiting = list(drafts)
        for pause in (0.0, *_PAUSES):
            await asyncio.sleep(pause)
            if waiting:
                tried = await asyncio.wrap_future(self._writer.submit(waiting))
                outcomes.update(zip(waiting, tried, strict=True))
                waiting = [draft for draft in waiting if isinstance(outcomes[draft], ConversationBusy)]
            if not waiting:
                break
        return [outcomes[draft] for draft in drafts]
