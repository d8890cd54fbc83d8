"""The environment of each process, made from what the operator set and what is embedded."""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from dotenv import dotenv_values

from deploy.local import postgres
from deploy.local.keys import Keys, derive
from deploy.local.process import ROOT
from deploy.local.topology import BEAT, CALLERS, GATEWAY, SERVICES, WORKING, service_of

# Translated or secret: each process is handed its own, none inherits them.
OURS = {
    "SECRET_KEY",
    "NATS_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND",
    *("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"),
    *(f"{service.upper()}_DATABASE_URL" for service in SERVICES),
}
MAIL = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_FROM")
DATABASES = "messaging_db"


def operator_variables() -> dict[str, str]:
    """`.env`, when there is one, under the environment."""
    # Taken literally: a password may contain a dollar sign.
    written = {name: value for name, value in dotenv_values(ROOT / ".env", interpolate=False).items() if value}
    return {**written, **os.environ}


def bare_variables() -> dict[str, str]:
    """Of this process's environment only what any program needs, and what measures coverage in children."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: value for name, value in os.environ.items() if name in keep or name.startswith("COVERAGE_")}


@dataclass(frozen=True)
class Ports:
    """Where the embedded servers and the processes listen, all on the loopback."""

    postgres: int
    nats: int
    redis: int
    mailbox: int
    grpc: Mapping[str, int]
    metrics: Mapping[str, int]


class Environments:
    """Every address and secret of one stack, and which process is told which."""

    def __init__(self, variables: Mapping[str, str], keys: Keys, ports: Ports) -> None:
        self._set = {name: value for name, value in variables.items() if value}
        self._keys = keys
        self._ports = ports
        self.host = self._set.get("HOST", "127.0.0.1")
        self.port = int(self._set.get("PORT", "8000"))
        self.public_url = self._set.get("PUBLIC_URL", f"http://localhost:{self.port}")

    @property
    def embedded_databases(self) -> dict[str, str]:
        """Service -> database name, for those services whose database is ours to provide."""
        prefix = self._set.get("DB_NAME", DATABASES)
        return {service: f"{prefix}_{service}" for service in SERVICES if not self._external_database(service)}

    @property
    def needs_nats(self) -> bool:
        """Whether nobody said where NATS is."""
        return "NATS_URL" not in self._set

    @property
    def needs_redis(self) -> bool:
        """Whether the cache or Celery is left to us."""
        return not {"REDIS_URL", "CELERY_BROKER_URL"} <= self._set.keys()

    @property
    def needs_mailbox(self) -> bool:
        """Whether nobody said where mail goes."""
        return "EMAIL_HOST" not in self._set

    def database_url(self, service: str, *, owner: bool = False) -> str:
        """A service's database, as the role that serves or as the one that migrates."""
        if external := self._external_database(service):
            return external
        user = postgres.owner(service) if owner else service
        return postgres.url(self._keys, self._ports.postgres, user=user, database=self.embedded_databases[service])

    def nats_url(self, user: str) -> str:
        """NATS as a service, `gateway` or `operator` sees it."""
        return (
            self._set.get("NATS_URL") or f"nats://{user}:{self._keys.get(f'nats-{user}')}@127.0.0.1:{self._ports.nats}"
        )

    def redis_url(self, purpose: str = "REDIS_URL") -> str:
        """Redis for presence, limits and caches, or as Celery's CELERY_BROKER_URL."""
        database = {"REDIS_URL": 1, "CELERY_BROKER_URL": 2}[purpose]
        embedded = f"redis://:{self._keys.get('redis')}@127.0.0.1:{self._ports.redis}/{database}"
        return self._set.get(purpose) or embedded

    def target(self, service: str) -> str:
        """A service's gRPC address."""
        return f"127.0.0.1:{self._ports.grpc[service]}"

    def metrics(self, process: str) -> str:
        """Where a process shows its metrics."""
        return f"127.0.0.1:{self._ports.metrics[process]}"

    def credential(self, service: str) -> str:
        """What a service or the gateway proves itself with."""
        return f"{service}:{self._keys.get(f'credential-{service}')}"

    def of(self, process: str) -> dict[str, str]:
        """The whole environment of a process."""
        service = service_of(process)
        environment = {name: value for name, value in self._set.items() if name not in OURS and name not in MAIL}
        environment |= {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}",
            "PYTHONUNBUFFERED": "1",
            "VIRTUAL_ENV": sys.prefix,
            "PUBLIC_URL": self.public_url,
        }
        if process == BEAT:
            return environment | {"CELERY_BROKER_URL": self.redis_url("CELERY_BROKER_URL")}
        environment |= {
            "SECRET_KEY": derive(self._set.get("SECRET_KEY") or self._keys.get("secret-key"), service),
            "NATS_URL": self.nats_url(service),
            "REDIS_URL": self.redis_url(),
            "METRICS_LISTEN": self.metrics(process),
            "SERVICE_CREDENTIAL": self.credential(service),
            **{f"{callee.upper()}_TARGET": self.target(callee) for callee in SERVICES if service in CALLERS[callee]},
        }
        if process == GATEWAY:
            return environment | {"HOST": self.host, "PORT": str(self.port)}
        environment["DATABASE_URL"] = self.database_url(service)
        if process in SERVICES:
            environment["LISTEN"] = self.target(process)
            environment["SERVICE_CALLERS"] = self._callers(CALLERS[process])
        if service in WORKING:
            environment["CELERY_BROKER_URL"] = self.redis_url("CELERY_BROKER_URL")
            environment["CELERY_RESULT_BACKEND"] = self._set.get("CELERY_RESULT_BACKEND", "")
        if service == "notifications":
            environment |= self._mail()
        return environment

    def of_migration(self, service: str) -> dict[str, str]:
        """The environment of a service's `migrate`, the only one that may change its schema."""
        return self.of(service) | {"MIGRATE_DATABASE_URL": self.database_url(service, owner=True)}

    def _callers(self, callers: Iterable[str]) -> str:
        # Digests: a server that is read out gives nobody the means to be its caller.
        digests = {caller: hashlib.sha256(self.credential(caller).encode()).hexdigest() for caller in callers}
        return ",".join(f"{caller}={digest}" for caller, digest in digests.items())

    def _mail(self) -> dict[str, str]:
        chosen = {name: self._set[name] for name in MAIL if name in self._set}
        if self.needs_mailbox:
            chosen |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self._ports.mailbox), "EMAIL_USE_TLS": "False"}
            chosen.pop("EMAIL_HOST_USER", None)
            chosen.pop("EMAIL_HOST_PASSWORD", None)
        return chosen

    def _external_database(self, service: str) -> str | None:
        if url := self._set.get(f"{service.upper()}_DATABASE_URL"):
            return url
        if not (host := self._set.get("DB_HOST")):
            return None
        user, password = (quote(self._set.get(name, ""), safe="") for name in ("DB_USER", "DB_PASSWORD"))
        credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
        port, name = self._set.get("DB_PORT", "5432"), self._set.get("DB_NAME", DATABASES)
        return f"postgresql://{credentials}{host}:{port}/{name}_{service}"


def data_directory(variables: Mapping[str, str]) -> Path:
    """DATA_DIR, by default `.data` in the checkout."""
    return Path(ROOT, variables.get("DATA_DIR") or ".data")
