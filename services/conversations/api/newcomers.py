"""People whom this service has not heard of: the users service is asked about them before the transaction."""

from collections.abc import Sequence

from chassis.database import Database
from chassis.rpc.client import Channel
from messaging.users.v1 import profiles_pb2, profiles_pb2_grpc
from services.conversations.model.ids import UserId
from services.conversations.store import people


class Newcomers:
    """Asks about those only whom the projection lacks; a registration's event may still be on its way."""

    def __init__(self, database: Database, users: Channel) -> None:
        self._database = database
        self._users = users
        self._profiles = users.stub(profiles_pb2_grpc.ProfilesStub)

    async def among(self, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """Those who are new here and exist, with their usernames.

        Raises: DependencyUnavailable when the users service is needed but down.
        """
        unknown = await self._database.run(people.unknown, user_ids=user_ids)
        if not unknown:
            return {}
        request = profiles_pb2.GetUsersRequest(user_ids=unknown)
        answer: profiles_pb2.GetUsersResponse = await self._users.call(self._profiles.GetUsers, request, retries=1)
        return {UserId(user.user_id): user.username for user in answer.users}
