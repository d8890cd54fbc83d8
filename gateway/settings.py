"""What the gateway reads from its environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from chassis.settings import ProcessSettings

# Whom access tokens are for; auth writes the same word into them.
TOKEN_AUDIENCE = "messaging"  # noqa: S105 - a public name, no secret


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: object) -> object:
    value = _split(value)
    return tuple(ip_network(part) for part in value) if isinstance(value, tuple) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]


class Settings(ProcessSettings):
    """The gateway's own settings beside those that every process has."""

    host: str = Field("127.0.0.1", description="Address that the gateway listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port that the gateway listens on")
    public_url: str = Field("http://localhost:8000", description="Where clients reach it: links and token issuer")
    web_concurrency: int = Field(1, ge=1, le=64, description="Gateway processes that share the port")
    allowed_hosts: Words = Field(
        ("localhost", "127.0.0.1"), description="Host names that are answered, comma separated; `*` for all"
    )
    cors_allowed_origins: Words = Field(
        (), description="Origins of browsers that may call the API and open sockets, comma separated"
    )
    secure_ssl_redirect: bool = Field(False, description="Send plain HTTP requests to HTTPS")
    trusted_proxies: Networks = Field(
        (), description="Addresses or networks whose X-Forwarded-For and -Proto are believed, comma separated"
    )
    auth_target: str = Field(description="host:port of the auth service")
    users_target: str = Field(description="host:port of the users service")
    conversations_target: str = Field(description="host:port of the conversations service")
    notifications_target: str = Field(description="host:port of the notifications service")
    service_credential: str = Field(description="`gateway:<secret>` by which this process proves itself to services")
    nats_url: str = Field(description="NATS address")
    redis_url: str = Field(description="Redis address, for the detailed health alone")
    max_in_flight: int = Field(200, ge=1, description="Requests at once in a process; more are refused with 503")
    send_rate: float = Field(10.0, gt=0, description="Messages a second that one user may send for long")
    send_burst: int = Field(60, ge=1, description="Messages that one user may send at once")
    command_rate: float = Field(20.0, gt=0, description="Socket commands a second, sends apart, of one user for long")
    command_burst: int = Field(60, ge=1, description="Socket commands, sends apart, of one user at once")
    socket_heartbeat_seconds: float = Field(25.0, gt=0, description="Seconds between two digests on a socket")
    drain_seconds: int = Field(10, ge=0, description="Time that requests under way get once the process is to stop")

    @property
    def base_url(self) -> str:
        """The public address without a slash at the end; also the `iss` of access tokens."""
        return self.public_url.rstrip("/")
