"""The Circles service."""

from chassis.database import Database
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import circles_pb2 as pb
from messaging.conversations.v1 import circles_pb2_grpc as rpc
from services.conversations.model.ids import UserId
from services.conversations.store import circles


class CirclesServicer(rpc.CirclesServicer):
    """Who is near to whom."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetCircles(self, request: pb.GetCirclesRequest, context: Context) -> pb.GetCirclesResponse:
        """Refuses nobody: only the gateway asks."""
        user_ids = [UserId(user_id.lower()) for user_id in request.user_ids]
        found = await self._database.run(circles.of, user_ids=user_ids)
        return pb.GetCirclesResponse(
            circles=[pb.Circle(user_id=user_id, conversation_ids=ids) for user_id, ids in found.items()]
        )
