"""Where a request really came from, believed only of proxies that the operator named."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=4096)
def is_trusted(address: str, networks: Networks) -> bool:
    """Tell whether the address belongs to a proxy of ours."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def origin(peer: str, scheme: str, headers: list[tuple[bytes, bytes]], networks: Networks) -> tuple[str, str]:
    """Return the client's address and scheme.

    X-Forwarded-For is read from the right, past our own proxies, to the first address that is none of them: whatever
    stands further left was written by the client.
    """
    if not networks or not is_trusted(peer, networks):
        return peer, scheme
    hops = [
        hop.strip()
        for name, value in headers
        if name == b"x-forwarded-for"
        for hop in value.decode("latin-1").split(",")
    ]
    client = next((hop for hop in reversed(hops) if not is_trusted(hop, networks)), hops[0] if hops else peer)
    schemes = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-proto"]
    told = schemes[-1].split(",")[-1].strip().lower() if schemes else scheme
    return (client if _is_address(client) else peer), (told if told in {"http", "https"} else scheme)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    # The zone of an IPv6 address means nothing elsewhere, and may hold any characters.
    return "%" not in text
