import io
import json
import os
from pathlib import Path

import pytest

from deploy.local import journal, migrations, ports, state
from deploy.local.errors import Refused
from deploy.local.journal import Journal
from deploy.local.keys import Keys, derive


def test_a_secret_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = Keys(tmp_path / "keys").get("redis")
    assert Keys(tmp_path / "keys").get("redis") == first
    assert (tmp_path / "keys" / "redis").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_services_derive_different_keys_from_one_secret() -> None:
    assert derive("root", "auth") == derive("root", "auth")
    assert derive("root", "auth") != derive("root", "users") != derive("other", "users")


def test_logs_rotate_at_line_ends_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROTATE_AT", 50_000)
    monkeypatch.setattr(journal, "KEPT", 3)
    lines = [f"line {n} {'x' * 90}\n" for n in range(1_500)]
    Journal(tmp_path).pump("auth", io.BufferedReader(io.BytesIO("".join(lines).encode())), quiet=True)
    files = [tmp_path / "auth.log.2", tmp_path / "auth.log.1", tmp_path / "auth.log"]
    assert "".join(file.read_text() for file in files) == "".join(lines)
    assert all(file.read_text().endswith(("\n", "")) for file in files)


def test_the_console_shows_who_speaks_and_no_control_sequence(tmp_path: Path) -> None:
    console = io.StringIO()
    writer = Journal(tmp_path, console)
    writer.pump("auth", io.BufferedReader(io.BytesIO(b"caf\xc3\xa9 \x1b[31mred\nlast")), quiet=False)
    assert console.getvalue() == "auth                 | café ?[31mred\nauth                 | last\n"
    assert writer.tail("auth", 1) == "last"


def test_the_newest_revision_is_the_one_nobody_builds_upon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tmp_path / "services" / "auth" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001.py").write_text('revision = "0001"\ndown_revision = None\n')
    (versions / "0002.py").write_text("revision: str = '0002'\ndown_revision: str | None = '0001'\n")
    monkeypatch.setattr(migrations, "ROOT", tmp_path)
    assert migrations.newest("auth") == {"0002"}
    assert migrations.newest("users") == set()


def test_a_directory_belongs_to_one_stack(tmp_path: Path) -> None:
    held = state.hold(tmp_path)
    state.write(tmp_path, {"pid": os.getpid(), "processes": {}})
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match=f"in use by process {os.getpid()}"):
        state.hold(tmp_path)
    assert state.read(tmp_path)["processes"] == {}
    os.close(held)


def test_what_a_crash_left_is_not_a_running_stack(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    # Our own id: a process that exists and holds nothing, as after a reboot.
    (tmp_path / "state.json").write_text(json.dumps({"pid": os.getpid()}))
    with pytest.raises(Refused, match="nothing runs"):
        state.read(tmp_path)


def test_ports_are_free_and_never_given_twice() -> None:
    chosen = [ports.free() for _ in range(50)]
    assert len(set(chosen)) == 50
    assert all(ports.is_free("127.0.0.1", port) for port in chosen)
