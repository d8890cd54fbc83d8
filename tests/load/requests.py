"""REST load by wrk: every connection posts to one conversation after the other, as members of it."""

import re
import subprocess
import tempfile
from pathlib import Path

from tests.load.figures import Figures, Refused

SCRIPT = """
local requests, turn = {}, 0
init = function()
  local body = '{"content":"Hello, this is a test message!"}'
  for path, token in io.open("%s"):read("a"):gmatch("(%%S+) (%%S+)") do
    local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
end
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
"""


def load(url: str, senders: list[tuple[str, str]], connections: int, seconds: float) -> Figures:
    """Post for so long; `senders` are conversations with tokens. Raises: Refused on anything but success."""
    with tempfile.TemporaryDirectory() as directory:
        table, script = Path(directory, "senders"), Path(directory, "send.lua")
        table.write_text("\n".join(f"/api/v1/conversations/{place}/messages/ {token}" for place, token in senders))
        script.write_text(SCRIPT % table)
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds:.0f}",
            "--timeout",
            "10s",
            "--latency",
            "-s",
            str(script),
            url,
        ]
        run = subprocess.run(command, capture_output=True, text=True)
    return read(run.stdout + run.stderr)


def read(output: str) -> Figures:
    """Read wrk's report. Raises: Refused."""
    wrong = re.search(r"Non-2xx.*|Socket errors.*", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    if wrong or not rate or not count:
        raise Refused(wrong[0] if wrong else output)
    return Figures(
        messages=int(count[1]), rate=float(rate[1]), p50=_milliseconds(output, "50%"), p99=_milliseconds(output, "99%")
    )


def _milliseconds(output: str, share: str) -> float:
    number, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s)\b", output)[0]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
