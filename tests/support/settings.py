"""The settings of all processes as an operator sees them; run as a module, it prints the README's table."""

import importlib
import re

from pydantic_settings import BaseSettings

from tests.support.tree import REPOSITORY

PROCESSES = {
    "auth": "services.auth",
    "users": "services.users",
    "conversations": "services.conversations",
    "notifications": "services.notifications",
    "gateway": "gateway",
}

# What the stack makes out of an operator's settings and gives to each process; nobody else sets these.
GIVEN = {
    "LISTEN", "METRICS_LISTEN", "DATABASE_URL", "MIGRATE_DATABASE_URL", "SERVICE_CREDENTIAL", "SERVICE_CALLERS",
    "AUTH_TARGET", "USERS_TARGET", "CONVERSATIONS_TARGET", "NOTIFICATIONS_TARGET",
}  # fmt: skip

# What only the stack reads, to make the former: meaning and default.
OF_THE_STACK = {
    "DATA_DIR": ("Where `make run` keeps data, keys, logs and mail", "`.data`"),
    "AUTH_DATABASE_URL": ("PostgreSQL 15 or newer for auth, in which the role may create tables", "embedded"),
    "USERS_DATABASE_URL": ("The same for users, with the extension pg_trgm", "embedded"),
    "CONVERSATIONS_DATABASE_URL": ("The same for conversations, with the extensions pg_trgm and unaccent", "embedded"),
    "NOTIFICATIONS_DATABASE_URL": ("The same for notifications", "embedded"),
    "DB_HOST": ("One PostgreSQL server for those databases that have no address of their own", "embedded"),
    "DB_PORT": ("Its port", "`5432`"),
    "DB_USER": ("Role on that server", ""),
    "DB_PASSWORD": ("Its password", ""),
    "DB_NAME": ("Prefix of the databases: messaging_db_auth and so on", "`messaging_db`"),
}

# Where the stack provides something else than the class's default.
PROVIDED = {
    "SECRET_KEY": "made under `.data/keys/`",
    "PUBLIC_URL": "`http://localhost:PORT`",
    **dict.fromkeys(["NATS_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_HOST"], "embedded"),
}


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Return the settings class of each process."""
    return {process: importlib.import_module(f"{package}.settings").Settings for process, package in PROCESSES.items()}


def rows() -> list[str]:
    """Return the table's rows in the order of .env.example: name, meaning, what it is when nobody sets it."""
    told = dict(OF_THE_STACK)
    for settings in settings_classes().values():
        for field, info in settings.model_fields.items():
            if (name := field.upper()) not in GIVEN:
                meaning = (info.description or "").replace("|", "\\|")
                told.setdefault(name, (meaning, PROVIDED.get(name) or _written(info.default)))
    order = re.findall(r"^#?([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    names = sorted(told, key=lambda name: order.index(name) if name in order else len(order))
    return [f"| `{name}` | {' | '.join(told[name])} |" for name in names]


def _written(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    print("| name | meaning | default |", "|---|---|---|", *rows(), sep="\n")
