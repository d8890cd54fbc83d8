"""What a run showed, and how it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


class Refused(Exception):
    """The system under load answered something else than success: no figure of such a run means anything."""


@dataclass(frozen=True)
class Figures:
    """What was done how often and how fast: a second, in milliseconds each, and in CPU milliseconds by process."""

    count: int
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
        count=round(median(run.count for run in runs)),
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


def row(name: str, unit: str, figures: Figures) -> str:
    """A line of the table."""
    spent = "  ".join(f"{process} {milliseconds:.3f}" for process, milliseconds in figures.cpu.items())
    times = f"p50 {figures.p50:7.1f}  p99 {figures.p99:7.1f} ms"
    rate = f"{figures.rate:.0f}" if figures.rate >= 100 else f"{figures.rate:.1f}"
    return f"{name:<28}{rate:>8} {unit + '/s':<13}{times}   CPU-ms each: {spent}"


def ratio(product: Figures, yardstick: Figures) -> str:
    """How the product compares where the yardstick has the same path."""
    rate, cpu = product.rate / yardstick.rate, product.path_cpu / yardstick.path_cpu
    return f"{'':28}{rate:.2f} x the yardstick's rate, {cpu:.2f} x its CPU each (gateway + conversations)"
