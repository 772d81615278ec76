"""Curves of growing cost: every point has its rounds, and the plot shows them all."""

from xml.etree import ElementTree

import pytest
from benchmarks.growth import queue_times
from benchmarks.plot import Panel, Point, svg_of

SVG = "{http://www.w3.org/2000/svg}"


def test_taking_a_job_is_timed_once_a_round_at_every_length():
    times = queue_times((1, 3), 2)
    assert {length: len(taken) for length, taken in times.items()} == {1: 2, 3: 2}
    assert all(seconds > 0 for taken in times.values() for seconds in taken)


@pytest.fixture
def drawn():
    points = [Point(at=at, median=at / 2, low=at / 4, high=at) for at in (1, 10, 1000)]
    panel = Panel(title="Images & more", across="images", upwards="seconds", points=points)
    return ElementTree.fromstring(svg_of([panel, panel, panel]))


def test_every_point_is_drawn_with_its_range_and_name(drawn):
    assert len(drawn.findall(f".//{SVG}circle")) == 9
    words = [one.text for one in drawn.iter(f"{SVG}text")]
    assert words.count("Images & more") == 3
    assert words.count("1,000") >= 3


def test_points_lie_upwards_by_their_logarithm_and_inside_the_panel(drawn):
    panel = drawn.find(f"{SVG}g")
    places = [(float(one.get("cx")), float(one.get("cy"))) for one in panel.iter(f"{SVG}circle")]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert (x2 - x1) / (x1 - x0) == pytest.approx(2, abs=0.02)
    assert (y1 - y2) / (y0 - y1) == pytest.approx(2, abs=0.05)
    assert all(0 < x < 460 and 0 < y < 300 for x, y in places)
