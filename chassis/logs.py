"""Structured logs: one line an event, JSON for machines or text for people, each with level, time, module, process
and thread, and with the request's id and trace while a call is served. Values of secrets and message texts must not
be logged; keys that look like a secret are masked all the same.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from chassis import call

_MASKED = (
    "password",
    "secret",
    "token",
    "credential",
    "authorization",
    "cookie",
    "otp",
    "content",
    "refresh",
    "access",
)


def configure(process: str, *, level: str = "INFO", log_format: str = "json", debug: bool = False) -> None:
    """Send every log line of this process, third-party ones too, to standard output."""

    def add_service(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = process
        return event

    shared: list[structlog.typing.Processor] = [
        add_service,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.CallsiteParameterAdder(
            {
                structlog.processors.CallsiteParameter.MODULE,
                structlog.processors.CallsiteParameter.PROCESS,
                structlog.processors.CallsiteParameter.THREAD_NAME,
            }
        ),
        _add_call,
        _mask,
        structlog.processors.format_exc_info,
    ]
    # The fancy traceback prints local variables, and with them secrets.
    for_people = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = for_people if log_format == "text" else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("DEBUG" if debug else level.upper())
    # Chatty below WARNING even when debugging: every frame, every statement.
    for name in (
        "asyncio",
        "nats",
        "httpcore",
        "hpack",
        "watchfiles",
        "kombu",
        "amqp",
        "alembic.runtime.plugins",
        "grpc._cython.cygrpc",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_call(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    active = call.current()
    if active.request_id:
        event.setdefault("request_id", active.request_id)
    if active.traceparent:
        event.setdefault("trace_id", active.traceparent[3:35])
    return event


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if key.lower() in _MASKED or key.lower().endswith(("_password", "_secret", "_token")):
            event[key] = "***"
    return event
