"""Brings a service's database up to date, and knows without starting Python when it already is."""

import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from io import BufferedReader
from typing import cast

import psycopg2

from deploy.local.errors import Refused
from deploy.local.journal import Journal
from deploy.local.process import ROOT


def migrate(service: str, environment: Mapping[str, str], journal: Journal) -> None:
    """Run the service's migrations unless its database has them all.

    Raises: Refused with the end of the log when they fail.
    """
    if current(environment["MIGRATE_DATABASE_URL"]) == newest(service):
        return
    name = f"{service}-migrate"
    command = [sys.executable, "-m", f"services.{service}", "migrate"]
    # In its own session: what Ctrl-C interrupts is the waiting, not half a migration.
    child = subprocess.Popen(
        command,
        env=dict(environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    journal.pump(name, cast("BufferedReader", child.stdout), quiet=False)
    if child.wait():
        raise Refused(f"the migrations of {service} failed. Their log ends:\n{journal.tail(name)}")


def newest(service: str) -> set[str]:
    """The revisions that no other builds upon."""
    revisions, built_upon = set(), set()
    for file in (ROOT / "services" / service / "migrations" / "versions").glob("*.py"):
        text = file.read_text()
        revisions |= set(re.findall(r"""^revision\b[^=]*=\s*["']([^"']+)["']""", text, re.MULTILINE))
        for value in re.findall(r"^down_revision\b[^=]*=(.*)$", text, re.MULTILINE):
            built_upon |= set(re.findall(r"""["']([^"']+)["']""", value))
    return revisions - built_upon


def current(url: str) -> set[str]:
    """The revisions that a database has.

    Raises: Refused when it does not answer.
    """
    try:
        with closing(psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url))) as connection:
            cursor = connection.cursor()
            cursor.execute("select to_regclass('alembic_version') is not null")
            if cursor.fetchone() == (False,):
                return set()
            cursor.execute("select version_num from alembic_version")
            return {version for (version,) in cursor}
    except psycopg2.OperationalError as error:
        raise Refused(f"the database does not answer: {error}") from error
