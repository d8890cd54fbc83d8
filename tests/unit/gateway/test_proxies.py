"""Whose word about the client's address counts."""

from ipaddress import ip_network

import pytest

from gateway.proxies import origin

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["not an address"], "10.0.0.1"),
        ("10.0.0.1", ['fe80::1%","level":"error'], "10.0.0.1"),
        ("10.0.0.1", ["<script>, 203.0.113.7"], "203.0.113.7"),
        ("203.0.113.7", ["1.2.3.4"], "203.0.113.7"),
        ("", ["1.2.3.4"], ""),
    ],
)
def test_only_what_our_own_proxies_add_is_believed(peer: str, forwarded: list[str], client: str) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]

    assert origin(peer, "http", headers, PROXIES)[0] == client


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("10.0.0.1", b"https", "https"),
        ("10.0.0.1", b"https, http", "http"),
        ("10.0.0.1", b"gopher", "http"),
        ("203.0.113.7", b"https", "http"),
    ],
)
def test_the_scheme_is_believed_likewise(peer: str, told: bytes, scheme: str) -> None:
    assert origin(peer, "http", [(b"x-forwarded-proto", told)], PROXIES)[1] == scheme


def test_without_proxies_nothing_is_believed() -> None:
    assert origin("10.0.0.1", "http", [(b"x-forwarded-for", b"1.2.3.4")], ()) == ("10.0.0.1", "http")
