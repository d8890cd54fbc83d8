"""Settings that processes share; each process has one frozen class of its own that extends these."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis import failpoints


class ProcessSettings(BaseSettings):
    """What every process reads. Names are the environment's, in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    log_level: str = Field("INFO", description="Least severe level that is logged: DEBUG, INFO, WARNING, ERROR")
    log_format: str = Field("json", description="`json` for machines, `text` for people", pattern="^(json|text)$")
    debug: bool = Field(False, description="gRPC reflection, debug logs, statements and timings of each request")
    metrics_listen: str = Field("", description="host:port that serves Prometheus metrics; empty for none")
    failpoint: str = Field(
        "", pattern=failpoints.PATTERN, description="Where the process shall kill itself; needs DEBUG, for rehearsals"
    )

    @model_validator(mode="after")
    def _dies_in_rehearsals_only(self) -> Self:
        if self.failpoint and not self.debug:
            raise ValueError("FAILPOINT needs DEBUG")
        return self


class ServiceSettings(ProcessSettings):
    """What a gRPC service with a database reads."""

    listen: str = Field("127.0.0.1:0", description="host:port that the gRPC server listens on")
    database_url: str = Field(description="PostgreSQL address of the serving role, which cannot change the schema")
    migrate_database_url: str = Field("", description="PostgreSQL address of the owner role; empty means database_url")
    database_pool_size: int = Field(8, ge=1, le=100, description="Connections, and worker threads, for requests")
    nats_url: str = Field(description="NATS address")
    nats_replicas: int = Field(1, ge=1, le=5, description="Copies of each stream; 3 in a cluster")
    redis_url: str = Field(description="Redis address")
    secret_key: str = Field(min_length=32, description="Root of this process's encryption and signing keys")
    service_credential: str = Field("", description="`<name>:<secret>` by which this process proves itself to others")
    service_callers: str = Field("", description="`<name>=<sha256 of its credential>`, comma separated: who may call")


class WorkingSettings(ServiceSettings):
    """What a service with background work reads, its server and its worker alike."""

    celery_broker_url: str = Field(description="Redis address by which workers hear of jobs")
    celery_result_backend: str = Field("", description="Where Celery would keep results; no task of ours has any")
    celery_concurrency: int = Field(2, ge=1, le=64, description="Jobs that a worker does at the same time")


class BeatSettings(ProcessSettings):
    """What the clock reads."""

    celery_broker_url: str = Field(description="Redis address by which workers hear of tasks")
    beat_schedule: str = Field("deploy/beat.toml", description="TOML file of what is sent when")


def caller_digests(text: str) -> dict[str, str]:
    """Turn `name=digest,name=digest` into a table from digest to name."""
    pairs = (entry.split("=", 1) for entry in text.split(",") if entry.strip())
    return {digest.strip(): name.strip() for name, digest in pairs}
