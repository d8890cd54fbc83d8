"""Searches, as whoever the test says."""

from datetime import timedelta
from typing import Any

from chassis.database import Transaction
from messaging.conversations.v1 import search_pb2 as pb
from messaging.conversations.v1.search_pb2_grpc import SearchStub
from services.conversations.domain import search
from tests.integration.conversations.conftest import Service


async def page(service: Service, query: str, *, by: str, **fields: Any) -> pb.SearchMessagesResponse:
    """One page of hits."""
    request = pb.SearchMessagesRequest(query=query, **fields)
    found: pb.SearchMessagesResponse = await service.ask(
        service.channel.stub(SearchStub).SearchMessages, request, by=by
    )
    return found


async def texts(service: Service, query: str, *, by: str, **fields: Any) -> list[str]:
    """What is found, in order."""
    return [hit.message.content for hit in (await page(service, query, by=by, **fields)).hits]


async def refusal(service: Service, query: str, *, by: str, **fields: Any) -> str:
    """Why a search is refused."""
    request = pb.SearchMessagesRequest(query=query, **fields)
    return await service.refusal(service.channel.stub(SearchStub).SearchMessages, request, by=by)


async def learn(service: Service) -> None:
    """Have all words of all messages known, as they are some minutes later."""

    def later(tx: Transaction) -> bool:
        tx.now += timedelta(hours=1)
        return search.learn(tx)

    while await service.database.run(later):
        pass
