"""Connections to addresses that strangers name: pages behind links, webhooks. They lead to the public internet only.

A name is resolved once, every address that it has is vetted, and the connection goes to one of these very addresses:
an answer that is another one a moment later changes nothing.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2048
_UNQUOTED = "/?%:@!$&'()*+,;=~-._"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What a resolver may take for a number: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
# IANA's registry of special purposes, and multicast.
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        # Teredo, ORCHID and the like; documentation; 6to4, which holds an IPv4 address.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
# All that was ever given out for use by everybody: neither mapped nor translated IPv4, nor local or multicast IPv6.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
# How many addresses of a name are tried, and how long each.
_TRIED = 4
_CONNECT_SECONDS = 2.0


class OutboundRefused(Exception):
    """The address is none that anybody may have us connect to."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart, in the form in which it is sent: the name in ASCII, the path quoted."""

    scheme: str
    name: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Target":
        """Raises: OutboundRefused, unless it is http or https with nothing but a host, a port and a path."""
        if len(url) > _LONGEST_URL or not url.isprintable() or re.search(r"[\s\\]", url):
            raise OutboundRefused("not a plain URL")
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError as error:
            raise OutboundRefused(str(error)) from None
        if parts.scheme not in _PORTS:
            raise OutboundRefused("neither http nor https")
        if "@" in parts.netloc:
            raise OutboundRefused("credentials in the URL")
        asked = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return cls(parts.scheme, _name(host), _PORTS[parts.scheme] if port is None else port, quote(asked, _UNQUOTED))

    @property
    def host(self) -> str:
        """The value of the header Host."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def _name(host: str) -> str:
    """A host as it is resolved. Raises: OutboundRefused for other spellings of an address, and for what is no name."""
    if ":" in host:
        try:
            return str(IPv6Address(host if "%" not in host else ""))
        except ValueError:
            raise OutboundRefused("not an IPv6 address") from None
    try:
        name = host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        raise OutboundRefused("not a host name") from None
    if _NUMERIC.fullmatch(name):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise OutboundRefused("not the usual form of an IPv4 address") from None
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise OutboundRefused("not a host name")
    return name


def is_public(address: Address) -> bool:
    """Tell whether the address is somebody's on the public internet, and nothing that leads elsewhere."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
        return False
    return not any(address in network for network in _SPECIAL)


async def look_up(name: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name. Raises: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for _, _, _, _, address in found]


class Outbound:
    """Makes vetted connections."""

    def __init__(
        self,
        *,
        resolve: Resolve = look_up,
        trusted: Iterable[Network] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take networks that may be reached beside the public internet, on every port; in production there are none."""
        self._resolve = resolve
        self._trusted = tuple(trusted)
        self._tls = tls or ssl.create_default_context()

    async def connect(self, target: Target) -> Streams:
        """Connect, with TLS for https. The caller sets the time that it may take.

        Raises: OutboundRefused, OSError.
        """
        addresses = await self._vetted(target)
        secured = {"ssl": self._tls, "server_hostname": target.name} if target.scheme == "https" else {}
        failure: OSError = ConnectionError("no address")
        for address in addresses[:_TRIED]:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(str(address), target.port, **secured)  # type: ignore[arg-type]
            except OSError as error:
                failure = error
        raise failure

    async def _vetted(self, target: Target) -> list[Address]:
        """All addresses of the target. One that is bad spoils the others: nobody honest has such a mixture."""
        try:
            addresses = [ipaddress.ip_address(target.name)]
        except ValueError:
            found = dict.fromkeys(await self._resolve(target.name, target.port))
            addresses = [ipaddress.ip_address(address) for address in found]
        for address in addresses:
            if not self._may_be_reached(address, target.port):
                raise OutboundRefused(f"{target.name} leads to {address}, port {target.port}")
        return addresses

    def _may_be_reached(self, address: Address, port: int) -> bool:
        if any(address in network for network in self._trusted):
            return True
        return port in _PORTS.values() and is_public(address)
