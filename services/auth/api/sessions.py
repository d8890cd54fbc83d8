"""The RPCs of messaging.auth.v1.Sessions."""

from dataclasses import replace

import grpc
import structlog

from chassis import call, paging
from chassis.call import Caller
from chassis.database import Database, Once
from chassis.paging import Pager
from messaging.auth.v1 import sessions_pb2 as pb
from messaging.auth.v1 import sessions_pb2_grpc as rpc
from services.auth.api import convert
from services.auth.api.hashing import Hasher
from services.auth.api.limits import Limits
from services.auth.domain import keys, sessions
from services.auth.domain.accounts import fold_address
from services.auth.domain.tokens import Mint
from services.auth.model.accounts import AccountId
from services.auth.model.errors import RefreshReused
from services.auth.store import accounts, revocations
from services.auth.store import sessions as stored_sessions

log = structlog.get_logger(__name__)

Context = grpc.aio.ServicerContext[object, object]


class SessionsServicer(rpc.SessionsServicer):
    """Opens, continues, lists and ends sessions."""

    def __init__(self, database: Database, *, hasher: Hasher, limits: Limits, mint: Mint, pager: Pager) -> None:
        self._database = database
        self._hasher = hasher
        self._limits = limits
        self._mint = mint
        self._pager = pager

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Context) -> pb.CreateSessionResponse:
        """Refuses wrong passwords and unknown addresses alike; a suspended account after the right password only."""
        address = fold_address(request.email)
        await self._limits.admit_login(address, request.ip)
        credentials = await self._database.run(accounts.find_credentials, address=address)
        # Between two transactions: a third of a second of work must hold no connection.
        proof = await self._hasher.prove(request.password, credentials)
        # From here on it is known who acts, in the trail, too.
        acting = Caller(proof.credentials.account_id, client_ip=request.ip)
        with call.serving(replace(call.current(), caller=acting)):
            tokens = await self._database.run(
                sessions.begin, proof=proof, device=request.device, ip=request.ip, mint=self._mint
            )
        return pb.CreateSessionResponse(tokens=convert.tokens(tokens))

    async def RefreshSession(self, request: pb.RefreshSessionRequest, context: Context) -> pb.RefreshSessionResponse:
        """Refuses what is no newest token of an open session, and ends the session when it was one before."""
        tokens = await self._database.run(
            sessions.refresh,
            text=request.refresh,
            rotation_id=request.rotation_id,
            ip=request.ip,
            mint=self._mint,
        )
        if tokens is None:
            log.warning("refresh_reused", ip=request.ip)
            raise RefreshReused()
        return pb.RefreshSessionResponse(tokens=convert.tokens(tokens))

    async def VerifyToken(self, request: pb.VerifyTokenRequest, context: Context) -> pb.VerifyTokenResponse:
        """Refuses what is not good at this moment, without saying why."""
        return convert.verdict(await self._database.run(sessions.verify, token=request.token, mint=self._mint))

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        """Refuses sessions that are not the caller's or have ended."""
        answer: pb.EndSessionResponse = await self._database.run(
            sessions.end,
            account_id=AccountId(call.caller().user_id),
            session_id=convert.session_id(request.session_id),
            once=Once.of(request, encode=lambda _: pb.EndSessionResponse(), answer=pb.EndSessionResponse),
        )
        return answer

    async def EndAllSessions(self, request: pb.EndAllSessionsRequest, context: Context) -> pb.EndAllSessionsResponse:
        """Refuses nothing; the session that asks ends as well."""
        answer: pb.EndAllSessionsResponse = await self._database.run(
            sessions.end_all,
            account_id=AccountId(call.caller().user_id),
            once=Once.of(
                request,
                encode=lambda ended: pb.EndAllSessionsResponse(ended_count=ended),
                answer=pb.EndAllSessionsResponse,
            ),
        )
        return answer

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        """Refuses page tokens of other lists."""
        acting = call.caller()
        filters = {"sessions_of": acting.user_id}
        page = await self._database.run(
            stored_sessions.page,
            account_id=AccountId(acting.user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=paging.size(request.page_size),
        )
        return pb.ListSessionsResponse(
            sessions=[convert.session(item, current_id=acting.session_id) for item in page.rows],
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def ListRevocations(self, request: pb.ListRevocationsRequest, context: Context) -> pb.ListRevocationsResponse:
        """Refuses nothing."""
        items = await self._database.run(revocations.recent)
        return pb.ListRevocationsResponse(revocations=[convert.revocation(item) for item in items])

    async def GetKeySet(self, request: pb.GetKeySetRequest, context: Context) -> pb.GetKeySetResponse:
        """Refuses nothing; makes the first key of a new installation."""
        return pb.GetKeySetResponse(jwks_json=await self._database.run(keys.key_set, box=self._mint.box))
