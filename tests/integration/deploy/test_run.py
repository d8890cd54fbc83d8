"""`make run` as its operator sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.environment import bare_variables
from deploy.local.process import ROOT
from deploy.local.topology import BEAT, GATEWAY, SERVICES, WORKERS
from tests.support.processes import alive

PROCESSES = {"postgres", "nats", "redis", "mailbox", *SERVICES, *WORKERS, BEAT, GATEWAY}
Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Running:
    """A platform started from the command line."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._started = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def until(self, words: str) -> str:
        assert self._started.stdout
        for line in self._started.stdout:
            self.said.append(line)
            if words in line:
                return line
        pytest.fail(f"ended without saying {words!r}:\n{''.join(self.said[-40:])}")

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        self._started.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        rest, _ = self._started.communicate(timeout=120)
        self.said.append(rest)
        return self._started.returncode


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**bare_variables(), "DATA_DIR": str(tmp_path / "data"), "PORT": str(ports.free())}


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    def command(*arguments: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "deploy.local", *arguments]
        return subprocess.run(line, cwd=ROOT, env=environment | changed, capture_output=True, text=True, timeout=120)

    return command


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[[], Running]]:
    started = []

    def start() -> Running:
        started.append(Running(environment))
        return started[-1]

    yield start
    for running in started:
        running.interrupt(signal.SIGTERM)


def test_the_platform_starts_answers_other_terminals_and_leaves_nothing_behind(
    start: Callable[[], Running], command: Command, environment: dict[str, str]
) -> None:
    platform = start()
    platform.until("Point a browser")

    listed = {line.split()[0]: line.split()[1:] for line in command("status").stdout.splitlines()[1:]}
    assert set(listed) == PROCESSES
    assert {state for state, *_ in listed.values()} == {"ready"}
    assert f"PORT={environment['PORT']}" in command("env", GATEWAY).stdout.splitlines()
    made = command("admin", "--email", "root@example.org", ADMIN_PASSWORD="correct horse battery")
    assert made.returncode == 0, made.stderr
    again = command("run", PORT=str(ports.free()))
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
    assert "is in use" in again.stderr
    taken = command("run", DATA_DIR=environment["DATA_DIR"] + "2")
    assert (taken.returncode, taken.stderr) == (
        1,
        f"port {environment['PORT']} is taken: PORT=8001 make run chooses another\n",
    )

    pids = [int(pid) for _, pid, *_ in listed.values()]
    assert all(map(alive, pids))
    assert command("stop").returncode == 0
    assert platform.ended() == 0
    assert not any(map(alive, pids))
    assert "nothing runs" in command("status").stderr

    platform = start()
    platform.until("Point a browser")
    assert not [line for line in platform.said if "migrate" in line], "its databases are up to date"
    assert platform.interrupt() == 0


def test_an_interrupted_start_leaves_nothing_behind(
    start: Callable[[], Running], command: Command, environment: dict[str, str]
) -> None:
    platform = start()
    platform.until("postgres is ready")
    assert platform.interrupt() == 0
    assert "nothing runs" in command("status").stderr
    assert [pid for pid in os.listdir("/proc") if environment["DATA_DIR"] in _environment(pid)] == []


def _environment(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_text() + Path("/proc", pid, "environ").read_text()
    except (OSError, UnicodeDecodeError):
        return ""
