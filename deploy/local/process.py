"""One child process that is kept running until it is told to stop."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import cast

from deploy.local.errors import Refused
from deploy.local.journal import Journal

ROOT = Path(__file__).resolve().parents[2]
FIRST_DELAY, LONGEST_DELAY, GOOD_RUN = 0.5, 15.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to run and how to know that it serves."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    address: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0  # seconds between the stop signal and SIGKILL
    quiet: bool = False  # no console output
    prefix: Sequence[str] = ()  # run before everything else, to change who runs it
    inherit: Sequence[int] = ()  # file descriptors


class Process:
    """Keeps one child alive: restarts it with a growing delay when it ends by itself.

    A thread of its own spawns and awaits the child. The parent-death signal follows the spawning *thread*, and this one
    lives exactly as long as the child.
    """

    def __init__(self, spec: Spec, journal: Journal, closing: threading.Event, changed: Callable[[], None]) -> None:
        """Starting gives up when `closing` is set; `changed` hears of every change of pid or state."""
        self.spec = spec
        self.restarts = 0
        self._journal = journal
        self._closing = closing
        self._changed = changed
        self._lock = threading.Lock()
        self._halt = threading.Event()
        self._ready = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The running child's id."""
        child = self._child
        return child.pid if child else None

    @property
    def state(self) -> str:
        """One of stopped, waiting (to be restarted), starting, ready."""
        if self._keeper is None:
            return "stopped"
        if self._child is None:
            return "waiting"
        return "ready" if self._ready.is_set() else "starting"

    def start(self, *, environment: Mapping[str, str] | None = None, timeout: float = 60.0) -> None:
        """Start and wait until ready; `environment` adds to what the process had.

        Raises: Refused with the last lines of its log when it ends three times, or is not ready in time.
        """
        if self._keeper is not None:
            return
        if environment:
            self.spec = replace(self.spec, environment={**self.spec.environment, **environment})
        self._halt.clear()
        self._ready.clear()
        first = self.restarts
        self._keeper = threading.Thread(target=self._keep, name=f"keep-{self.spec.name}", daemon=True)
        self._keeper.start()
        deadline = time.monotonic() + timeout
        while not self._ready.wait(0.05):
            if self._closing.is_set():
                self.stop()
                raise Refused(f"{self.spec.name} was stopped before it was ready")
            if self.restarts - first >= 3 or time.monotonic() > deadline:
                self.kill()
                raise Refused(
                    f"{self.spec.name} did not become ready. Its log ends:\n{self._journal.tail(self.spec.name)}"
                )

    def stop(self) -> None:
        """Ask it to end, insist when it does not, and return when it has ended."""
        self._end(self.spec.stop_signal, self.spec.patience)

    def kill(self) -> None:
        """End it the hard way (SIGKILL); it stays down until started."""
        self._end(signal.SIGKILL, self.spec.patience)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the running child, if there is one."""
        # The keeper clears `_child` under the lock before it reaps: the id cannot be somebody else's.
        with self._lock:
            if self._child:
                os.kill(self._child.pid, number)

    def _end(self, number: signal.Signals, patience: float) -> None:
        self._halt.set()
        self.send(number)
        keeper = self._keeper
        if keeper is None:
            return
        keeper.join(patience)
        if keeper.is_alive():
            self._journal.say(f"{self.spec.name} did not end in {patience:.0f} s: killed")
            self.send(signal.SIGKILL)
            keeper.join()
        self._keeper = None
        self._changed()

    def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            with self._lock:
                if self._halt.is_set():
                    return
                child = self._child = self._spawn()
            born = time.monotonic()
            self._changed()
            self._await_ready(child)
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self._ready.clear()
            # What a killed parent left behind (Celery's pool, gateway workers) ends with it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            with self._lock:
                self._child = None
                code = child.wait()
            if self._halt.is_set():
                return
            self.restarts += 1
            if time.monotonic() - born > GOOD_RUN:
                delay = FIRST_DELAY
            self._journal.say(
                f"{self.spec.name} ended by itself ({_outcome(code)}): starting it again in {delay:.1f} s"
            )
            self._changed()
            self._halt.wait(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        spec = self.spec
        # A session of its own: Ctrl-C on the terminal reaches the supervisor only, which then ends all in order.
        child = subprocess.Popen(
            [*spec.prefix, *_die_with_parent(spec.stop_signal), *spec.command],
            env=dict(spec.environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(spec.inherit),
        )
        pump = threading.Thread(
            target=self._journal.pump,
            args=(spec.name, cast("BufferedReader", child.stdout)),
            kwargs={"quiet": spec.quiet},
            name=f"log-{spec.name}",
            daemon=True,
        )
        pump.start()
        return child

    def _await_ready(self, child: "subprocess.Popen[bytes]") -> None:
        while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if self.spec.ready():
                self._ready.set()
                self._changed()
                return
            if self._halt.wait(0.03):
                return


def _die_with_parent(number: signal.Signals) -> list[str]:
    # setpriv instead of a preexec_fn, which is unsafe in a process with threads. Other systems than Linux lack both.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--"] if setpriv else []


def _outcome(code: int) -> str:
    return f"status {code}" if code >= 0 else signal.Signals(-code).name
