"""The bare path that the product is compared with: a directory with a run.sh, named by the operator.

Its interface: `run.sh ws ROOMS IN_FLIGHT SECONDS` and `run.sh rest CONNECTIONS SECONDS`; DATABASE_URL (an empty
database), NATS_URL, PYTHON, SERVICE_PORT and GATEWAY_PORT in the environment; the last line tells messages and CPU.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, text

from deploy.local import ports
from deploy.local.stack import Stack
from tests.load.figures import Figures, Refused

DATABASE = "yardstick"


class Yardstick:
    """Runs beside an idle platform, on the same PostgreSQL and NATS."""

    def __init__(self, directory: Path, stack: Stack) -> None:
        self._script = directory / "run.sh"
        server = stack.superuser_url()
        engine = create_engine(server.replace("postgresql://", "postgresql+psycopg2://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"create database {DATABASE}"))
        engine.dispose()
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "DATABASE_URL": server.rsplit("/", 1)[0] + f"/{DATABASE}",
            "NATS_URL": stack.nats_url(),
        }

    def run(self, *arguments: str) -> Figures:
        """Run once. Raises: Refused."""
        fresh = {"SERVICE_PORT": str(ports.free()), "GATEWAY_PORT": str(ports.free())}
        run = subprocess.run(
            [str(self._script), *arguments], env=self._environment | fresh, capture_output=True, text=True
        )
        output = run.stdout
        cpu = re.search(r"messages (\d+); CPU us each: gateway (\d+), service (\d+)", output)
        if not cpu or "Non-2xx" in output:
            raise Refused(output + run.stderr)
        rate, p50, p99 = _socket_figures(output) if arguments[0] == "ws" else _rest_figures(output)
        spent = {"gateway": int(cpu[2]) / 1000, "conversations": int(cpu[3]) / 1000}
        return Figures(count=int(cpu[1]), rate=rate, p50=p50, p99=p99, cpu=spent)


def _socket_figures(output: str) -> tuple[float, float, float]:
    found = re.search(r"delivered/s (\d+) p50 ([\d.]+) p99 ([\d.]+) ms", output)
    if not found:
        raise Refused(output)
    return float(found[1]), float(found[2]), float(found[3])


def _rest_figures(output: str) -> tuple[float, float, float]:
    def milliseconds(share: str) -> float:
        number, unit = re.findall(rf"{share} ([\d.]+)(us|ms|s)\b", output)[0]
        return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]

    rate = re.search(r"Requests/sec: ([\d.]+)", output)
    if not rate:
        raise Refused(output)
    return float(rate[1]), milliseconds("50%"), milliseconds("99%")
