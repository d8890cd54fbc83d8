"""The embedded servers beside PostgreSQL: how each is configured in its directory and started."""

import functools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local import binaries, probes
from deploy.local.environment import bare_variables
from deploy.local.keys import Keys
from deploy.local.process import Spec
from deploy.local.topology import GATEWAY, SERVICES

OPERATOR = "operator"


def nats(directory: Path, keys: Keys, port: int, *, inherit: Sequence[int]) -> Spec:
    """NATS with JetStream: a user per service, who cannot publish in another service's name."""
    users = []
    for user in (*SERVICES, GATEWAY, OPERATOR):
        foreign = [] if user == OPERATOR else [service for service in SERVICES if service != user]
        deny = [subject for service in foreign for subject in (f"messaging.{service}.>", f"wake.{service}")]
        users.append(
            {
                "user": user,
                "password": keys.get(f"nats-{user}"),
                "permissions": {"publish": {"allow": [">"], "deny": deny}},
            }
        )
    config = {
        "listen": f"127.0.0.1:{port}",
        "jetstream": {"store_dir": str(directory)},
        "authorization": {"users": users},
    }
    path = _write(directory / "nats.conf", json.dumps(config, indent=1))
    return Spec(
        name="nats",
        command=[binaries.nats(), "-c", path],
        environment={"PATH": os.defpath},
        ready=functools.partial(probes.greets, port, b"INFO "),
        address=f"127.0.0.1:{port}",
        quiet=True,
        inherit=inherit,
    )


def redis(directory: Path, keys: Keys, port: int, *, inherit: Sequence[int]) -> Spec:
    """Valkey (or Redis) that keeps its data in an append-only file."""
    password = keys.get("redis")
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {json.dumps(str(directory))}",
        f"requirepass {password}",
        "appendonly yes",
        'save ""',
    ]
    path = _write(directory / "redis.conf", "\n".join(lines) + "\n")
    return Spec(
        name="redis",
        command=[binaries.valkey(), path],
        environment={"PATH": os.defpath},
        # Until its data is loaded it says -LOADING.
        ready=functools.partial(probes.greets, port, b"+OK\r\n+PONG", f"AUTH {password}\r\nPING\r\n".encode()),
        address=f"127.0.0.1:{port}",
        quiet=True,
        inherit=inherit,
    )


def mailbox(directory: Path, port: int) -> Spec:
    """An SMTP server that writes each mail it is given into a file."""
    return Spec(
        name="mailbox",
        command=[sys.executable, "-m", "deploy.local.mailbox", str(port), directory],
        environment=bare_variables(),
        ready=functools.partial(probes.greets, port, b"220 "),
        address=f"127.0.0.1:{port}",
        quiet=True,
    )


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    return path
