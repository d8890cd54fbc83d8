"""What every endpoint does before its own work: strict queries and bodies, and who is asking."""

import re
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isclass
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from chassis.call import Caller, serving
from chassis.errors import InvalidRequest, Violation
from gateway import exchange as exchanges
from gateway import violations
from gateway.errors import AuthenticationRequired, MethodNotAllowed
from gateway.exchange import Exchange
from gateway.principal import TokenInvalid, Verifier
from gateway.rest import bodies

SECURITY: dict[str, Any] = {"security": [{"bearer": []}]}

# For routes whose endpoint reads the header itself.
IDEMPOTENCY: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Chosen by the client: the same key with the same body gets the first answer, for good",
            "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]*$"},
            "example": "5b0e2f6a8c11",
        }
    ]
}
_KEY = re.compile(rb"[!-~]{1,64}")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdConvertor(Convertor[str]):
    """`{name:id}` in a path: a UUID; anything else names nothing, so it is not found rather than invalid."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def convert(self, value: str) -> str:
        """Return it in canonical form."""
        return value.lower()

    def to_string(self, value: str) -> str:
        """Return it for a path."""
        return value


class CodeConvertor(Convertor[str]):
    """`{name:code}` in a path: random text that is safe in an address, long enough that nobody guesses it."""

    regex = "[0-9A-Za-z_-]{16,64}"

    def convert(self, value: str) -> str:
        """Return it as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Return it for a path."""
        return value


register_url_convertor("id", IdConvertor())
register_url_convertor("code", CodeConvertor())


class Route(APIRoute):
    """An endpoint for everybody."""

    methods: set[str]

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Name the operation after its function, for generated clients."""
        resource = endpoint.__module__.rpartition(".")[2]
        options["operation_id"] = options.get("operation_id") or f"{resource}_{endpoint.__name__}"
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler in what goes before it."""
        handle = super().get_route_handler()
        parameters = _query_names(self)
        takes_body = self.body_field is not None

        async def checked(request: Request) -> Response:
            exchange = exchanges.of(request.scope)
            caller = await self.authenticate(request.scope, exchange)
            check_query(request.scope["query_string"], parameters)
            checked = _Request(request.scope, request.receive)
            if takes_body or (exchange.body and exchange.method != "GET"):
                checked.value = bodies.parse(exchange)
                if not takes_body and checked.value != {}:
                    raise InvalidRequest(fields=[Violation("", "body_unexpected", "No body is expected here.")])
            with serving(exchange.call(caller)):
                return await handle(checked)

        return checked

    async def authenticate(self, scope: Scope, exchange: Exchange) -> Caller | None:
        """Nobody needs to be known here; what a client sends all the same is not looked at."""
        return None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or say which methods the address takes: by all of its routes, not just this one."""
        if scope["method"] not in self.methods:
            raise MethodNotAllowed(", ".join(sorted(_methods(scope))))
        await self.app(scope, receive, send)


class SignedInRoute(Route):
    """An endpoint for those who bring an access token."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Say so in the documentation."""
        options["openapi_extra"] = SECURITY | (options.get("openapi_extra") or {})
        super().__init__(path, endpoint, **options)

    async def authenticate(self, scope: Scope, exchange: Exchange) -> Caller | None:
        """Raises: AuthenticationRequired, TokenInvalid."""
        verifier: Verifier = scope["app"].state.gateway.verifier
        exchange.principal = principal = await verifier.verify(bearer_token(exchange.headers))
        return principal.caller(exchange.client_ip)


class LeanRoute(SignedInRoute):
    """A signed-in endpoint that is asked all the time; it takes `request`, ids of its path, a `body` or `filters`.

    It runs the endpoint without FastAPI's solving of dependencies and its exit stacks, which cost as much as the rest
    of a send; the signature still makes the documentation.
    """

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[Response]], **options: Any) -> None:
        """Replace the application that FastAPI made of the endpoint."""
        super().__init__(path, endpoint, **options)
        self._run = endpoint
        hints = get_type_hints(endpoint)
        self._body: type[BaseModel] | None = hints.get("body")
        self._filters: type[BaseModel] | None = hints.get("filters")
        self._parameters = _query_names(self)
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchanges.of(scope)
        caller = await self.authenticate(scope, exchange)
        asked = check_query(scope["query_string"], self._parameters)
        taken = scope["path_params"]
        try:
            if self._filters is not None:
                taken = {**taken, "filters": self._filters.model_validate(asked)}
            if self._body is not None:
                taken = {**taken, "body": self._body.model_validate(bodies.parse(exchange))}
        except ValidationError as error:
            raise InvalidRequest(fields=violations.of(error.errors())) from error
        with serving(exchange.call(caller)):
            response = await self._run(request=Request(scope), **taken)
        await response(scope, receive, send)


class _Request(Request):
    """Hands FastAPI the body that was parsed already."""

    value: Any = None

    async def json(self) -> Any:
        return self.value


def bearer_token(headers: dict[bytes, bytes]) -> str:
    """Return the token of the `Authorization` header. Raises: AuthenticationRequired, TokenInvalid."""
    sent = headers.get(b"authorization")
    if sent is None:
        raise AuthenticationRequired()
    if sent[:7].lower() != b"bearer ":
        raise TokenInvalid()
    return sent[7:].decode("latin-1")


def idempotency_key(exchange: Exchange) -> str | None:
    """Return the `Idempotency-Key` header. Raises: InvalidRequest."""
    sent = exchange.headers.get(b"idempotency-key")
    if sent is None:
        return None
    if not _KEY.fullmatch(sent):
        raise InvalidRequest(
            fields=[Violation("Idempotency-Key", "pattern", "must be 1 to 64 visible ASCII characters")]
        )
    return sent.decode()


def check_query(query: bytes, known: frozenset[str]) -> dict[str, str]:
    """Read parameters; refuse those that are unknown, that occur twice, or that hold NUL. Raises: InvalidRequest."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise InvalidRequest(fields=[Violation("", "query_invalid", "The query is too long.")]) from error
    found, seen = [], set()
    for name, value in pairs:
        shown = name[:64].replace("\x00", "")
        if name not in known:
            found.append(Violation(shown, "extra_forbidden", "is not known here"))
        elif name in seen:
            found.append(Violation(shown, "repeated", "must occur once at the most"))
        elif "\x00" in value:
            found.append(Violation(shown, "nul_character", "must not contain NUL characters"))
        seen.add(name)
    if found:
        raise InvalidRequest(fields=found)
    return dict(pairs)


def _query_names(route: APIRoute) -> frozenset[str]:
    names: set[str] = set()
    for parameter in route.dependant.query_params:
        model = parameter.field_info.annotation
        if isclass(model) and issubclass(model, BaseModel):
            names |= model.model_fields.keys()
        else:
            names.add(parameter.alias)
    return frozenset(names)


def _methods(scope: Scope) -> set[str]:
    return {
        method
        for route in scope["app"].router.routes
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
        for method in route.methods
    }
