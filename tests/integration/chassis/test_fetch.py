"""Documents over vetted connections, from servers that mean well and from those that do not."""

import gzip
import ipaddress
import ssl
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.fetch import Document, get, request
from chassis.outbound import Outbound, OutboundRefused, Target
from tests.support.webserver import WebServer

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
LIMIT = 1024 * 1024
PAGE = "<title>Engine</title>"


async def always_here(name: str, port: int) -> Sequence[str]:
    """Every name is this machine's."""
    return ["127.0.0.1"]


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with WebServer().run() as running:
        yield running


OUTBOUND = Outbound(resolve=always_here, trusted=LOOPBACK)


async def fetch(url: str, *, seconds: float = 5.0, outbound: Outbound = OUTBOUND) -> Document:
    return await get(outbound, url, media_type="text/html", limit=LIMIT, seconds=seconds)


def url(server: WebServer, path: str, host: str = "pages.example") -> str:
    return f"http://{host}:{server.port}{path}"


async def test_a_document_is_fetched_and_nothing_of_us_is_told(server: WebServer) -> None:
    server.lay("/a?b=1", PAGE, "Content-Type: text/HTML; charset=utf-8")
    found = await fetch(url(server, "/a?b=1#c"))
    assert found == Document("pages.example", "text/HTML; charset=utf-8", PAGE.encode())
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", "/a?b=1")
    assert asked.headers == {
        "host": f"pages.example:{server.port}",
        "user-agent": "messaging/1.0",
        "accept": "text/html",
        "accept-encoding": "gzip",
        "connection": "close",
    }


async def test_a_request_may_have_a_body(server: WebServer) -> None:
    server.lay("/hook", "", "Content-Type: text/plain", status="204 No Content")
    target = Target.of(url(server, "/hook"))
    async with request(OUTBOUND, target, method="POST", headers=[("X-Signature", "s")], body=b"{}") as response:
        assert response.status == 204
    assert server.asked[0].headers["content-length"] == "2"
    assert server.asked[0].headers["x-signature"] == "s"


async def test_the_name_is_resolved_once_and_the_vetted_address_is_used(server: WebServer) -> None:
    """The second answer of a rebinding name is never asked for."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def rebinding(name: str, port: int) -> Sequence[str]:
        return next(answers)

    server.lay("/", PAGE)
    await fetch(url(server, "/", "rebind.example"), outbound=Outbound(resolve=rebinding, trusted=LOOPBACK))
    assert server.asked[0].headers["host"].startswith("rebind.example:")
    assert next(answers) == ["10.0.0.1"]


async def test_an_address_that_does_not_answer_gives_way_to_the_next(server: WebServer) -> None:
    async def two(name: str, port: int) -> Sequence[str]:
        return ["127.0.0.99", "127.0.0.1"]

    server.lay("/", PAGE)
    assert (await fetch(url(server, "/"), outbound=Outbound(resolve=two, trusted=LOOPBACK))).body == PAGE.encode()


async def test_redirects_are_followed_three_times_and_no_more(server: WebServer) -> None:
    for n in range(9):
        server.redirect(f"/{n}", f"/{n + 1}" if n % 2 else url(server, f"/{n + 1}", "other.example"))
    server.lay("/9", PAGE)
    assert (await fetch(url(server, "/6"))).name == "other.example"
    with pytest.raises(OutboundRefused, match="redirects"):
        await fetch(url(server, "/5"))


async def test_a_redirect_to_itself_ends(server: WebServer) -> None:
    server.redirect("/loop", "/loop")
    with pytest.raises(OutboundRefused, match="redirects"):
        await fetch(url(server, "/loop"))
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/", "http://[::1]:{port}/secret", "http://169.254.169.254/latest/meta-data/",
        "http://inside.example:{port}/secret", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_GET",
        "//me@127.0.0.1/",
        "http://2130706433:{port}/secret", "http://0x7f000001:{port}/secret", "http://127.1:{port}/secret", "http://[::1",
        "http://public.example:8080/",
    ],
)  # fmt: skip
async def test_every_redirect_is_vetted_anew(server: WebServer, location: str) -> None:
    async def resolve(name: str, port: int) -> Sequence[str]:
        answers = {"inside.example": ["::1"], "public.example": ["93.184.216.34"]}
        return answers.get(name, ["127.0.0.1"])

    inside = WebServer()
    inside.port = server.port
    async with inside.run("::1"):
        server.redirect("/", location.format(port=server.port))
        with pytest.raises(OutboundRefused):
            await fetch(url(server, "/"), outbound=Outbound(resolve=resolve, trusted=LOOPBACK))
        assert (len(server.asked), inside.asked) == (1, [])


async def test_without_trusted_networks_this_machine_is_out_of_reach(server: WebServer) -> None:
    server.lay("/", PAGE)
    for host in ("127.0.0.1", "localhost", "pages.example"):
        with pytest.raises(OutboundRefused):
            await fetch(url(server, "/", host), outbound=Outbound(resolve=always_here))
    assert server.asked == []


async def test_a_huge_body_is_read_to_the_limit_only(server: WebServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10000000000\r\n\r\n"
    server.raw("/", head, b"x" * 65536, times=10_000)
    assert len((await fetch(url(server, "/"))).body) == LIMIT
    assert server.sent < 20 * LIMIT


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_what_is_compressed_is_unpacked(server: WebServer, coding: str) -> None:
    packed = gzip.compress(PAGE.encode()) if coding == "gzip" else zlib.compress(PAGE.encode())
    server.lay("/", packed, f"Content-Encoding: {coding}")
    assert (await fetch(url(server, "/"))).body == PAGE.encode()


async def test_a_bomb_is_unpacked_to_the_limit_only(server: WebServer) -> None:
    server.lay("/", gzip.compress(bytes(200 * LIMIT)), "Content-Encoding: gzip")
    assert len((await fetch(url(server, "/"))).body) == LIMIT


@pytest.mark.parametrize(("coding", "body"), [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"no gzip at all")])
async def test_a_coding_that_was_not_asked_for_or_is_broken_is_a_failure(
    server: WebServer, coding: str, body: bytes
) -> None:
    server.lay("/", body, f"Content-Encoding: {coding}")
    with pytest.raises(ConnectionError):
        await fetch(url(server, "/"))


@pytest.mark.parametrize(
    "said",
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: drip\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n",),
        (b"",),
    ],
)
async def test_a_slow_drip_ends_with_the_time(server: WebServer, said: tuple[bytes, ...]) -> None:
    server.raw("/", *said, pause=0.02, times=10_000)
    with pytest.raises(TimeoutError):
        await fetch(url(server, "/"), seconds=0.5)


async def test_the_time_counts_for_all_redirects_together(server: WebServer) -> None:
    for n in range(4):
        head = f"HTTP/1.1 302 Found\r\nLocation: /{n + 1}\r\nContent-Length: 0\r\n\r\n".encode()
        server.raw(f"/{n}", b"", *[head[i : i + 20] for i in range(0, len(head), 20)])
    server.raw("/3", b"", b"", pause=10)
    with pytest.raises(TimeoutError):
        await fetch(url(server, "/0"), seconds=1)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\x01\x02" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_failure(server: WebServer, said: bytes) -> None:
    server.raw("/", said)
    with pytest.raises(ConnectionError):
        await fetch(url(server, "/"))


@pytest.mark.parametrize(
    ("status", "content_type"),
    [("200 OK", "image/png"), ("200 OK", "application/xhtml+xml"), ("200 OK", ""), ("404 Not Found", "text/html")],
)
async def test_only_documents_of_the_type_are_read(server: WebServer, status: str, content_type: str) -> None:
    server.lay("/", PAGE, f"Content-Type: {content_type}", status=status)
    with pytest.raises(ConnectionError, match=status[:3]):
        await fetch(url(server, "/"))


def certificate(name: str, directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


async def test_tls_is_spoken_to_the_name_though_the_connection_goes_to_the_address(tmp_path: Path) -> None:
    chain, private = certificate("pages.example", tmp_path)
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(chain, private)
    named: list[str | None] = []
    here.sni_callback = lambda _socket, name, _context: named.append(name)
    outbound = Outbound(resolve=always_here, trusted=LOOPBACK, tls=ssl.create_default_context(cafile=chain))
    async with WebServer().run(tls=here) as server:
        server.lay("/", PAGE)
        assert (await fetch(f"https://pages.example:{server.port}/", outbound=outbound)).body == PAGE.encode()
        with pytest.raises(ssl.SSLError):
            await fetch(f"https://other.example:{server.port}/", outbound=outbound)
        with pytest.raises(ssl.SSLError):
            await fetch(f"https://pages.example:{server.port}/")
    assert named == ["pages.example", "other.example", "pages.example"]
    assert len(server.asked) == 1
