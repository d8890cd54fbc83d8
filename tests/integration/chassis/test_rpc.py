"""Server and client of the chassis around a servicer of these tests, over real gRPC."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # unknown to its types

from chassis import call, errors
from chassis.call import Call, Caller, serving
from chassis.errors import Failure, Violation
from chassis.rpc import client, metadata, server
from chassis.rpc.client import Channel
from chassis.rpc.server import Binding, GrpcServer
from chassis.rpc.status import RemoteFailure
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.notifications.v1 import notifications_pb2_grpc as rpc

ALICE = Caller("alice", roles=frozenset({"admin"}), session_id="s1", client_ip="192.0.2.7")
ID = "0199c1a0-0000-7000-8000-000000000001"


class Servicer(rpc.NotificationsServicer):
    """Does what the test tells it to."""

    def __init__(self) -> None:
        self.seen: list[Call] = []
        self.failure: Exception | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def CountUnread(self, request: pb.CountUnreadRequest, context: Any) -> pb.CountUnreadResponse:
        self.seen.append(call.current())
        call.current().meter.add(3, 0.25)
        await self.may_answer.wait()
        if self.failure:
            raise self.failure
        return pb.CountUnreadResponse(unread_count=7)

    async def UpdateNotification(self, request: pb.UpdateNotificationRequest, context: Any) -> Any:
        return pb.UpdateNotificationResponse()


class Served:
    def __init__(self, servicer: Servicer, port: int) -> None:
        self.servicer, self.port = servicer, port

    def channel(self, credential: str = "gateway:right") -> Channel:
        return Channel(f"127.0.0.1:{self.port}", credential)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    servicer = Servicer()  # type: ignore[abstract]
    callers = {hashlib.sha256(c.encode()).hexdigest(): c.split(":")[0] for c in ("gateway:right", "users:right")}
    server = GrpcServer(
        "127.0.0.1:0",
        [Binding(rpc.add_NotificationsServicer_to_server, servicer, pb.DESCRIPTOR)],
        callers=callers,
        is_reflected=True,
    )
    task = asyncio.create_task(server.run())
    yield Served(servicer, await server.port)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def count(channel: Channel, acting: Call | None = None, **options: Any) -> pb.CountUnreadResponse:
    with serving(acting or Call(caller=ALICE, request_id="r1", traceparent="00-a-b-01")):
        answer = await channel.call(channel.stub(rpc.NotificationsStub).CountUnread, pb.CountUnreadRequest(), **options)
        assert isinstance(answer, pb.CountUnreadResponse)
        return answer


async def refusal(channel: Channel, acting: Call | None = None) -> Failure:
    with pytest.raises(Failure) as caught:
        await count(channel, acting)
    await channel.close()
    return caught.value


async def test_caller_request_and_trace_arrive(served: Served) -> None:
    channel = served.channel()
    assert (await count(channel)).unread_count == 7
    seen = served.servicer.seen[0]
    assert (seen.caller, seen.peer, seen.method) == (ALICE, "gateway", "Notifications.CountUnread")
    assert (seen.request_id, seen.traceparent) == ("r1", "00-a-b-01")
    assert seen.deadline is not None
    await channel.close()


async def test_the_cost_comes_back_to_the_caller(served: Served) -> None:
    channel = served.channel()
    acting = Call(caller=ALICE)
    await count(channel, acting)
    await count(channel, acting)
    assert (acting.meter.queries, acting.meter.query_seconds) == (6, 0.5)
    await channel.close()


async def test_a_process_that_proves_nothing_is_refused(served: Served) -> None:
    assert (await refusal(served.channel(""))).reason == "CALLER_UNKNOWN"
    assert (await refusal(served.channel("gateway:wrong"))).reason == "CALLER_UNKNOWN"
    assert served.servicer.seen == []


async def test_a_process_that_is_not_on_the_rpc_s_list_is_refused(served: Served) -> None:
    failure = await refusal(served.channel("users:right"))
    assert (failure.code, failure.reason) == ("PERMISSION_DENIED", "CALLER_REFUSED")


async def test_an_rpc_that_needs_an_actor_refuses_a_call_without_one(served: Served) -> None:
    assert (await refusal(served.channel(), Call())).code == "UNAUTHENTICATED"
    assert (await refusal(served.channel(), Call(caller=Caller("")))).code == "UNAUTHENTICATED"


async def test_a_forged_identity_is_refused(served: Served) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
        stub = rpc.NotificationsStub(channel)
        sent = ((metadata.CREDENTIAL, "gateway:right"), (metadata.CALLER, b"\xff\xff\xff"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.CountUnread(pb.CountUnreadRequest(), timeout=30, metadata=sent)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_call_without_a_deadline_is_refused(served: Served) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await rpc.NotificationsStub(channel).CountUnread(
                pb.CountUnreadRequest(), metadata=((metadata.CREDENTIAL, "gateway:right"),)
            )
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_failure_arrives_with_everything_it_says(served: Served) -> None:
    class NoteTaken(errors.AlreadyExists):
        """The note is taken."""

        reason = "NOTE_TAKEN"

    served.servicer.failure = NoteTaken(retry_after=1.5, fields=[Violation("a.b", "taken", "is taken")], until="noon")
    failure = await refusal(served.channel())
    assert isinstance(failure, RemoteFailure)
    assert (failure.code, failure.reason, failure.domain) == ("ALREADY_EXISTS", "NOTE_TAKEN", "messaging")
    assert (str(failure), failure.retry_after, failure.metadata) == ("The note is taken.", 1.5, {"until": "noon"})
    assert failure.fields == (Violation("a.b", "taken", "is taken"),)


async def test_the_cost_of_a_failed_call_comes_back_too(served: Served) -> None:
    served.servicer.failure = errors.NotFound()
    acting = Call(caller=ALICE)
    await refusal(served.channel(), acting)
    assert acting.meter.queries == 3


async def test_a_defect_says_nothing_about_itself(served: Served) -> None:
    served.servicer.failure = RuntimeError("the password is 1234")
    failure = await refusal(served.channel())
    assert (failure.code, failure.reason) == ("INTERNAL", "INTERNAL")
    assert "1234" not in str(failure)


async def test_a_request_that_breaks_the_contract_names_the_field(served: Served) -> None:
    channel = served.channel()
    stub = channel.stub(rpc.NotificationsStub)
    with serving(Call(caller=ALICE)):
        for notification_id, expected in (("no uuid", "string_uuid"), ("a\x00b", "nul_character")):
            with pytest.raises(Failure) as caught:
                await channel.call(
                    stub.UpdateNotification, pb.UpdateNotificationRequest(notification_id=notification_id)
                )
            assert caught.value.reason == "INVALID_REQUEST"
            assert expected in {violation.code for violation in caught.value.fields}
            assert {violation.field for violation in caught.value.fields} == {"notification_id"}
        assert await channel.call(stub.UpdateNotification, pb.UpdateNotificationRequest(notification_id=ID))
    await channel.close()


async def test_bytes_that_are_no_message_are_an_invalid_request(served: Served) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
        raw: Any = channel.unary_unary("/messaging.notifications.v1.Notifications/CountUnread")
        sent = ((metadata.CREDENTIAL, "gateway:right"), (metadata.CALLER, metadata.encode_caller(ALICE)))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw(b"\x0a\xff\xff\xff\xff", timeout=30, metadata=sent)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_call_ends_at_its_deadline(served: Served) -> None:
    served.servicer.may_answer.clear()
    with pytest.raises(Failure) as caught:
        await count(served.channel(), timeout=0.1)
    assert caught.value.code == "DEADLINE_EXCEEDED"


def test_grpc_knows_every_option() -> None:
    # It ignores the others without a word.
    library = Path(cygrpc.__file__).read_bytes()
    assert [name for name, _ in (*client._OPTIONS, *server._OPTIONS) if f"{name}\0".encode() not in library] == []


async def test_a_call_may_say_that_it_takes_longer_than_others_but_not_than_its_caller_waits(served: Served) -> None:
    await count(served.channel(), timeout=60)
    await count(served.channel(), Call(caller=ALICE, request_id="r1", deadline=time.monotonic() + 30), timeout=60)

    long, bounded = [one.remaining(0) for one in served.servicer.seen]
    assert long > 30 > bounded


async def test_an_unreachable_service_is_unavailable_and_only_that_is_retried(served: Served) -> None:
    channel = Channel("127.0.0.1:1", "gateway:right")
    with pytest.raises(errors.DependencyUnavailable):
        await count(channel, retries=1)
    await channel.close()
    served.servicer.failure = errors.NotFound()
    with pytest.raises(Failure):
        await count(served.channel(), retries=3)
    assert len(served.servicer.seen) == 1
    served.servicer.failure = errors.DatabaseUnavailable()
    with pytest.raises(Failure):
        await count(served.channel(), retries=1)
    assert len(served.servicer.seen) == 3


async def test_more_calls_than_a_server_takes_are_refused_at_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.rpc.interceptor.MAX_IN_FLIGHT", 2)
    served.servicer.may_answer.clear()
    channel = served.channel()
    asked = [asyncio.create_task(count(channel, timeout=30)) for _ in range(4)]
    while sum(task.done() for task in asked) < 2:
        await asyncio.sleep(0.01)
    served.servicer.may_answer.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Failure)]
    assert [failure.reason for failure in refused] == ["OVERLOADED", "OVERLOADED"]
    await channel.close()


async def test_health_and_reflection_answer_without_proof(served: Served) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
        health_stub: Any = health_pb2_grpc.HealthStub(channel)
        reflection_stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]
        health = await health_stub.Check(health_pb2.HealthCheckRequest(), timeout=30)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        stream = reflection_stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=30
        )
        names = [service.name async for answer in stream for service in answer.list_services_response.service]
    assert "messaging.notifications.v1.Notifications" in names


async def test_calls_under_way_finish_while_the_server_drains() -> None:
    servicer = Servicer()  # type: ignore[abstract]
    servicer.may_answer.clear()
    digest = hashlib.sha256(b"gateway:right").hexdigest()
    server = GrpcServer(
        "127.0.0.1:0",
        [Binding(rpc.add_NotificationsServicer_to_server, servicer, pb.DESCRIPTOR)],
        callers={digest: "gateway"},
    )
    task = asyncio.create_task(server.run())
    channel = Served(servicer, await server.port).channel()
    pending = asyncio.create_task(count(channel, timeout=30))
    while not servicer.seen:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.1)
    # Whoever ends the process waits for this task only.
    assert not task.done()
    servicer.may_answer.set()
    assert (await pending).unread_count == 7
    with pytest.raises(Failure):
        await count(channel, timeout=0.5)
    await channel.close()
    await asyncio.gather(task, return_exceptions=True)
