"""Prints what the last measured run covered, part by part, and fails when a part lies below its floor.

`make test` runs it after pytest; `make coverage` runs it alone. Every process of the stack writes data of its own
(pyproject.toml, coverage), so what is read here is the sum over all of them.
"""

import sys
from dataclasses import dataclass
from fnmatch import fnmatch

from coverage import Coverage


@dataclass(frozen=True)
class Floor:
    """A part of the code and the share of its statements, in percent, that tests must execute."""

    part: str
    percent: int
    patterns: tuple[str, ...]

    def holds(self, path: str) -> bool:
        """Tell whether the file belongs to this part."""
        return any(fnmatch(path, pattern) for pattern in self.patterns)


@dataclass(frozen=True)
class Measured:
    """How many statements a file has and how many of them ran."""

    statements: int
    executed: int


# Who asks, and may they: proof and rules between processes, the user's token, roles, privacy, admission.
PERMISSIONS = (
    "chassis/call.py",
    "chassis/rpc/interceptor.py",
    "chassis/rpc/metadata.py",
    "chassis/rpc/rules.py",
    "gateway/admission.py",
    "gateway/principal.py",
    "services/*/domain/roles.py",
    "services/*/model/permissions.py",
)

FLOORS = (
    Floor("all code", 80, ("*",)),
    Floor("models", 95, ("services/*/model/*",)),
    Floor("chassis", 95, ("chassis/*",)),
    Floor("permission code", 90, PERMISSIONS),
    Floor("gateway/rest", 90, ("gateway/rest/*",)),
    Floor("gateway/realtime", 90, ("gateway/realtime/*",)),
    Floor("services' api", 90, ("services/*/api/*",)),
)


def judge(files: dict[str, Measured]) -> tuple[list[str], list[str]]:
    """Return the table's lines and, for each part that misses its floor, a line that says so.

    A part without any code misses its floor too: a renamed folder must not pass unseen.
    """
    table, failures = [], []
    for floor in FLOORS:
        members = {path: measured for path, measured in files.items() if floor.holds(path)}
        statements = sum(measured.statements for measured in members.values())
        executed = sum(measured.executed for measured in members.values())
        if statements == 0:
            table.append(f"{floor.part:<18} {'none':>7}   floor {floor.percent} %")
            failures.append(f"{floor.part}: nothing was measured under {', '.join(floor.patterns)}")
            continue
        percent = 100 * executed / statements
        table.append(f"{floor.part:<18} {percent:6.1f} %  floor {floor.percent} %   {executed} of {statements}")
        if percent < floor.percent:
            worst = sorted(members, key=lambda path: members[path].executed - members[path].statements)[:5]
            failures.append(f"{floor.part}: {percent:.1f} % is below {floor.percent} %; most is missing in {worst}")
    return table, failures


def read() -> dict[str, Measured]:
    """Sum up the data files that the last run left."""
    coverage = Coverage()
    coverage.load()
    files = {}
    for path in coverage.get_data().measured_files():
        _, statements, _, missing, _ = coverage.analysis2(path)
        files[path] = Measured(len(statements), len(statements) - len(missing))
    return files


def main() -> int:
    """Print the table and return the exit status of the check."""
    table, failures = judge(read())
    print(*table, *failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
