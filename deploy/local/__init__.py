"""The embedded stack: PostgreSQL, NATS, Redis, a mailbox and the platform's processes, all under one directory.

`python -m deploy.local run` is `make run`. Tests and benches use `deploy.local.stack.Stack`, which does the same in a
directory of their own. For development and tests: a production installation brings its own servers.
"""
