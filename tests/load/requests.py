"""REST load by wrk: so many connections ask one thing after the other, each as whoever may."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.load.figures import Figures, Refused

SCRIPT = """
local requests, turn = {}, 0
init = function()
  for method, path, token in io.open("%s"):read("a"):gmatch("(%%S+) (%%S+) (%%S+)") do
    local headers = {["Authorization"] = "Bearer " .. token}
    local body = nil
    if method == "POST" then
      headers["Content-Type"] = "application/json"
      body = '{"content":"Hello, this is a test message!"}'
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
"""


@dataclass(frozen=True)
class Ask:
    """One request; what is posted is always the same message."""

    method: str
    path: str
    token: str


def post(conversation_id: str, token: str) -> Ask:
    """Send to a conversation."""
    return Ask("POST", f"/api/v1/conversations/{conversation_id}/messages/", token)


def load(url: str, asks: Sequence[Ask], connections: int, seconds: float) -> Figures:
    """Ask for so long, over and over. Raises: Refused on anything but success."""
    with tempfile.TemporaryDirectory() as directory:
        table, script = Path(directory, "requests"), Path(directory, "ask.lua")
        table.write_text("\n".join(f"{ask.method} {ask.path} {ask.token}" for ask in asks))
        script.write_text(SCRIPT % table)
        options = [f"-c{connections}", f"-d{seconds:.0f}", "--timeout", "10s", "--latency", "-s", str(script)]
        run = subprocess.run(["wrk", "-t1", *options, url], capture_output=True, text=True, timeout=seconds + 60)
    return read(run.stdout + run.stderr)


def read(output: str) -> Figures:
    """Read wrk's report. Raises: Refused."""
    wrong = re.search(r"Non-2xx.*|Socket errors.*", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    if wrong or not rate or not count:
        raise Refused(wrong[0] if wrong else output)
    return Figures(
        count=int(count[1]), rate=float(rate[1]), p50=_milliseconds(output, "50%"), p99=_milliseconds(output, "99%")
    )


def _milliseconds(output: str, share: str) -> float:
    number, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s)\b", output)[0]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
