"""What endpoints work with, as FastAPI hands it to them."""

from typing import Annotated

from fastapi import Depends, Request

from chassis.ids import uuid7
from gateway.clients import Clients


async def _clients(request: Request) -> Clients:
    clients: Clients = request.app.state.gateway.clients
    return clients


Backend = Annotated[Clients, Depends(_clients)]


def request_id(key: str | None) -> str:
    """The id under which a service remembers its answer: the client's key, or one that only our own retries share."""
    return key or uuid7()
