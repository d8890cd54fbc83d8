"""Fixtures that every test may ask for."""

import structlog

pytest_plugins = ["tests.support.stack"]

# The default prints local variables beside each line of a traceback, which takes seconds and hides what the test tells.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
