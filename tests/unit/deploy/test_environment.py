import pytest

from deploy.local.environment import Environments, Ports
from deploy.local.keys import Keys
from deploy.local.topology import BEAT, GATEWAY, SERVICES, WORKERS, service_of

PORTS = Ports(
    postgres=1,
    nats=2,
    redis=3,
    mailbox=4,
    grpc={service: 10 + n for n, service in enumerate(SERVICES)},
    metrics={process: 20 + n for n, process in enumerate((*SERVICES, *WORKERS, GATEWAY))},
)
PROCESSES = (*SERVICES, *WORKERS, BEAT, GATEWAY)


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


def test_what_is_not_set_is_embedded_each_part_for_itself(keys: Keys) -> None:
    nothing = Environments({}, keys, PORTS)
    assert set(nothing.embedded_databases) == set(SERVICES)
    assert nothing.needs_nats
    assert nothing.needs_redis
    assert nothing.needs_mailbox

    one = Environments({"USERS_DATABASE_URL": "postgresql://u@db/x", "REDIS_URL": "redis://r/1"}, keys, PORTS)
    assert set(one.embedded_databases) == {"auth", "conversations", "notifications"}
    assert one.of("users")["DATABASE_URL"] == "postgresql://u@db/x"
    assert one.of("users")["REDIS_URL"] == "redis://r/1"
    assert one.needs_redis, "Celery's Redis was not set"
    assert not Environments({"REDIS_URL": "redis://r/1", "CELERY_BROKER_URL": "redis://r/2"}, keys, PORTS).needs_redis
    assert one.of(BEAT)["CELERY_BROKER_URL"].endswith("@127.0.0.1:3/2")


def test_an_empty_value_is_not_set(keys: Keys) -> None:
    assert Environments({"NATS_URL": "", "EMAIL_HOST": ""}, keys, PORTS).needs_nats


def test_one_database_server_for_all_services(keys: Keys) -> None:
    shared = {"DB_HOST": "db", "DB_USER": "me", "DB_PASSWORD": "p@ss/word", "DB_NAME": "chat"}
    environments = Environments({**shared, "AUTH_DATABASE_URL": "postgresql://own/auth"}, keys, PORTS)
    assert environments.database_url("auth") == "postgresql://own/auth"
    assert environments.database_url("users") == "postgresql://me:p%40ss%2Fword@db:5432/chat_users"
    assert environments.embedded_databases == {}


def test_every_process_has_secrets_of_its_own_and_none_of_the_others(keys: Keys) -> None:
    operator = {"SECRET_KEY": "root" * 10, "DB_PASSWORD": "secret", "EMAIL_HOST_PASSWORD": "mail", "EMAIL_HOST": "smtp"}
    environments = Environments(operator, keys, PORTS)
    seen = {process: environments.of(process) for process in PROCESSES}
    for process, environment in seen.items():
        assert operator["SECRET_KEY"] not in environment.values()
        assert "DB_PASSWORD" not in environment
        assert ("EMAIL_HOST_PASSWORD" in environment) == (service_of(process) == "notifications")
        assert "MIGRATE_DATABASE_URL" not in environment
    # A worker is part of its service: it opens what the service sealed.
    for worker in WORKERS:
        assert seen[worker]["SECRET_KEY"] == seen[service_of(worker)]["SECRET_KEY"]
    for name in ("SECRET_KEY", "SERVICE_CREDENTIAL", "NATS_URL"):
        assert len({seen[process][name] for process in (*SERVICES, GATEWAY)}) == 5
    assert "DATABASE_URL" not in seen[GATEWAY]
    assert set(seen[BEAT]) & {"SECRET_KEY", "SERVICE_CREDENTIAL", "DATABASE_URL", "NATS_URL", "REDIS_URL"} == set()


def test_who_has_a_services_address_is_among_its_callers(keys: Keys) -> None:
    environments = Environments({}, keys, PORTS)
    for callee in SERVICES:
        admitted = {entry.split("=")[0] for entry in environments.of(callee)["SERVICE_CALLERS"].split(",")}
        told = {caller for caller in (*SERVICES, GATEWAY) if f"{callee.upper()}_TARGET" in environments.of(caller)}
        assert admitted == told


def test_only_the_migration_knows_the_owner(keys: Keys) -> None:
    migration = Environments({}, keys, PORTS).of_migration("auth")
    assert migration["MIGRATE_DATABASE_URL"].startswith("postgresql://auth_owner:")
    assert migration["DATABASE_URL"].startswith("postgresql://auth:")


def test_settings_that_need_no_translation_reach_the_processes(keys: Keys) -> None:
    environments = Environments({"LOG_LEVEL": "DEBUG", "PORT": "9000"}, keys, PORTS)
    assert environments.of("auth")["LOG_LEVEL"] == "DEBUG"
    assert environments.of("auth")["PUBLIC_URL"] == "http://localhost:9000"
    assert environments.of(GATEWAY)["PORT"] == "9000"
