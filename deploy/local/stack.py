"""A whole stack in one directory: for `make run`, for the tests and for the benches."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TextIO

from deploy.local import migrations, ports, postgres, probes, servers, state
from deploy.local.environment import Environments, Ports, bare_variables
from deploy.local.journal import Journal
from deploy.local.keys import Keys
from deploy.local.process import Process, Spec
from deploy.local.topology import BEAT, GATEWAY, SERVERS, SERVICES, WORKERS, service_of


class Stack:
    """The embedded servers and the platform's processes, each of them started, killed and started again by name.

    Names: postgres, nats, redis, mailbox, auth, users, conversations, notifications, conversations-worker,
    notifications-worker, beat, gateway. `variables` are what an operator would set, `overrides` go to one process
    (name -> environment).
    Methods block and may be called from any thread; a coroutine wraps them in `asyncio.to_thread`.
    """

    def __init__(
        self,
        directory: Path,
        variables: Mapping[str, str],
        *,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        console: TextIO | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self.mail_directory = self.directory / "mail"
        self._lock = state.hold(self.directory)
        self._keys = Keys(self.directory / "keys")
        self._ports = Ports(
            postgres=ports.free(),
            nats=ports.free(),
            redis=ports.free(),
            mailbox=ports.free(),
            grpc={service: ports.free() for service in SERVICES},
            metrics={process: ports.free() for process in (*SERVICES, *WORKERS, GATEWAY)},
        )
        self.environments = Environments(variables, self._keys, self._ports)
        self.journal = Journal(self.directory / "logs", console)
        self._overrides = overrides or {}
        self._processes: dict[str, Process] = {}
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._note()

    @classmethod
    def private(
        cls,
        directory: Path,
        settings: Mapping[str, str] | None = None,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
    ) -> "Stack":
        """A stack that nothing outside influences: no .env, no environment, all ports free."""
        return cls(directory, {**bare_variables(), "PORT": str(ports.free()), **(settings or {})}, overrides=overrides)

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- starting and stopping -----------------------------------------------------------------------------------------

    def start_servers(self, names: Container[str] = SERVERS, services: Iterable[str] = SERVICES) -> None:
        """Start those of the servers that are embedded; afterwards the databases are there, and these migrated.

        Raises: Refused when something does not become ready; `stop` cleans up.
        """
        wanted = self.environments
        directory, keys, numbers, lock = self.directory, self._keys, self._ports, [self._lock]
        specs: list[Callable[[], Spec]] = []
        if wanted.embedded_databases and "postgres" in names:
            specs.append(partial(postgres.spec, directory / "postgres", keys, numbers.postgres, inherit=lock))
        if wanted.needs_nats and "nats" in names:
            specs.append(partial(servers.nats, directory / "nats", keys, numbers.nats, inherit=lock))
        if wanted.needs_redis and "redis" in names:
            specs.append(partial(servers.redis, directory / "redis", keys, numbers.redis, inherit=lock))
        if wanted.needs_mailbox and "mailbox" in names:
            specs.append(partial(servers.mailbox, self.mail_directory, numbers.mailbox))
        self._together(partial(self._launch, spec) for spec in specs)
        if wanted.embedded_databases and "postgres" in names:
            postgres.provision(keys, numbers.postgres, wanted.embedded_databases)
        self._together(
            partial(migrations.migrate, service, wanted.of_migration(service), self.journal) for service in services
        )

    def start_alone(self, service: str, servers: Container[str]) -> None:
        """Start one service and the servers that it needs, and nothing beside it."""
        self.start_servers(servers, (service,))
        self._launch(partial(self._service, service))

    def start_platform(self) -> None:
        """Start everything, in the order in which one part needs another, until the gateway says it is ready."""
        self.start_servers()
        self._together(partial(self._launch, partial(self._service, service)) for service in SERVICES)
        others = [partial(self._worker, name) for name in WORKERS] + [partial(self._beat), partial(self._gateway)]
        self._together(partial(self._launch, spec) for spec in others)

    def stop(self) -> None:
        """End everything in reverse order and give the directory back. Nothing is left running."""
        self._closing.set()
        for layer in ({GATEWAY}, {*WORKERS, BEAT}, set(SERVICES), {*SERVERS} - {"postgres"}, {"postgres"}):
            members = [process for name, process in self._processes.items() if name in layer]
            if members:
                with ThreadPoolExecutor(len(members)) as pool:
                    list(pool.map(Process.stop, members))
        if self._lock >= 0:
            state.clear(self.directory)
            os.close(self._lock)
            self._lock = -1

    def discard(self) -> None:
        """Stop, and delete all but the logs and the mail."""
        self.stop()
        for part in ("postgres", "nats", "redis", "keys"):
            shutil.rmtree(self.directory / part, ignore_errors=True)

    # -- one process ---------------------------------------------------------------------------------------------------

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a stopped or killed process again, on its old address, and wait until it is ready."""
        self._processes[name].start(environment=environment)

    def halt(self, name: str) -> None:
        """End one process in good order (SIGTERM, drain); it stays down until started."""
        self._processes[name].stop()

    def kill(self, name: str) -> None:
        """End one process with SIGKILL; it stays down until started."""
        self._processes[name].kill()

    def restart(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """End one process in good order and start it again; `environment` adds to what it had."""
        self.halt(name)
        self.start(name, environment)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send any signal; a process that dies of it is restarted after a short delay, like one that crashed."""
        self._processes[name].send(number)

    def pid(self, name: str) -> int | None:
        """The process id, or None while the process is down."""
        return self._processes[name].pid

    # -- addresses -----------------------------------------------------------------------------------------------------

    @property
    def gateway_url(self) -> str:
        """Where clients of this stack connect, without a slash at the end."""
        return f"http://127.0.0.1:{self.environments.port}"

    @property
    def redis_url(self) -> str:
        """Redis as the processes see it."""
        return self.environments.redis_url()

    def database_url(self, service: str, *, owner: bool = False) -> str:
        """A service's database, as its serving role or as the role that owns the schema."""
        return self.environments.database_url(service, owner=owner)

    def superuser_url(self, service: str | None = None) -> str:
        """The embedded PostgreSQL as its superuser, in a service's database or in `postgres`."""
        database = self.environments.embedded_databases[service] if service else "postgres"
        return postgres.url(self._keys, self._ports.postgres, database=database)

    def nats_url(self, user: str = servers.OPERATOR) -> str:
        """NATS as a service or `gateway` sees it; `operator` may publish anything."""
        return self.environments.nats_url(user)

    def target(self, service: str) -> str:
        """A service's gRPC address."""
        return self.environments.target(service)

    def credential(self, caller: str) -> str:
        """What `gateway` or a service puts into its calls to prove itself."""
        return self.environments.credential(caller)

    def environment(self, process: str) -> dict[str, str]:
        """The whole environment of a process, secrets included."""
        return {**self.environments.of(process), **self._overrides.get(process, {})}

    # -- inside --------------------------------------------------------------------------------------------------------

    def _service(self, name: str) -> Spec:
        address = self.target(name)
        return self._python(name, f"services.{name}", "serve", ready=partial(probes.serves, address), address=address)

    def _worker(self, name: str) -> Spec:
        # Its metrics are served from the moment when its children wait for jobs.
        ready = partial(probes.answers, "127.0.0.1", self._ports.metrics[name], "/metrics")
        return self._python(name, f"services.{service_of(name)}", "worker", ready=ready)

    def _beat(self) -> Spec:
        return self._python(BEAT, "chassis.beat")

    def _gateway(self) -> Spec:
        host, port = self.environments.host, self.environments.port
        # Bound to every address, it answers on the loopback, too.
        ready = partial(probes.answers, {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, "/readyz")  # noqa: S104
        return self._python(GATEWAY, "gateway", "serve", ready=ready, address=f"{host}:{port}")

    def _python(self, name: str, *arguments: str, ready: Callable[[], bool] = lambda: True, address: str = "") -> Spec:
        command = [sys.executable, "-m", *arguments]
        return Spec(name=name, command=command, environment=self.environment(name), ready=ready, address=address)

    def _launch(self, make: Callable[[], Spec]) -> None:
        began = time.monotonic()
        spec = make()
        process = self._processes[spec.name] = Process(spec, self.journal, self._closing, self._note)
        process.start()
        self.journal.say(
            f"{spec.name} is ready{f' at {spec.address}' * bool(spec.address)} ({time.monotonic() - began:.1f} s)"
        )

    def _together(self, actions: Iterable[Callable[[], None]]) -> None:
        """Do all at once. When one fails, or the person interrupts, the others give up as well."""
        with ThreadPoolExecutor() as pool:
            try:
                for done in as_completed([pool.submit(action) for action in actions]):
                    done.result()
            except BaseException:
                self._closing.set()
                raise

    def _note(self) -> None:
        """Tell other terminals."""
        with self._writing:
            facts = {
                name: {
                    "pid": process.pid,
                    "state": process.state,
                    "restarts": process.restarts,
                    "address": process.spec.address,
                    "environment": dict(process.spec.environment),
                }
                for name, process in list(self._processes.items())
            }
            state.write(self.directory, {"pid": os.getpid(), "url": self.environments.public_url, "processes": facts})
