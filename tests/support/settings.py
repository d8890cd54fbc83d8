"""The settings classes of all processes, found where the layout says they are."""

import importlib

from pydantic_settings import BaseSettings

from tests.support.tree import REPOSITORY

PROCESSES = {
    "auth": "services.auth",
    "users": "services.users",
    "conversations": "services.conversations",
    "notifications": "services.notifications",
    "gateway": "gateway",
}


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Return the settings class of each process that has one."""
    return {
        process: importlib.import_module(f"{package}.settings").Settings
        for process, package in PROCESSES.items()
        if (REPOSITORY / package.replace(".", "/") / "settings.py").is_file()
    }
