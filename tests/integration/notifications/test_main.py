"""The commands of the process."""

import asyncio
import sys

import pytest

from deploy.local.process import ROOT
from deploy.local.stack import Stack


async def run(stack: Stack, *arguments: str, **changes: str) -> tuple[int | None, str]:
    environment = {**stack.environments.of_migration("notifications"), **changes}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notifications", *arguments, env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate()
    return child.returncode, output.decode()


async def test_migrating_again_changes_nothing(infra: Stack) -> None:
    code, output = await run(infra, "migrate")
    assert (code, "Running upgrade" in output) == (0, False)


@pytest.mark.parametrize("arguments", [[], ["sereve"], ["serve", "now"]])
async def test_another_command_is_answered_with_the_right_ones(infra: Stack, arguments: list[str]) -> None:
    code, output = await run(infra, *arguments)
    assert (code, output) == (2, "usage: python -m services.notifications serve | migrate | worker | dead\n")


async def test_a_setting_that_is_wrong_is_named_and_not_shown(infra: Stack) -> None:
    code, output = await run(infra, "serve", SECRET_KEY="hunter2")
    assert code == 1
    assert "secret_key" in output
    assert "hunter2" not in output
