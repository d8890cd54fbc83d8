"""What other terminals need to know about a running stack: one lock and one file in its directory."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from deploy.local.errors import Refused

LOCK, STATE = "lock", "state.json"
ORPHANS_END_WITHIN = 20.0


def hold(directory: Path) -> int:
    """Take the directory for this process and, through the inherited descriptor, for the servers that write into it.

    Servers of a supervisor that was killed are just ending: they are waited for.
    Raises: Refused while another stack runs here.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + ORPHANS_END_WITHIN
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = running(directory)
            if pid or time.monotonic() > deadline:
                os.close(descriptor)
                raise Refused(f"{directory} is in use by process {pid or 'unknown'}: make stop ends it") from None
            time.sleep(0.1)
        else:
            return descriptor


def write(directory: Path, facts: dict[str, Any]) -> None:
    """Replace the state file; it holds secrets and is for its owner only."""
    fresh = directory / f"{STATE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(facts, file, indent=1)
    fresh.rename(directory / STATE)


def read(directory: Path) -> dict[str, Any]:
    """The facts of the stack that runs here.

    Raises: Refused when none does.
    """
    if not running(directory):
        raise Refused(f"nothing runs in {directory}: make run starts it")
    facts: dict[str, Any] = json.loads((directory / STATE).read_text())
    return facts


def running(directory: Path) -> int | None:
    """The supervisor that runs here, by its process id."""
    try:
        pid = int(json.loads((directory / STATE).read_text())["pid"])
        os.kill(pid, 0)
        held = os.open(directory / LOCK, os.O_RDONLY)
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A file left by a crash may name a process that is somebody else's by now; the lock cannot lie.
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return pid
    finally:
        os.close(held)
    return None


def clear(directory: Path) -> None:
    """Forget: nothing runs here any more."""
    (directory / STATE).unlink(missing_ok=True)
