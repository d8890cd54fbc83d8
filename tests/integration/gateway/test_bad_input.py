"""Whatever is sent, the answer is the documented problem: never a 500, and nothing of the input in it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.integration.gateway.conftest import DOCUMENT, joined
from tests.support.badinput import BadInput, Case
from tests.support.forgery import forgeries
from tests.support.openapi import Operation, operations
from tests.support.people import Person

OPERATIONS = operations(DOCUMENT.value)
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]
SIGNED_IN = [case for case in OPERATIONS if "security" in case[2]]
BAD_INPUT = BadInput(DOCUMENT.value)
ALL_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
MARK = "\u2603canary\u2603"


@pytest.fixture(scope="module")
async def intruder(door: str) -> AsyncIterator[Person]:
    async with joined(door) as person:
        yield person


@pytest.fixture
async def mallory(intruder: Person) -> Person:
    await intruder.stay()
    return intruder


async def send(http: httpx2.AsyncClient, operation: Operation, case: Case) -> httpx2.Response:
    method, path, _ = operation
    headers = {"Content-Type": "application/json"} if case.content is not None else {}
    url = BAD_INPUT.path(path) + (f"?{case.query}" if case.query else "")
    return await http.request(method.upper(), url, content=case.content, headers=headers | case.headers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
async def test_input_that_breaks_a_rule_is_refused(mallory: Person, operation: Operation) -> None:
    for case in BAD_INPUT.cases(operation):
        answer = await send(mallory.http, operation, case)

        assert answer.status_code in case.statuses, (case.name, answer.status_code, answer.text[:300])
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert len(answer.content) < 10_000, case.name


@pytest.mark.parametrize("operation", SIGNED_IN, ids=lambda case: case[2]["operationId"])
async def test_without_a_good_token_nothing_is_told(
    stranger: httpx2.AsyncClient, mallory: Person, operation: Operation
) -> None:
    valid = Case("valid", {401}, content=json.dumps(BAD_INPUT.body(operation[2])).encode())
    answer = await send(stranger, operation, valid)
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
    for header in ("Bearer nonsense", "Basic YTpi", f"Bearer {mallory.refresh}", f"Bearer {mallory.access[:-4]}AAAA"):
        stranger.headers["Authorization"] = header
        answer = await send(stranger, operation, valid)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize(
    "operation",
    [case for case in SIGNED_IN if "{" in case[1]],
    ids=lambda case: case[2]["operationId"],
)
async def test_what_does_not_exist_is_not_found(mallory: Person, operation: Operation) -> None:
    body = BAD_INPUT.body(operation[2])
    content, query = json.dumps(body).encode() if body else None, BAD_INPUT.query(operation[2])
    answer = await send(mallory.http, operation, Case("valid", {404}, query, content))
    # Who may not moderate at all is not told whether there is anything to moderate; but everybody may see themselves.
    is_for_moderators = "/admin/" in operation[1] and operation[2]["operationId"] != "admin_show"
    assert answer.status_code == (403 if is_for_moderators else 404), answer.text

    method, path, _ = operation
    for strange in ("7", "me2", "..%2f", "%00", "' or 1=1 --", "a" * 3000):
        url = path[: path.index("{")] + strange + path[path.index("}") + 1 :].replace("{user_id}", "x")
        answer = await mallory.http.request(method.upper(), url)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), strange


@pytest.mark.parametrize("path", sorted({path for _, path, _ in OPERATIONS}))
async def test_wrong_methods_are_refused(stranger: httpx2.AsyncClient, path: str) -> None:
    known = {method.upper() for method, other, _ in OPERATIONS if other == path}
    for method in [*sorted(ALL_METHODS - known), "OPTIONS", "TRACE"]:
        answer = await stranger.request(method, BAD_INPUT.path(path))

        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), method
        assert set(answer.headers["Allow"].split(", ")) == known


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
async def test_a_problem_never_repeats_what_was_sent(mallory: Person, operation: Operation) -> None:
    body = BAD_INPUT.body(operation[2])
    if not isinstance(body, dict):
        return
    for name in body:
        sent = json.dumps({**body, name: {"inner": MARK}, "other": [MARK]}).encode()
        answer = await send(mallory.http, operation, Case("canary", {422}, content=sent))

        assert answer.status_code == 422
        assert "canary" not in answer.text


async def test_forged_tokens_are_refused(mallory: Person, stranger: httpx2.AsyncClient) -> None:
    keys = (await stranger.get("/.well-known/jwks.json")).json()
    assert (await mallory.http.get("/api/v1/users/me/")).status_code == 200
    for name, token in forgeries(mallory.access, keys):
        answer = await stranger.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {token}"})

        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), name


async def test_broken_http_is_answered_and_the_line_closed(door: str) -> None:
    port = httpx2.URL(door).port
    for broken in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(broken)
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()

        assert answer.startswith(b"HTTP/1.1 4"), broken
        assert b"Traceback" not in answer


async def test_a_length_and_chunks_at_once_are_refused(door: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(door).port)
    writer.write(
        b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 4")
