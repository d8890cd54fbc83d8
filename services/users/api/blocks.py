"""messaging.users.v1.Blocks."""

from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.users.v1 import blocks_pb2 as pb
from messaging.users.v1 import blocks_pb2_grpc as rpc
from services.users import store
from services.users.api import convert
from services.users.domain import blocks
from services.users.model.relations import Relation
from services.users.store.cache import ProfileCache
from services.users.store.presences import Presences


class BlocksServicer(rpc.BlocksServicer):
    """Whom people block."""

    def __init__(self, database: Database, cache: ProfileCache, presences: Presences, pager: Pager) -> None:
        self._database = database
        self._cache = cache
        self._presences = presences
        self._pager = pager

    async def BlockUser(self, request: pb.BlockUserRequest, context: Context) -> pb.BlockUserResponse:
        """Refuses unknown users and oneself."""
        user_id = convert.viewer().user_id
        response: pb.BlockUserResponse = await self._database.run(
            blocks.block,
            user_id=user_id,
            blocked_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=lambda _: pb.BlockUserResponse(), answer=pb.BlockUserResponse),
        )
        await self._cache.drop([user_id])
        return response

    async def UnblockUser(self, request: pb.UnblockUserRequest, context: Context) -> pb.UnblockUserResponse:
        """Refuses unknown users."""
        user_id = convert.viewer().user_id
        response: pb.UnblockUserResponse = await self._database.run(
            blocks.unblock,
            user_id=user_id,
            blocked_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=lambda _: pb.UnblockUserResponse(), answer=pb.UnblockUserResponse),
        )
        await self._cache.drop([user_id])
        return response

    async def ListBlocks(self, request: pb.ListBlocksRequest, context: Context) -> pb.ListBlocksResponse:
        """Refuses page tokens of other lists."""
        viewer = convert.viewer()
        filters = {"list": "blocks", "user_id": viewer.user_id}
        page = await self._database.run(
            store.relations.page,
            kind=Relation.BLOCKED,
            viewer=viewer,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        presences = await self._presences.of([row.seen.profile.user_id for row in page.rows])
        return pb.ListBlocksResponse(
            blocks=[
                pb.Block(profile=convert.profile(row.seen, presence), create_time=convert.timestamp(row.since))
                for row, presence in zip(page.rows, presences, strict=True)
            ],
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )
