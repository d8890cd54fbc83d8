"""A mail server that a test sees into: real SMTP on the loopback."""

import asyncio
import ssl
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from deploy.local import ports


class MailServer:
    """Keeps what it was given; comes and goes as the test says, always on the same port."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> None:
        self.port = ports.free()
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        # What is said to each recipient.
        self.answer = "250 OK"
        # Called once a mail is kept and before its sender hears of it.
        self.on_kept: Callable[[], None] = lambda: None
        # Seconds until the sender hears of it.
        self.delay = 0.0
        self._tls = tls
        self._login = login
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Accept connections from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append(envelope)
        self.on_kept()
        await asyncio.sleep(self.delay)
        return "250 OK"

    def text(self, n: int = -1) -> str:
        """The plain text of a mail."""
        body = self.mails[n].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="localhost",
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            authenticator=self._authenticate if self._login else None,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(self, _s: SMTP, _ses: Session, _e: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
        expected = self._login and LoginPassword(*(part.encode() for part in self._login))
        return AuthResult(success=data == expected, handled=False)
