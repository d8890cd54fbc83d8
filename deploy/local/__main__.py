"""`python -m deploy.local run | status | logs | stop | admin | env`: what the Makefile's targets call."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from deploy.local import ports, state
from deploy.local.environment import data_directory, operator_variables
from deploy.local.errors import Refused
from deploy.local.process import ROOT
from deploy.local.stack import Stack
from deploy.local.topology import SERVICES


class Interrupted(BaseException):
    """Somebody asked the stack to end."""


def run(directory: Path, variables: dict[str, str]) -> None:
    """Start everything, say where it is, and keep it running until a signal ends it."""
    host, port = variables.get("HOST") or "127.0.0.1", variables.get("PORT") or "8000"
    if not port.isdigit():
        raise Refused(f"PORT is a number, not {port}")
    if not ports.is_free(host, int(port)):
        raise Refused(f"port {port} is taken: PORT=8001 make run chooses another")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    try:
        with Stack(directory, variables, console=sys.stdout) as stack:
            stack.start_platform()
            stack.journal.say(_welcome(stack, time.monotonic() - began))
            while True:
                signal.pause()
    except Interrupted:
        print("Everything has ended.", flush=True)


def _welcome(stack: Stack, seconds: float) -> str:
    url = stack.environments.public_url.rstrip("/")
    lines = [
        f"The platform is ready after {seconds:.1f} s. Point a browser at {url}/",
        f"API reference   {url}/api/v1/docs/",
        f"Logs            {stack.journal.directory}",
    ]
    if stack.environments.needs_mailbox:
        lines.append(f"Mail it sends   {stack.mail_directory}")
    return "\n".join([*lines, "Ctrl-C ends it; make status, make logs P=gateway and make stop work from elsewhere."])


def status(directory: Path) -> None:
    """Print one line per process."""
    facts = state.read(directory)
    print(f"{facts['url']}  (supervisor {facts['pid']}, data in {directory})")
    for name, process in facts["processes"].items():
        restarts = f"  restarted {process['restarts']}x" if process["restarts"] else ""
        print(f"{name:<22}{process['state']:<10}{process['pid'] or '-':<8}{process['address']}{restarts}")


def logs(directory: Path, process: str | None) -> None:
    """Follow one process's log, or all of them, like `tail -F`."""
    files = sorted((directory / "logs").glob(f"{process or '*'}.log"))
    if not files:
        raise Refused(f"no log of {process or 'anything'} in {directory / 'logs'}")
    os.execvp("tail", ["tail", "-n", "100", "-F", *map(str, files)])  # noqa: S606, S607 - nothing is left to do here


def stop(directory: Path) -> None:
    """End the running stack and wait until it has ended."""
    pid = int(state.read(directory)["pid"])
    os.kill(pid, signal.SIGTERM)
    while state.running(directory):
        time.sleep(0.1)


def environment(directory: Path, process: str) -> dict[str, str]:
    """What a running process was started with, secrets included: from a file that only its owner reads."""
    processes = state.read(directory)["processes"]
    if process not in processes:
        raise Refused(f"no process {process}: there are {', '.join(processes)}")
    return dict(processes[process]["environment"])


def admin(directory: Path, arguments: Sequence[str]) -> None:
    """Run auth's one-time bootstrap of the first admin against the running stack."""
    command = [sys.executable, "-m", "services.auth", "admin", *arguments]
    passed_on = {name: os.environ[name] for name in ("ADMIN_PASSWORD", "TERM") if name in os.environ}
    os.chdir(ROOT)
    os.execve(command[0], command, {**environment(directory, SERVICES[0]), **passed_on})  # noqa: S606


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Only the first one: whoever presses Ctrl-C twice must not leave half of it running.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def main() -> int:
    """Parse the command line; a refusal is one line and status 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "status", "stop"):
        commands.add_parser(name)
    commands.add_parser("logs").add_argument("process", nargs="?")
    commands.add_parser("env").add_argument("process")
    commands.add_parser("admin", add_help=False)  # its options are those of auth's command
    chosen, more = parser.parse_known_args()
    if more and chosen.command != "admin":
        parser.error(f"what is {' '.join(more)}?")
    variables = operator_variables()
    directory = data_directory(variables)
    try:
        match chosen.command:
            case "run":
                run(directory, variables)
            case "status":
                status(directory)
            case "logs":
                logs(directory, chosen.process)
            case "stop":
                stop(directory)
            case "env":
                print("\n".join(f"{name}={value}" for name, value in environment(directory, chosen.process).items()))
            case "admin":
                admin(directory, more)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
