"""Places at which a process ends itself as `kill -9` would, to rehearse a crash at the worst moment.

At most one is armed, by FAILPOINT: `after_commit:0.05` at one visit in twenty, `after_commit:7` at the seventh,
`after_commit@Messages.SendMessages:7` at the seventh by this call. Unarmed, a place costs one comparison.
"""

import os
import random
import signal
import threading
from dataclasses import dataclass, field

import structlog

from chassis import call

log = structlog.get_logger(__name__)

POINTS = (
    *("before_begin", "before_commit", "after_commit", "before_publish", "after_publish"),
    # In the gateway.
    *("before_answer", "before_resumed", "while_draining"),
)
PATTERN = rf"^(({'|'.join(POINTS)})(@[\w.]+)?:(0\.\d+|[1-9]\d*))?$"
# The call in which consumers handle what was delivered, for the part behind the @.
CONSUMER = "consumer"


@dataclass(slots=True)
class Failpoint:
    """One armed place; an empty `method` means whichever call comes by."""

    point: str
    method: str
    probability: float
    nth: int
    visits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, text: str) -> "Failpoint":
        """Read what PATTERN admits, except nothing."""
        place, _, when = text.rpartition(":")
        point, _, method = place.partition("@")
        is_share = "." in when
        return cls(point, method, float(when) if is_share else 0.0, 0 if is_share else int(when))

    def is_due(self, point: str, method: str) -> bool:
        """Count a visit and tell whether it is the one."""
        if point != self.point or (self.method and method != self.method):
            return False
        with self._lock:
            self.visits += 1
            return self.visits == self.nth or random.random() < self.probability  # noqa: S311 - chance, no secret


_armed: Failpoint | None = None


def arm(text: str) -> None:
    """Arm a place for the rest of the process's life, or none; the text matches PATTERN."""
    global _armed  # noqa: PLW0603 - as a signal handler is the process's, so is this
    _armed = Failpoint.read(text) if text else None


def reached(point: str) -> None:
    """Say that execution is here; does not return when the armed place is due."""
    if _armed is not None and _armed.is_due(point, call.current().method):
        log.critical("failpoint_reached", point=point)
        os.kill(os.getpid(), signal.SIGKILL)
