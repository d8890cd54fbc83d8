"""Free TCP ports on the loopback."""

import random
import socket

_chosen: set[int] = set()


def free() -> int:
    """A port that nobody listens on, below the range from which the kernel takes ports for outgoing connections.

    From inside that range any connection on the machine could take the port of a process that is just being restarted.
    """
    while True:
        port = random.randint(12_000, 32_000)  # noqa: S311 - no secret
        if port not in _chosen and is_free("127.0.0.1", port):
            _chosen.add(port)
            return port


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on this address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do it: connections that still linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
