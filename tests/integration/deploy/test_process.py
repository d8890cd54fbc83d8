"""One supervised child, tried with small real ones."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.errors import Refused
from deploy.local.journal import Journal
from deploy.local.process import ROOT, Process, Spec
from tests.support.processes import alive, eventually

Make = Callable[..., Process]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    processes = []
    closing = threading.Event()

    def make(script: str, ready: Callable[[], bool] | None = None, patience: float = 5) -> Process:
        spec = Spec(
            name="child",
            command=[sys.executable, "-c", script],
            environment={"PATH": os.environ["PATH"]},
            ready=ready or (tmp_path / "ready").exists,
            patience=patience,
        )
        processes.append(Process(spec, Journal(tmp_path / "logs"), closing, lambda: None))
        return processes[-1]

    yield make
    for process in processes:
        process.stop()


SERVE = "import pathlib, signal; pathlib.Path({ready!r}).touch(); signal.pause()"


def serve(tmp_path: Path) -> str:
    return SERVE.format(ready=str(tmp_path / "ready"))


def test_a_child_that_dies_is_started_again_until_it_is_told_to_stop(make: Make, tmp_path: Path) -> None:
    process = make(serve(tmp_path))
    process.start()
    first = process.pid
    assert first
    assert process.state == "ready"
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: process.pid not in (None, first) and process.state == "ready")
    assert process.restarts == 1
    process.stop()
    assert process.pid is None
    assert process.state == "stopped"
    process.start()
    assert process.state == "ready"


def test_a_stubborn_child_is_killed_when_its_time_is_over(make: Make, tmp_path: Path) -> None:
    process = make("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + serve(tmp_path), patience=0.3)
    process.start()
    pid = process.pid
    process.stop()
    assert pid
    assert not alive(pid)


def test_what_a_killed_child_had_started_ends_with_it(make: Make, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    process = make(
        "import pathlib, subprocess\n"
        f"pathlib.Path({str(note)!r}).write_text(str(subprocess.Popen(['sleep', '60']).pid))\n" + serve(tmp_path)
    )
    process.start()
    grandchild = int(note.read_text())
    assert alive(grandchild)
    process.kill()
    assert eventually(lambda: not alive(grandchild))


def test_a_child_that_never_becomes_ready_is_given_up_with_its_own_words(make: Make) -> None:
    with pytest.raises(Refused, match="child did not become ready") as refusal:
        make("raise SystemExit('no database')", ready=lambda: False).start()
    assert "no database" in str(refusal.value)


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = """
import pathlib, signal, sys
from deploy.local.stack import Stack
stack = Stack.private(pathlib.Path(sys.argv[1]))
stack.start_servers()
print(*(stack.pid(name) for name in ("postgres", "nats", "redis", "mailbox")), flush=True)
signal.pause()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        pids = [int(word) for word in victim.stdout.readline().split()]
        assert all(map(alive, pids))
        victim.kill()
    assert eventually(lambda: not any(map(alive, pids)))
