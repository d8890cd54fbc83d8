"""Handing mails to a mail server, over real SMTP."""

import asyncio
import datetime
import ipaddress
import smtplib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.jobs import Hopeless
from services.notifications.jobs.post import Post
from services.notifications.model.mails import Mail
from tests.support.mailserver import MailServer

MAIL = Mail(subject="Subject", text="Text with a link: https://x/#token=a=b\n", html="<p>Text</p>\n")


def post_to(server: MailServer, **settings: Any) -> Post:
    defaults = {"host": "127.0.0.1", "use_tls": False, "user": "", "password": "", "sender": "Chat <chat@example.org>"}
    return Post(**{**defaults, "port": server.port, **settings})


async def send(post: Post, *, to: str = "ada@example.net", mail: Mail = MAIL) -> None:
    await asyncio.to_thread(post.send, mail, to=to, message_id="0190")


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    listening = MailServer()
    await listening.start()
    yield listening
    await listening.stop()


async def test_a_mail_arrives_as_text_and_html(server: MailServer) -> None:
    await send(post_to(server))
    [mail], [envelope] = server.mails, server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("chat@example.org", ["ada@example.net"])
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Chat <chat@example.org>", "ada@example.net", "Subject")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<0190@example.org>", "auto-generated")
    assert mail["Date"].datetime.tzinfo
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert server.text().rstrip() == MAIL.text.rstrip()
    # As plain bytes, too: a link can be copied out of the file that the local mailbox writes.
    assert b"https://x/#token=a=b" in (envelope.original_content or b"")


async def test_letters_beyond_ascii_arrive(server: MailServer) -> None:
    await send(post_to(server), mail=Mail("Bestätigung", "Grüße, Мария\n", "<p>Grüße</p>\n"))
    assert server.mails[0]["Subject"] == "Bestätigung"
    assert server.text().rstrip() == "Grüße, Мария"


@pytest.mark.parametrize(
    "address", ["a@b\r\nBcc: c@d", "a@b\nX: y", "", "no address", "a@b, c@d", "Ada <a@b>", "a@b\x00", "@", "a@"]
)
async def test_what_is_not_one_address_is_never_sent(server: MailServer, address: str) -> None:
    with pytest.raises(Hopeless):
        await send(post_to(server), to=address)
    assert server.mails == []


async def test_a_recipient_refused_for_good_is_hopeless_and_not_named(server: MailServer) -> None:
    server.answer = "550 no such user"
    with pytest.raises(Hopeless, match="550") as refused:
        await send(post_to(server))
    assert "ada" not in str(refused.value)


async def test_a_recipient_refused_for_now_is_tried_again(server: MailServer) -> None:
    server.answer = "450 greylisted"
    with pytest.raises(OSError, match="450") as refused:
        await send(post_to(server))
    assert "ada" not in str(refused.value)


async def test_a_server_that_is_not_there_is_an_outage(server: MailServer) -> None:
    await server.stop()
    with pytest.raises(OSError, match="refused"):
        await send(post_to(server))


async def test_nothing_is_sent_in_clear_where_encryption_is_demanded(server: MailServer) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        await send(post_to(server, use_tls=True))
    assert server.mails == []


def certificate(directory: Path) -> ssl.SSLContext:
    """A server's context with a certificate of its own for the loopback, left in `server.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = directory / "server.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


@pytest.fixture
async def careful_server(tmp_path: Path) -> AsyncIterator[MailServer]:
    """Takes mail over TLS from one user alone."""
    listening = MailServer(tls=certificate(tmp_path), login=("chat", "secret"))
    await listening.start()
    yield listening
    await listening.stop()


async def test_mail_goes_over_tls_with_a_login(
    careful_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    await send(post_to(careful_server, use_tls=True, user="chat", password="secret"))
    assert len(careful_server.mails) == 1
    with pytest.raises(smtplib.SMTPAuthenticationError):
        await send(post_to(careful_server, use_tls=True, user="chat", password="wrong"))


async def test_a_server_that_cannot_prove_its_name_gets_nothing(careful_server: MailServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await send(post_to(careful_server, use_tls=True, user="chat", password="secret"))
    assert careful_server.mails == []
