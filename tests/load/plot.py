"""A line chart as SVG: x logarithmic, y from zero."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 440, 64, 190, 48, 56
COLOURS = ("#1f5fa8", "#b3541e", "#2e7d4f", "#7a3e8f", "#555555", "#a88b1f")

Points = Sequence[tuple[float, float]]


def chart(title: str, x_name: str, y_name: str, lines: Mapping[str, Points]) -> str:
    """Draw each named line through its points, whose x are above zero."""
    xs = sorted({x for points in lines.values() for x, _ in points})
    step = tick(max(y for points in lines.values() for _, y in points))
    top = step * max(1, math.ceil(max(y for points in lines.values() for _, y in points) / step - 1e-9))
    low, high = math.log(xs[0]), math.log(xs[-1])

    def across(x: float) -> float:
        share = (math.log(x) - low) / (high - low) if high > low else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 24, title, 'font-size="15"')]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_name, 'text-anchor="middle"'))
    parts.append(_text(LEFT, TOP - 8, y_name))
    for number in range(round(top / step) + 1):
        y = up(number * step)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{number * step:g}", 'text-anchor="end"'))
    parts += [_text(across(x), HEIGHT - BOTTOM + 20, f"{x:g}", 'text-anchor="middle"') for x in xs]
    for number, (name, points) in enumerate(lines.items()):
        colour, places = COLOURS[number % len(COLOURS)], [(across(x), up(y)) for x, y in sorted(points)]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(WIDTH - RIGHT + 14, TOP + 14 + 20 * number, name, f'fill="{colour}"'))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    return "\n".join([f'{head} font-size="12">', '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"])


def tick(highest: float) -> float:
    """A round step of which four to ten reach the highest value."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (2.0, 1.0, 0.5, 0.2) if highest / (step * power) >= 4)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
