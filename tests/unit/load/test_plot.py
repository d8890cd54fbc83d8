import xml.etree.ElementTree as ET

import pytest

from tests.load import plot

SVG = "{http://www.w3.org/2000/svg}"


def test_every_line_is_drawn_through_its_points_and_named() -> None:
    lines = {"ours & theirs": [(1, 2.0), (8, 1.0), (128, 0.5)], "bare": [(1, 1.0), (128, 0.25)]}

    root = ET.fromstring(plot.chart("Cost", "in flight", "CPU-ms", lines))

    drawn = [line.attrib["points"].split() for line in root.iter(f"{SVG}polyline")]
    assert [len(points) for points in drawn] == [3, 2]
    assert {"ours & theirs", "bare", "1", "8", "128"} <= {text.text for text in root.iter(f"{SVG}text")}
    heights = [float(point.split(",")[1]) for point in drawn[0]]
    assert heights == sorted(heights)


def test_a_single_point_is_drawn_too() -> None:
    assert "<polyline" in plot.chart("Cost", "in flight", "CPU-ms", {"one": [(8, 1.0)]})


@pytest.mark.parametrize(
    ("lowest", "highest", "marks"),
    [(0.3, 9.0, [0.2, 0.5, 1, 2, 5, 10]), (1.0, 1.0, [1]), (12, 150, [10, 20, 50, 100, 200])],
)
def test_ticks_are_round_and_enclose_all_values(lowest: float, highest: float, marks: list[float]) -> None:
    assert plot.ticks(lowest, highest) == pytest.approx(marks)
