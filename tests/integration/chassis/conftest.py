"""A database with nothing but the chassis's tables, and a NATS server that a test may end and wipe."""

import asyncio
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.bus import Bus
from chassis.database import Database, schema
from chassis.database.engine import make_engine
from chassis.events import Outgoing
from deploy.local import binaries, ports
from deploy.local.stack import Stack


@pytest.fixture
def database_url(infra: Stack) -> Iterator[str]:
    name = f"chassis_{uuid.uuid4().hex[:12]}"
    server = infra.superuser_url()
    admin = make_engine(server, pool_size=0).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    url = server.rsplit("/", 1)[0] + f"/{name}"
    engine = make_engine(url, pool_size=0)
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("create table notes (id int primary key, body text)"))
    yield url
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


def encode(event: tuple[str, str]) -> Outgoing:
    """Events of these tests are (aggregate, text) pairs."""
    aggregate_id, body = event
    return Outgoing("noted", aggregate_id, body.encode())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, service="notes", encode=encode, pool_size=4)
    yield opened
    await opened.close()


class NatsServer:
    """A server of one test's own."""

    def __init__(self, directory: Path) -> None:
        self.port = ports.free()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(binaries.nats()), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.directory)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def wipe(self) -> None:
        shutil.rmtree(self.directory)


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    connected = Bus(nats_server.url, "test")
    task = asyncio.create_task(connected.run())
    await connected.client()
    yield connected
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
