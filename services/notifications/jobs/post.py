"""Hands mails to an SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime

from chassis.jobs import Hopeless
from services.notifications.model.mails import Mail

_TIMEOUT_SECONDS = 10.0
_TLS_PORT = 465
# Lines as long as SMTP allows: a token in plain ASCII is not cut in two by quoted-printable.
_POLICY = SMTP.clone(max_line_length=998, cte_type="7bit")


@dataclass(frozen=True)
class Post:
    """The way to one server."""

    host: str
    port: int
    use_tls: bool
    user: str
    password: str
    sender: str

    def send(self, mail: Mail, *, to: str, message_id: str) -> None:
        """Send a mail to one address; the same `message_id` lets its server recognise a repetition.

        Raises: Hopeless when the address cannot be one or is refused for good, OSError for all that may pass.
        """
        message = self._compose(mail, to, message_id)
        with self._connect() as server:
            self._prove(server)
            try:
                server.send_message(message)
            except smtplib.SMTPRecipientsRefused as refused:
                # Its own text names the address, which is no business of logs.
                [(code, _)] = refused.recipients.values()
                if 500 <= code < 600:
                    raise Hopeless(f"the recipient is refused with {code}") from None
                raise smtplib.SMTPException(f"the recipient is refused for now with {code}") from None

    def _compose(self, mail: Mail, to: str, message_id: str) -> EmailMessage:
        message = EmailMessage(_POLICY)
        message["From"] = self.sender
        try:
            # Refuses line breaks and everything else that is no address.
            message["To"] = Address(addr_spec=to)
        except (ValueError, IndexError, MessageError) as error:
            raise Hopeless(f"not an address: {type(error).__name__}") from None
        message["Subject"] = mail.subject
        message["Date"] = localtime()
        message["Message-ID"] = f"<{message_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message

    def _connect(self) -> smtplib.SMTP:
        # Naming itself after the sender's domain spares a search for this machine's name.
        if self._is_tls_port:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, self._domain, timeout=_TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, self._domain, timeout=_TIMEOUT_SECONDS)

    def _prove(self, server: smtplib.SMTP) -> None:
        if self.use_tls and not self._is_tls_port:
            server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password)

    @property
    def _is_tls_port(self) -> bool:
        return self.use_tls and self.port == _TLS_PORT

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2].strip("<> ") or "localhost"
