"""The embedded PostgreSQL: initialised once, started as whoever may start it, four databases with two roles each."""

import functools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

from deploy.local import binaries, probes
from deploy.local.errors import Refused
from deploy.local.keys import Keys
from deploy.local.process import Spec
from deploy.local.topology import EXTENSIONS

SUPERUSER = "postgres"
# fsync and synchronous_commit stay on: an acknowledged message is on disk here, too.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a deep checkout exceeds the 107 bytes that a socket's path may have
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "500ms",
}
AS_NOBODY_INSIDE = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]


def url(keys: Keys, port: int, *, user: str = SUPERUSER, database: str = "postgres") -> str:
    """Where a role finds a database."""
    return f"postgresql://{user}:{keys.get(f'postgres-{user}')}@127.0.0.1:{port}/{database}"


def owner(service: str) -> str:
    """The role that owns a service's schema and migrates it; the role that serves is named after the service."""
    return f"{service}_owner"


def spec(directory: Path, keys: Keys, port: int, *, inherit: Sequence[int]) -> Spec:
    """PostgreSQL in `directory`, which is initialised the first time."""
    programs = binaries.postgres()
    prefix = _unprivileged(programs, directory)
    data = directory / "data"
    if not data.exists():
        _initialise(programs, prefix, directory, keys.get(f"postgres-{SUPERUSER}"))
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    return Spec(
        name="postgres",
        command=[programs / "postgres", "-D", data, "-p", str(port), *options],
        prefix=prefix,
        environment={"PATH": os.defpath},
        ready=functools.partial(probes.postgres, url(keys, port)),
        address=f"127.0.0.1:{port}",
        stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
        quiet=True,
        inherit=inherit,
    )


def provision(keys: Keys, port: int, databases: dict[str, str]) -> None:
    """Make the roles and databases (service -> name) that are missing, and see to their privileges.

    The owner's future tables are readable and writable for the serving role, which may do no DDL, not even temporary.
    """
    with closing(psycopg2.connect(url(keys, port))) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute("select rolname from pg_roles union all select datname from pg_database")
            there = {name for (name,) in cursor}
            for service, database in databases.items():
                names = {"owner": sql.Identifier(owner(service)), "serving": sql.Identifier(service)}
                for role in {owner(service), service} - there:
                    password = sql.Literal(keys.get(f"postgres-{role}"))
                    cursor.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(role), password))
                names["database"] = sql.Identifier(database)
                if database not in there:
                    cursor.execute(sql.SQL("create database {database} owner {owner}").format(**names))
                cursor.execute(sql.SQL("revoke all on database {database} from public").format(**names))
                cursor.execute(sql.SQL("grant connect on database {database} to {serving}").format(**names))
    for service, database in databases.items():
        _grant(url(keys, port, database=database), service)


def _grant(address: str, service: str) -> None:
    names = {"owner": sql.Identifier(owner(service)), "serving": sql.Identifier(service)}
    with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
        for statement in (
            "revoke all on schema public from public",
            "grant usage on schema public to {serving}",
            "alter default privileges for role {owner} in schema public"
            " grant select, insert, update, delete on tables to {serving}",
            "alter default privileges for role {owner} in schema public grant usage, select on sequences to {serving}",
        ):
            cursor.execute(sql.SQL(statement).format(**names))
        for extension in EXTENSIONS.get(service, ()):
            cursor.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))


def _initialise(programs: Path, prefix: Sequence[str], directory: Path, password: str) -> None:
    # Made aside and renamed: a first start that is interrupted begins anew.
    fresh, secret = directory / "data.new", directory / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    secret.touch(mode=0o600)
    secret.write_text(password)
    shutil.chown(secret, directory.stat().st_uid, directory.stat().st_gid)
    options = ["-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"]
    made = subprocess.run(
        [*prefix, programs / "initdb", "-D", fresh, "-U", SUPERUSER, *options],
        env={"PATH": os.defpath, "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    secret.unlink()
    if made.returncode:
        raise Refused(f"PostgreSQL's initdb failed:\n{made.stdout[-1000:]}{made.stderr[-2000:]}")
    fresh.rename(directory / "data")


def _unprivileged(programs: Path, directory: Path) -> list[str]:
    """What to put before a command, since PostgreSQL refuses root and users without a name; makes `directory`."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return []
    # nobody inside a user namespace of its own, the same user outside: nothing changes hands.
    if directory.stat().st_uid == os.geteuid() and _runs([*AS_NOBODY_INSIDE, str(programs / "postgres"), "--version"]):
        return AS_NOBODY_INSIDE
    # Where namespaces are forbidden, root can still become nobody, who must be able to read everything on the way.
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        directory.parent.chmod(0o711)
        if _runs([*AS_NOBODY, str(programs / "postgres"), "--version"]) and _runs([*AS_NOBODY, "ls", str(directory)]):
            return AS_NOBODY
        os.chown(directory, 0, 0)
    raise Refused(
        "PostgreSQL refuses to run as this user: run as an ordinary one, "
        f"or put the project where `nobody` may read it ({programs} and {directory})"
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
