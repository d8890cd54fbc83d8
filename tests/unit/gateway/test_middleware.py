"""The one layer around everything, around applications that do what no endpoint of ours should."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway import middleware
from gateway.access import AccessLog
from gateway.admission import Admission, SendBudget
from gateway.headers import HeaderWriter
from gateway.middleware import Middleware
from gateway.settings import Settings

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
SETTINGS = Settings(
    auth_target="",
    users_target="",
    conversations_target="",
    notifications_target="",
    service_credential="",
    nats_url="",
    redis_url="",
)


def scope(method: str = "POST", **headers: str) -> dict[str, Any]:
    sent = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()
    ]
    return {
        "type": "http",
        "method": method,
        "path": "/x/",
        "raw_path": b"/x/",
        "query_string": b"",
        "headers": sent,
        "client": ("192.0.2.1", 1),
        "scheme": "http",
    }


class Line:
    """A connection: what arrives, and what was sent."""

    def __init__(self, *arriving: Message) -> None:
        self.arriving = list(arriving)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self.arriving:
            await asyncio.Event().wait()
        return self.arriving.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def problem(self) -> Any:
        return orjson.loads(self.sent[1]["body"])


def around(application: Application, **parts: Any) -> Middleware:
    chosen: dict[str, Any] = {
        "admission": Admission(10),
        "headers": HeaderWriter(SendBudget(10, 60), ()),
        "access": AccessLog(log_format="json", is_on=False),
    }
    return Middleware(application, SETTINGS, **chosen | parts)


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive() if scope["method"] == "POST" else {"body": b""}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_defect_is_answered_without_its_cause() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("secret at 10.0.0.1")

    admission, line = Admission(10), Line()
    await around(failing, admission=admission)(scope("GET"), line.receive, line.send)

    assert (line.status, line.problem["code"], line.problem["retryable"]) == (500, "internal", False)
    assert "secret" not in str(line.problem)
    assert admission.in_flight == 0


async def test_an_answer_that_has_begun_is_not_answered_twice() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError("too late")

    line = Line()
    with pytest.raises(KeyError):
        await around(failing)(scope("GET"), line.receive, line.send)

    assert [message["type"] for message in line.sent] == ["http.response.start"]


async def test_a_body_in_parts_reaches_the_application_whole() -> None:
    line = Line(part(b"he", more=True), part(b"llo"))
    await around(answering)(scope(transfer_encoding="chunked"), line.receive, line.send)

    assert line.sent[1]["body"] == b"hello"


async def test_after_the_body_the_application_hears_only_of_the_client_going_away() -> None:
    heard: list[str] = []

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    line = Line(part(b"x"), {"type": "http.disconnect"})
    await around(listening)(scope(content_length="1"), line.receive, line.send)

    assert heard == ["http.request", "http.disconnect"]


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    line, admission = Line(part(b"x", more=True)), Admission(10)
    with patch.object(middleware, "BODY_SECONDS", 0.01):
        await around(answering, admission=admission)(scope(content_length="5"), line.receive, line.send)

    assert (line.status, line.problem["code"]) == (408, "body_timeout")
    assert (b"connection", b"close") in line.sent[0]["headers"]


async def test_a_client_that_goes_away_before_its_body_is_not_answered() -> None:
    line = Line(part(b"x", more=True), {"type": "http.disconnect"})
    await around(answering)(scope(content_length="5"), line.receive, line.send)

    assert line.sent == []


@pytest.mark.parametrize(("length", "status"), [("x", 400), ("-1", 400), (str(9 * 1024 * 1024), 413), ("1" * 400, 413)])
async def test_a_length_is_judged_before_anything_is_read(length: str, status: int) -> None:
    line = Line()
    await around(answering)(scope(content_length=length), line.receive, line.send)

    assert line.status == status


async def test_an_endless_body_is_dropped() -> None:
    class Endless(Line):
        async def receive(self) -> Message:
            return part(b"x" * 1024 * 1024, more=True)

    line = Endless()
    await around(answering)(scope(transfer_encoding="chunked"), line.receive, line.send)

    assert line.status == 413


async def test_a_socket_of_another_host_is_closed() -> None:
    line = Line()
    asked = {**scope("GET", host="evil.example"), "type": "websocket"}
    await around(answering)(asked, line.receive, line.send)

    assert line.sent == [{"type": "websocket.close", "code": 1008}]


async def test_access_lines_name_everything_and_hold_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    for log_format in ("json", "text"):
        access = AccessLog(log_format=log_format, is_on=True)
        asked = {**scope("GET", x_request_id="mine"), "path": '/x"\n\x1b[31m/', "query_string": b"secret=1"}
        line = Line()
        await around(answering, access=access)(asked, line.receive, line.send)
        access.flush()

    structured, text, _ = capsys.readouterr().out.split("\n")
    entry = orjson.loads(structured)
    assert (entry["status"], entry["request_id"], entry["path"]) == (200, "mine", '/x"\n\x1b[31m/')
    assert {"timestamp", "level", "module", "process", "thread_name", "client_ip", "trace_id"} <= entry.keys()
    assert "secret" not in structured + text
    assert "\x1b" not in text
    assert "request_id=mine" in text


async def test_access_lines_hold_no_code_of_an_invite(capsys: pytest.CaptureFixture[str]) -> None:
    for log_format in ("json", "text"):
        access = AccessLog(log_format=log_format, is_on=True)
        for path in ("/api/v1/invites/code-that-opens/", "/api/v1/invites/code-that-opens/accept/"):
            line = Line()
            await around(answering, access=access)({**scope("GET"), "path": path}, line.receive, line.send)
        access.flush()

    lines = capsys.readouterr().out
    assert "code-that-opens" not in lines
    assert lines.count("/api/v1/invites/…/accept/") == 2


async def test_access_lines_are_written_soon(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line()
    await around(answering, access=AccessLog(log_format="json", is_on=True))(scope("GET"), line.receive, line.send)
    assert capsys.readouterr().out == ""
    await asyncio.sleep(0.15)

    assert capsys.readouterr().out.count("\n") == 1
