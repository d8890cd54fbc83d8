"""The service as a process of its own."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.local import ports
from deploy.local.process import ROOT
from deploy.local.stack import Stack


async def start(infra: Stack, *arguments: str, **environment: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.users", *arguments,
        cwd=ROOT, env={**infra.environment("users"), **environment}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip


async def test_it_serves_until_it_is_told_to_stop(infra: Stack) -> None:
    target = f"127.0.0.1:{ports.free()}"
    process = await start(infra, "serve", LISTEN=target, METRICS_LISTEN="")

    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        health = await stub.Check(health_pb2.HealthCheckRequest(), timeout=20, wait_for_ready=True)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert process.returncode == 0, output.decode()
    assert b"drained" in output


@pytest.mark.parametrize(("arguments", "code"), [(["migrate"], 0), (["dance"], 2), ([], 2)])
async def test_its_other_commands_end_by_themselves(infra: Stack, arguments: list[str], code: int) -> None:
    urls = {"MIGRATE_DATABASE_URL": infra.database_url("users", owner=True)}
    process = await start(infra, *arguments, **urls)

    output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == code, output.decode()


async def test_it_does_not_start_with_a_short_secret(infra: Stack) -> None:
    process = await start(infra, "serve", SECRET_KEY="short")

    output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    assert b"secret_key" in output
    assert b"short" not in output.replace(b"too_short", b"")
