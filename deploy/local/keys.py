"""The secrets of a local installation, made once and kept in files that only their owner reads."""

import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path


class Keys:
    """One file per secret under `directory`; asking for an unknown one makes it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """Return the secret called `name`, the same one for the life of the directory."""
        path = self._directory / name
        with self._lock:
            if not path.exists():
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                # Written aside and renamed: a crash leaves no empty secret behind.
                fresh = path.with_name(f"{name}.new")
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                    file.write(secrets.token_hex(32))
                fresh.rename(path)
            return path.read_text()


def derive(secret_key: str, service: str) -> str:
    """A service's own SECRET_KEY: no service can compute another's, and one operator secret restores them all."""
    return hmac.new(secret_key.encode(), f"service:{service}".encode(), hashlib.sha256).hexdigest()
