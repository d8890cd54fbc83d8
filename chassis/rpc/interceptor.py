"""The one interceptor of every server: who calls, for whom, until when, what it cost and what went wrong."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from chassis import metrics
from chassis.call import Call, Caller, serving
from chassis.errors import (
    CallerRefused,
    CallerUnknown,
    DeadlineRequired,
    Defect,
    Failure,
    InvalidRequest,
    Overloaded,
)
from chassis.ids import uuid7
from chassis.rpc import metadata, validation
from chassis.rpc.rules import Rule
from chassis.rpc.status import grpc_code, to_status

log = structlog.get_logger(__name__)

MAX_IN_FLIGHT = 512
# Below this much remaining time, in seconds, work is not begun.
_LEAST_TIME = 0.005

Behavior = Callable[[Any, Any], Awaitable[Message]]
Context = grpc.aio.ServicerContext[Any, Any]


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps each RPC that has a rule; others, such as health, pass as they are."""

    def __init__(self, rules: Mapping[str, Rule], callers: Mapping[str, str]) -> None:
        """Take the contract's rules, and the names of processes by the SHA-256 of their credential."""
        self._rules = rules
        self._callers = callers
        self._proven: dict[str, str] = {}
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._in_flight = 0

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the wrapped handler of the called RPC."""
        method = handler_call_details.method
        if method in self._wrapped:
            return self._wrapped[method]
        handler = await continuation(handler_call_details)
        rule = self._rules.get(method)
        if handler is None or rule is None or handler.unary_unary is None:
            return handler
        self._wrapped[method] = grpc.unary_unary_rpc_method_handler(
            self._wrap(rule, handler.unary_unary),
            request_deserializer=_tolerant(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )
        return self._wrapped[method]

    def _wrap(self, rule: Rule, behavior: Behavior) -> Callable[[Any, Context], Awaitable[Message]]:
        seconds = metrics.RPC_SECONDS.labels(rule.method)
        count_ok = metrics.RPCS.labels(rule.method, "OK")

        async def serve(request: Any, context: Context) -> Message:
            begun = time.perf_counter()
            call = Call()
            self._in_flight += 1
            try:
                call = self._admit(rule, context)
                with serving(call):
                    if request is None:
                        raise InvalidRequest("The request is not a message of this RPC.")
                    validation.check(request, with_texts=not rule.items_fail_alone)
                    response = await behavior(request, context)
                context.set_trailing_metadata(metadata.encode_meter(call.meter))
                count_ok.inc()
                return response
            except Failure as failure:
                failed = failure
            except Exception as error:
                with serving(call):
                    log.exception("rpc_failed", method=rule.method, error=type(error).__name__)
                failed = Defect()
            finally:
                self._in_flight -= 1
                seconds.observe(time.perf_counter() - begun)
            metrics.RPCS.labels(rule.method, failed.code).inc()
            status = to_status(failed)
            trailers = (*metadata.encode_meter(call.meter), (metadata.STATUS_DETAILS, status.SerializeToString()))
            await context.abort(grpc_code(status), status.message, trailers)

        return serve

    def _admit(self, rule: Rule, context: Context) -> Call:
        if self._in_flight > MAX_IN_FLIGHT:
            raise Overloaded(retry_after=1.0)
        sent = dict(context.invocation_metadata() or ())
        peer = self._prove(sent.get(metadata.CREDENTIAL, ""))
        if peer not in rule.callers:
            raise CallerRefused()
        remaining = context.time_remaining()
        if remaining is None or remaining < _LEAST_TIME:
            raise DeadlineRequired()
        return Call(
            method=rule.method,
            peer=peer,
            caller=_acting(sent.get(metadata.CALLER), is_needed=rule.needs_actor),
            request_id=str(sent.get(metadata.REQUEST_ID) or uuid7()),
            traceparent=str(sent.get(metadata.TRACEPARENT, "")),
            deadline=time.monotonic() + remaining,
        )

    def _prove(self, credential: str | bytes) -> str:
        if not isinstance(credential, str) or not credential:
            raise CallerUnknown()
        name = self._proven.get(credential)
        if name is None:
            name = self._callers.get(hashlib.sha256(credential.encode()).hexdigest())
            if name is None:
                raise CallerUnknown()
            # Only right credentials are remembered, so the table is as small as the list of callers.
            self._proven[credential] = name
        return name


def _acting(sent: str | bytes | None, *, is_needed: bool) -> Caller | None:
    if isinstance(sent, bytes):
        try:
            caller = metadata.decode_caller(sent)
        except DecodeError as error:
            raise CallerUnknown() from error
        if caller.user_id:
            return caller
    if is_needed:
        raise CallerUnknown()
    return None


def _tolerant(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Turn bytes that are no message into None, so that they get a documented answer instead of INTERNAL."""
    if deserialize is None:
        return None

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except (DecodeError, ValueError):
            return None

    return read
