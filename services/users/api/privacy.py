"""messaging.users.v1.PrivacySettings."""

from chassis.database import Database, Once
from chassis.rpc.interceptor import Context
from messaging.users.v1 import privacy_pb2 as pb
from messaging.users.v1 import privacy_pb2_grpc as rpc
from services.users.api import convert
from services.users.domain import privacy
from services.users.store.cache import ProfileCache


class PrivacyServicer(rpc.PrivacySettingsServicer):
    """What people let others see and do."""

    def __init__(self, database: Database, cache: ProfileCache) -> None:
        self._database = database
        self._cache = cache

    async def GetPrivacy(self, request: pb.GetPrivacyRequest, context: Context) -> pb.GetPrivacyResponse:
        """Refuses whoever has no profile."""
        stored = await self._database.run(privacy.get, user_id=convert.viewer().user_id)
        return pb.GetPrivacyResponse(privacy=convert.privacy(stored))

    async def UpdatePrivacy(self, request: pb.UpdatePrivacyRequest, context: Context) -> pb.UpdatePrivacyResponse:
        """Refuses whoever has no profile."""
        user_id = convert.viewer().user_id
        response: pb.UpdatePrivacyResponse = await self._database.run(
            privacy.update,
            user_id=user_id,
            values=convert.privacy_changes(request),
            once=Once.of(
                request,
                encode=lambda changed: pb.UpdatePrivacyResponse(privacy=convert.privacy(changed)),
                answer=pb.UpdatePrivacyResponse,
            ),
        )
        await self._cache.drop([user_id])
        return response
