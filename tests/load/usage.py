"""CPU time and memory of processes and all that they started, from the kernel's own accounts."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of its descendants, and of those of them that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    utime, stime, ended_utime, ended_stime = (int(field) for field in fields[11:15])
    own = (utime + stime + ended_utime + ended_stime) / _TICK
    return own + sum(_of_child(child) for child in _children(pid))


def _of_child(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def be_nice(pid: int, niceness: int) -> None:
    """Lower the priority of a process: of each of its threads, and of its descendants."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), niceness)
    # Where the kernel shares processor time by session first, niceness counts within a session only: one has its own.
    group = Path(f"/proc/{pid}/autogroup")
    if os.getsid(pid) == pid and group.exists():
        group.write_text(str(niceness))
    for child in _children(pid):
        be_nice(child, niceness)


def memory_kib(pid: int) -> tuple[int, int]:
    """What a process has in memory, all of it and its fair share of what is shared: RSS and PSS."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return _kib("Rss", text), _kib("Pss", text)


def forget_peak(pid: int) -> None:
    """Begin anew with the most that a process ever had in memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_kib(pid: int) -> int:
    """The most that a process had in memory since then."""
    return _kib("VmHWM", Path(f"/proc/{pid}/status").read_text())


def _kib(name: str, text: str) -> int:
    return int(re.findall(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)[0])


class Accounts:
    """What named groups of processes have used since the beginning of a run; a group may gain members meanwhile."""

    def __init__(self, groups: Callable[[], Mapping[str, Sequence[int]]]) -> None:
        self._groups = groups
        self._begun = self._read()

    def milliseconds_each(self, count: int) -> dict[str, float]:
        """CPU milliseconds of each of so many things done, by group."""
        return {
            name: sum(now - self._begun.get(name, {}).get(pid, 0.0) for pid, now in used.items()) * 1000 / count
            for name, used in self._read().items()
        }

    def _read(self) -> dict[str, dict[int, float]]:
        return {name: {pid: _of_child(pid) for pid in pids} for name, pids in self._groups().items()}
