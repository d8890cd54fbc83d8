"""python -m services.auth serve | migrate | rotate-keys | admin --email E [--username U] | dead."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chassis import logs
from chassis.database import Database
from chassis.errors import Failure
from services.auth.settings import AdminSettings, Settings


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.auth")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve gRPC until SIGTERM")
    commands.add_parser("migrate", help="bring the schema up to date")
    commands.add_parser("rotate-keys", help="have another key sign access tokens, from a quarter of an hour on")
    admin = commands.add_parser("admin", help="make the first admin, of an account or of nobody yet")
    admin.add_argument("--email", required=True, help="address of the account")
    admin.add_argument("--username", help="of an account that is new; by default the first part of the address")
    dead = commands.add_parser("dead", help="show and replay the events that the consumer gave up")
    dead.add_argument("asked", nargs="+", help="list, or replay with numbers or `all`")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    logs.configure("auth", level=settings.log_level, log_format=settings.log_format, debug=settings.debug)
    try:
        match chosen.command:
            case "serve":
                return _serve(settings)
            case "migrate":
                _migrate(settings)
            case "rotate-keys":
                _rotate_keys(settings)
            case "admin":
                _appoint_admin(settings, chosen.email, chosen.username or chosen.email.partition("@")[0])
            case "dead":
                from chassis import dead_letters

                return dead_letters.run(settings.database_url, chosen.asked)
    except Failure as failure:
        print(f"{failure} ({failure.reason})", file=sys.stderr)
        return 1
    return 0


def _serve(settings: Settings) -> int:
    import uvloop

    from services.auth.wiring import build

    async def serve() -> int:
        return await build(settings).run()

    return uvloop.run(serve())


def _migrate(settings: Settings) -> None:
    from chassis.database.migrations import upgrade

    upgrade(Path(__file__).parent / "migrations", settings.migrate_database_url or settings.database_url)


def _rotate_keys(settings: Settings) -> None:
    from chassis.crypto import Box
    from services.auth.domain import keys

    with _database(settings) as database, database.transaction() as tx:
        key = keys.rotate(tx, box=Box([settings.secret_key]))
    print("a key waits for its time already" if key is None else f"{key.key_id} signs from {key.not_before} on")


def _appoint_admin(settings: Settings, email: str, username: str) -> None:
    from services.auth.domain import accounts, roles
    from services.auth.store.accounts import find_by_address

    address = accounts.fold_address(email)
    with _database(settings) as database:
        with database.transaction() as tx:
            roles.require_no_admin(tx)
            is_new = find_by_address(tx, address) is None
        if is_new:
            _register(settings, database, email, username)
        with database.transaction() as tx:
            account = roles.appoint_first_admin(tx, address=address)
    print(f"{account.username} is the first admin" + ("" if is_new else "; who is logged in must log in again"))


def _register(settings: Settings, database: Database, email: str, username: str) -> None:
    from chassis.ids import uuid7
    from services.auth.domain import accounts
    from services.auth.model.accounts import AccountId
    from services.auth.model.passwords import PasswordHash
    from services.auth.wiring import password_rules

    password = _password()
    admission = accounts.Admission(is_open=True, passwords=password_rules())
    applicant = admission.examine(
        email=email, username=username, password=password, first_name="", last_name="", locale=""
    )
    password_hash = PasswordHash.make(password, settings.password_iterations)
    with database.transaction() as tx:
        accounts.register(tx, account_id=AccountId(uuid7()), applicant=applicant, password_hash=password_hash)


def _password() -> str:
    given = AdminSettings().admin_password
    if given is not None:
        return given.get_secret_value()
    if not sys.stdin.isatty():
        raise SystemExit("no terminal to ask for a password on: set ADMIN_PASSWORD")
    password = getpass.getpass("Password of the first admin: ")
    if getpass.getpass("Once more: ") != password:
        raise SystemExit("these are two different passwords")
    return password


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    from services.auth.wiring import open_database

    database = open_database(settings)
    try:
        yield database
    finally:
        asyncio.run(database.close())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
