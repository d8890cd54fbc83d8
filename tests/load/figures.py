"""What a run showed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


class Refused(Exception):
    """The system under load answered something else than success: no figure of such a run means anything."""


@dataclass(frozen=True)
class Figures:
    """Messages a second, milliseconds until delivery (or the answer), and CPU milliseconds per message by process."""

    messages: int
    rate: float
    p50: float
    p99: float
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def path_cpu(self) -> float:
        """What counts against the yardstick: the gateway and the service behind it, its relay included."""
        return self.cpu["gateway"] + self.cpu["conversations"]


def middle(runs: Sequence[Figures]) -> Figures:
    """The median of each figure."""
    return Figures(
        messages=round(median(run.messages for run in runs)),
        rate=median(run.rate for run in runs),
        p50=median(run.p50 for run in runs),
        p99=median(run.p99 for run in runs),
        cpu={name: median(run.cpu[name] for run in runs) for name in runs[0].cpu},
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which the share lies; NaN of nothing."""
    if not values:
        return float("nan")
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
