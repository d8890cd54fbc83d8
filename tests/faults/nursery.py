"""Processes of a service that are born in a moment: forked from one that has imported everything and done nothing yet.

`python -m tests.faults.nursery services.conversations` forks one for each line of JSON, its environment, and answers
with its id; the end of input ends it and the last that it bore.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Self

from deploy.local import probes
from deploy.local.stack import Stack
from deploy.local.topology import GATEWAY

PATIENCE = 60.0


class Nursery:
    """Stands in for one service of a stack, from the beginning of the block to its end."""

    def __init__(self, stack: Stack, service: str) -> None:
        self.stack = stack
        self.service = service
        self._module = service if service == GATEWAY else f"services.{service}"
        self.log = stack.journal.directory / f"{service}-nursery.log"
        self.pid = 0

    def __enter__(self) -> Self:
        self.stack.kill(self.service)
        with self.log.open("ab") as log:
            self._mother = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.stack.environment(self.service),
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._mother.communicate()
        self.stack.start(self.service)

    def bear(self, failpoint: str) -> None:
        """Start a process and wait until it serves, or is dead already."""
        self.end()
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(json.dumps({"DEBUG": str(bool(failpoint)), "FAILPOINT": failpoint}) + "\n")
        self._mother.stdin.flush()
        self.pid = int(self._mother.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        while self.is_alive and not self._serves():
            assert time.monotonic() < deadline, f"{self.service} does not serve"
            time.sleep(0.02)

    def end(self) -> None:
        """Kill what runs, if it does."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            while self.is_alive:
                time.sleep(0.01)

    def _serves(self) -> bool:
        if self.service == GATEWAY:
            return probes.answers("127.0.0.1", self.stack.environments.port, "/readyz")
        return probes.serves(self.stack.target(self.service))

    @property
    def is_alive(self) -> bool:
        """Whether anything of the last born is left: its port is free when all its threads are gone."""
        return Path(f"/proc/{self.pid}").exists()

    @property
    def deaths(self) -> int:
        """How many said, according to their log, that they are about to die."""
        return self.log.read_bytes().count(b'"failpoint_reached"')


def main(module: str) -> None:
    import_module(f"{module}.wiring")
    child, answers = 0, os.fdopen(os.dup(1), "w")
    # What they log is no answer.
    os.dup2(2, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.environ.update(json.loads(line))
            sys.argv = [module, "serve"]
            runpy.run_module(module, run_name="__main__")
        print(child, file=answers, flush=True)
    if child:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
