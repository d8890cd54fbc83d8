"""Where the children's output goes: a log file each, rotated by size, and the console."""

import contextlib
import re
import threading
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import TextIO

ROTATE_AT = 10 * 1024 * 1024
KEPT = 5


class Journal:
    """Log files under `directory`, and a console when there is one."""

    def __init__(self, directory: Path, console: TextIO | None = None) -> None:
        self.directory = directory
        self._console = console
        self._lock = threading.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def say(self, text: str, *, speaker: str = "stack") -> None:
        """Print for the person at the console."""
        if self._console:
            lines = "".join(f"{speaker:<20} | {line}\n" for line in text.splitlines())
            # Nobody reads any more (`make run | head`): the children go on.
            with self._lock, contextlib.suppress(OSError):
                self._console.write(lines)
                self._console.flush()

    def pump(self, name: str, stream: BufferedReader, *, quiet: bool) -> None:
        """Copy a child's output to its log (and the console unless quiet) until it closes."""
        with stream, _RotatingFile(self.path(name)) as file:
            show: Callable[[bytes], None] = (lambda _: None) if quiet else lambda data: self._show(name, data)
            rest = b""
            while chunk := stream.read1(65536):
                rest += chunk
                whole, rest = rest[: rest.rfind(b"\n") + 1], rest[rest.rfind(b"\n") + 1 :]
                file.write(whole)
                show(whole)
            file.write(rest)
            show(rest)

    def path(self, name: str) -> Path:
        """The log file of one process."""
        return self.directory / f"{name}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines of one process, to explain a failure."""
        path = self.path(name)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _show(self, name: str, data: bytes) -> None:
        # What strangers send may reach a log line; no control sequence of theirs reaches the terminal.
        self.say(re.sub(r"[^\t\n\x20-\x7e\xa0-\U0010ffff]", "?", data.decode(errors="replace")), speaker=name)


class _RotatingFile:
    """Appends to a file that becomes `.1` when full, and so on up to `KEPT`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def __enter__(self) -> "_RotatingFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        # On a full disk lines are lost; a pump that ended would stop its process, whose pipe fills up.
        with contextlib.suppress(OSError):
            self._file.write(data)
        if self._file.tell() >= ROTATE_AT:
            self._file.close()
            for n in range(KEPT - 1, 0, -1):
                older = self._path.with_name(f"{self._path.name}.{n}")
                if older.exists():
                    older.rename(self._path.with_name(f"{self._path.name}.{n + 1}"))
            self._path.rename(self._path.with_name(f"{self._path.name}.1"))
            self._file = self._path.open("ab", buffering=0)
