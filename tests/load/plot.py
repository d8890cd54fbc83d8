"""A line chart as SVG, both axes logarithmic: what halves falls by the same length wherever it is."""

import math
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 820, 440, 64, 240, 56, 56
COLOURS = ("#1f5fa8", "#b3541e", "#2e7d4f", "#7a3e8f", "#555555", "#a88b1f")

Points = Sequence[tuple[float, float]]


def chart(title: str, x_name: str, y_name: str, lines: Mapping[str, Points]) -> str:
    """Draw each named line through its points, which lie above zero."""
    xs = sorted({x for points in lines.values() for x, _ in points})
    heights = [y for points in lines.values() for _, y in points]
    marks = ticks(min(heights), max(heights))
    across = _scale(xs[0], xs[-1], LEFT, WIDTH - RIGHT)
    up = _scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    parts = [_text(LEFT, 24, title, 'font-size="15"'), _text(LEFT, TOP - 12, y_name)]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_name, 'text-anchor="middle"'))
    for mark in marks:
        parts.append(f'<path d="M{LEFT} {up(mark):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, up(mark) + 4, f"{mark:g}", 'text-anchor="end"'))
    parts += [_text(across(x), HEIGHT - BOTTOM + 20, f"{x:g}", 'text-anchor="middle"') for x in xs]
    for number, (name, points) in enumerate(lines.items()):
        colour, places = COLOURS[number % len(COLOURS)], [(across(x), up(y)) for x, y in sorted(points)]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(WIDTH - RIGHT + 14, TOP + 14 + 20 * number, name, f'fill="{colour}"'))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    return "\n".join([f'{head} font-size="12">', '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"])


def ticks(lowest: float, highest: float) -> list[float]:
    """1, 2, 5, 10, 20 … from the last that is not above the lowest to the first that is not below the highest."""
    first, last = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
    steps = [step * 10.0**power for power in range(first, last + 1) for step in (1, 2, 5)]
    begin = max(step for step in steps if step <= lowest)
    end = min(step for step in steps if step >= highest)
    return [step for step in steps if begin <= step <= end]


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    def place(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if high > low else 0.5
        return begin + share * (end - begin)

    return place


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
