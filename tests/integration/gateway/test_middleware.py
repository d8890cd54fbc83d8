"""What every answer carries, and what is refused before anybody looks at it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.integration.gateway.conftest import running
from tests.support.people import Person

ROUTES = [
    ("GET", "/"),
    ("GET", "/api/v1/"),
    ("GET", "/api/v1/health/"),
    ("GET", "/api/v1/docs/"),
    ("GET", "/api/v1/redoc/"),
    ("GET", "/api/v1/schema/"),
    ("GET", "/api/v1/docs/assets/page.css"),
    ("GET", "/api/v1/users/me/"),
    ("GET", "/nowhere/"),
    ("POST", "/api/v1/auth/token/"),
    ("DELETE", "/api/v1/"),
    ("GET", "/livez"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_answer_carries_the_headers(stranger: httpx2.AsyncClient, method: str, path: str) -> None:
    headers = (await stranger.request(method, path)).headers

    assert headers["X-Request-ID"]
    assert headers["X-Request-Duration"].endswith("s")
    assert headers["X-Database-Queries"].isdigit()
    assert headers["X-Query-Time"].endswith("s")
    assert headers["Server-Timing"].startswith("total;dur=")
    assert headers["RateLimit-Policy"].startswith('"sends";q=')
    assert headers["RateLimit"].startswith('"sends";r=')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-XSS-Protection"] == "1; mode=block"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert headers["Cache-Control"]
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers


async def test_private_answers_are_not_stored(ada: Person) -> None:
    assert (await ada.http.get("/api/v1/users/me/")).headers["Cache-Control"] == "no-store"


async def test_queries_and_their_time_are_those_of_the_services(ada: Person) -> None:
    headers = (await ada.http.get("/api/v1/users/me/")).headers

    assert int(headers["X-Database-Queries"]) >= 1
    assert float(headers["X-Query-Time"][:-1]) >= 0
    assert "db;dur=" in headers["Server-Timing"]


async def test_a_request_id_is_taken_from_the_client_and_shown_in_problems(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/nowhere", headers={"X-Request-ID": "mine-1"})

    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "mine-1"


async def test_a_request_id_that_is_none_is_replaced(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/livez", headers={"X-Request-ID": "<script>"})

    assert len(answer.headers["X-Request-ID"]) == 36


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "",
        "[::1]",
        "localhost:@evil.example",
        "localhost:x",
    ],
)
async def test_another_host_is_refused(stranger: httpx2.AsyncClient, host: str) -> None:
    answer = await stranger.get("/api/v1/", headers={"Host": host})

    assert answer.status_code == 400
    assert answer.json()["code"] == "host_refused"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1"])
async def test_our_own_hosts_are_answered_on_any_port(stranger: httpx2.AsyncClient, host: str) -> None:
    assert (await stranger.get("/api/v1/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("probe", ["/livez", "/readyz"])
async def test_probes_may_use_any_host(stranger: httpx2.AsyncClient, probe: str) -> None:
    assert (await stranger.get(probe, headers={"Host": "10.1.2.3:8000"})).status_code == 200


async def test_an_address_without_its_slash_leads_to_the_one_with_it(stranger: httpx2.AsyncClient) -> None:
    found = await stranger.get("/api/v1/users?page_size=3")
    assert (found.status_code, found.headers["Location"]) == (307, "/api/v1/users/?page_size=3")
    moved = await stranger.post("/api/v1/auth/token", json={})
    assert (moved.status_code, moved.headers["Location"]) == (308, "/api/v1/auth/token/")


@pytest.mark.parametrize(
    "path", ["/nowhere", "//evil.example", "/api/v1/users/me/x", "/api/v1/conversations/7/", "/%00"]
)
async def test_what_is_not_there_is_not_found(stranger: httpx2.AsyncClient, path: str) -> None:
    answer = await stranger.get(httpx2.URL(str(stranger.base_url).rstrip("/") + path))

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


async def test_a_wrong_method_is_told_the_right_ones(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.put("/api/v1/users/", json={})

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


async def test_a_body_above_one_mebibyte_is_refused(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.post(
        "/api/v1/auth/token/", content=b"x" * (1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_of_unknown_length_is_refused_likewise(stranger: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    answer = await stranger.post("/api/v1/auth/token/", content=endless(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


async def test_a_huge_body_is_refused_before_it_is_sent(door: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(door).port)
    writer.write(
        b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    writer.close()

    assert head.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in head.lower()


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_body_must_say_that_it_is_json(stranger: httpx2.AsyncClient, media_type: str) -> None:
    answer = await stranger.post(
        "/api/v1/auth/token/", content=json.dumps({"email": "a", "password": "b"}), headers={"Content-Type": media_type}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


async def test_a_foreign_page_may_not_call(stranger: httpx2.AsyncClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = await stranger.request("OPTIONS", "/api/v1/users/me/", headers=asked)
    called = await stranger.get("/api/v1/", headers={"Origin": "https://evil.example"})

    assert (preflight.status_code, preflight.json()["code"]) == (403, "origin_refused")
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in called.headers
    assert called.headers["Vary"] == "Origin"


async def test_a_page_of_ours_may_call_and_read_what_it_needs(stranger: httpx2.AsyncClient) -> None:
    asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "PATCH"}
    preflight = await stranger.request("OPTIONS", "/api/v1/users/me/", headers=asked)
    called = await stranger.get("/nowhere", headers={"Origin": "https://app.example.org"})

    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
    for answer in (preflight, called):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
        assert "X-Request-Duration" in answer.headers["Access-Control-Expose-Headers"]


async def test_behind_a_proxy_the_client_is_known_and_https_enforced(platform: Stack) -> None:
    async with (
        running(platform, trusted_proxies="127.0.0.0/8", secure_ssl_redirect=True) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        plain = await http.get("/api/v1/users/?page_size=1")
        assert plain.status_code == 308
        assert plain.headers["Location"].startswith("https://127.0.0.1:")
        assert plain.headers["Location"].endswith("/api/v1/users/?page_size=1")
        assert (await http.get("/livez")).status_code == 200

        http.headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4, 203.0.113.7"}
        secure = await http.get("/api/v1/")
        assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"

        person = await Person.join(platform.gateway_url)
        tokens = await http.post("/api/v1/auth/token/", json={"email": person.email, "password": "securepassword123"})
        http.headers["Authorization"] = f"Bearer {tokens.json()['access']}"
        sessions = (await http.get("/api/v1/auth/sessions/")).json()["results"]
        assert sessions[0]["ip"] == "203.0.113.7"
        await person.close()


async def test_more_requests_than_there_are_places_are_refused_at_once(platform: Stack) -> None:
    async with running(platform, max_in_flight=4) as url:
        person = await Person.join(url)
        answers = await asyncio.gather(*(person.http.get("/api/v1/users/me/") for _ in range(40)))
        refused = [answer for answer in answers if answer.status_code == 503]

        assert refused
        assert {answer.json()["code"] for answer in refused} == {"overloaded"}
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        assert {answer.status_code for answer in answers} == {200, 503}
        await person.close()
