"""The local mailbox: `python -m deploy.local.mailbox PORT DIRECTORY` writes each mail into an .eml file."""

import asyncio
import re
import signal
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT = 10 * 1024 * 1024


class Mailbox:
    """aiosmtpd's handler."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store one mail under a name that sorts by time and shows its first recipient."""
        recipient = re.sub(r"[^A-Za-z0-9@._+-]", "_", envelope.rcpt_tos[0])[:80]
        path = self._directory / f"{time.time_ns()}-{recipient}.eml"
        # Renamed when whole: who watches the directory never reads half a mail.
        part = path.with_suffix(".part")
        part.write_bytes(envelope.original_content or b"")
        part.rename(path)
        return "250 OK"


async def serve(port: int, directory: Path) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    handler = Mailbox(directory)
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, hostname="localhost", loop=loop),
        "127.0.0.1",
        port,
    )
    await ended.wait()
    server.close()


if __name__ == "__main__":
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(serve(port, directory))
