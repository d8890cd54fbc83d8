import asyncio
import ipaddress
from collections.abc import Sequence

import pytest

from chassis.outbound import Outbound, OutboundRefused, Target, is_public

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::7f00:1", "64:ff9b::5db8:d822",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1",
        "2001:db8::1", "2002:7f00:1::1", "2002:5db8:d822::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet_is_known(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])
def test_the_public_internet_is_known(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.org", Target("http", "example.org", 80, "/")),
        ("HTTPS://Example.ORG.:443/a?b=c#d", Target("https", "example.org", 443, "/a?b=c")),
        ("https://example.org:80/%41 b".replace(" ", "%20"), Target("https", "example.org", 80, "/%41%20b")),
        ("http://bücher.example/straße?ü", Target("http", "xn--bcher-kva.example", 80, "/stra%C3%9Fe?%C3%BC")),
        ("http://93.184.216.34/", Target("http", PUBLIC, 80, "/")),
        ("http://[2606:4700:0::1111]/", Target("http", "2606:4700::1111", 80, "/")),
        ("http://１２７.0.0.1/", Target("http", "127.0.0.1", 80, "/")),
    ],
)
def test_an_address_is_taken_apart(url: str, target: Target) -> None:
    assert Target.of(url) == target


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://example.org/", "example.org"),
        ("https://example.org:443/", "example.org"),
        ("https://example.org:80/", "example.org:80"),
        ("https://[2606:4700::1]:80/", "[2606:4700::1]:80"),
    ],
)
def test_the_host_header_names_the_port_where_it_is_not_the_usual_one(url: str, host: str) -> None:
    assert Target.of(url).host == host


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "//example.org/", "file:///etc/passwd", "gopher://example.org/_x", "ftp://example.org/",
        "javascript:alert(1)", "data:text/html,x", "http://", "http:///x", "http://?x", "http://example.org:port/",
        "http://example.org:99999/", "http://user:secret@example.org/", "http://@example.org/", "http://a@b@c/",
        "http://example.org\\@127.0.0.1/", "http://example.org\r\nX: y/", "http://exam ple.org/", "http://example.org/\t",
        "http://example.org/\x00", "http://-a.example/", "http://a..b/", "http://*.example/", "http://exa%6dple.org/",
        "http://[::1", "http://[::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[1.2.3.4]/", "http://[::g]/",
        f"http://{'a' * 64}.example/", f"http://{'a.' * 130}example/", f"http://example.org/{'a' * 2048}",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.01/", "http://0/", "http://0x/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://example.1/",
        "http://127.0.0.0x1/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        Target.of(url)


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("http://127.0.0.1/", []),
        ("http://127.0.0.1./", []),
        ("http://[::1]/", []),
        ("http://[::ffff:127.0.0.1]/", []),
        ("http://localtest.me/", ["127.0.0.1"]),
        ("http://metadata.example/", ["169.254.169.254"]),
        ("http://mixed.example/", [PUBLIC, "10.0.0.1"]),
        ("http://mixed.example/", ["10.0.0.1", PUBLIC]),
        ("http://mixed.example/", [PUBLIC, "::1"]),
        ("http://mapped.example/", [f"::ffff:{PUBLIC}"]),
        ("http://translated.example/", ["64:ff9b::7f00:1"]),
        ("http://example.org:8080/", [PUBLIC]),
        ("http://example.org:22/", [PUBLIC]),
        ("http://example.org:0/", [PUBLIC]),
    ],
)
async def test_nothing_but_the_webs_ports_of_public_addresses_is_connected_to(url: str, answers: list[str]) -> None:
    asked = []

    async def resolve(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return answers

    with pytest.raises(OutboundRefused, match="leads to"):
        await Outbound(resolve=resolve).connect(Target.of(url))
    assert len(asked) == (1 if answers else 0)


async def test_a_name_without_address_and_a_resolver_that_is_down_are_failures() -> None:
    async def nothing(name: str, port: int) -> Sequence[str]:
        return []

    async def down(name: str, port: int) -> Sequence[str]:
        await asyncio.sleep(0)
        raise OSError("no resolver")

    for resolve in (nothing, down):
        with pytest.raises(OSError):  # noqa: PT011 - whichever
            await Outbound(resolve=resolve).connect(Target.of("http://example.org/"))
