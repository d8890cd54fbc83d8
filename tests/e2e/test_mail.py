"""The mail by which somebody confirms their address, from the registration to the local mailbox and back."""

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path

from deploy.local.stack import Stack
from tests.support.people import Person


def mails_to(directory: Path, address: str) -> list[bytes]:
    """What lies in the mailbox for somebody, the oldest first."""
    return [path.read_bytes() for path in sorted(directory.glob(f"*-{address}.eml"))]


async def mail_to(directory: Path, address: str) -> str:
    """Wait for a mail and return its text."""
    async with asyncio.timeout(30):
        while not (found := await asyncio.to_thread(mails_to, directory, address)):
            await asyncio.sleep(0.1)
    body = message_from_bytes(found[-1], policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_the_token_in_the_mail_confirms_the_address(platform: Stack) -> None:
    a = await Person.join(platform.gateway_url)
    text = await mail_to(platform.mail_directory, a.email)
    [token] = re.findall(r'{"token": "([^"]+)"}', text)
    assert f"/verify-email#token={token}" in text
    await a.ask("POST", "auth/email/verify/", json={"token": token})

    async def is_verified() -> bool:
        return bool((await a.ask("GET", "users/me/"))["is_verified"])

    async with asyncio.timeout(30):
        while not await is_verified():
            await asyncio.sleep(0.1)
    await a.close()
