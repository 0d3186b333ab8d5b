"""Which found lines are read, which readings count, and their order."""

import numpy as np
import pytest

from app.domain.vision.models import Box
from app.infrastructure.vision.text_lines import (
    MAX_CHARACTERS,
    MAX_LINES,
    Corners,
    Directions,
    box_around,
    directions_of,
    readable,
    reading_order,
    upright_turn,
    worth_reading,
)

pytestmark = pytest.mark.unit
SOMEWHERE = Box(0.1, 0.1, 0.2, 0.2)


def line(width: float, height: float) -> list[list[float]]:
    return [[0, 0], [width, 0], [width, height], [0, height]]


def test_the_tallest_lines_are_read_if_there_are_too_many() -> None:
    corners = np.array([line(100, 10 + each) for each in range(MAX_LINES + 5)], np.float32)
    assert sorted(worth_reading(corners)) == list(range(5, MAX_LINES + 5))


def test_lines_far_longer_than_text_are_not_read() -> None:
    corners = np.array([line(810, 10), line(30, 10), line(20, 10)], np.float32)
    assert worth_reading(corners) == [2, 1]


def test_only_the_tallest_of_many_long_lines_are_read() -> None:
    heights = (10, 20, 11, 19, 12, 18, 13, 17, 14, 16, 15)
    corners = np.array([line(70 * height, height) for height in heights], np.float32)
    assert sorted(heights[each] for each in worth_reading(corners)) == [15, 16, 17, 18, 19, 20]


def test_lines_that_run_upwards_are_judged_by_their_width() -> None:
    assert worth_reading(np.array([line(10, 300), line(10, 810)], np.float32)) == [0]


def test_nothing_found_is_nothing_to_read() -> None:
    assert worth_reading(np.zeros((0, 4, 2), np.float32)) == []


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("STOP", 0.8, "STOP"),
        ("STOP", 0.79, None),
        ("8", 0.95, "8"),
        ("8", 0.94, None),
        ("«·»", 1.0, None),
        (" wet\x00\u202e\n floor ", 0.9, "wet floor"),
        ("x" * 500, 0.9, "x" * MAX_CHARACTERS),
    ],
)
def test_readings_that_count(text: str, confidence: float, kept: str | None) -> None:
    found = readable(text, confidence, SOMEWHERE)
    assert (found.text if found else None) == kept


def test_a_tilted_line_has_an_upright_box_within_the_photo() -> None:
    corners = np.array([[-4, 10], [100, 20], [98, 40], [-6, 30]], np.float32)
    assert box_around(corners, 200, 100) == Box(0.0, 0.1, 0.5, 0.4)


def placed(left: float, top: float, angle_rad: float = 0.0) -> list[list[float]]:
    """A line of 60 x 20 pixels, the whole page turned by an angle."""
    page = np.add(line(60, 20), [left, top])
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned: list[list[float]] = (page @ np.array([[cos, sin], [-sin, cos]])).tolist()
    return turned


def level(corners: Corners) -> Directions:
    return directions_of(corners, [False] * len(corners))


@pytest.mark.parametrize("angle_rad", [0.0, 0.3, -0.3])
def test_rows_go_from_top_to_bottom_and_from_left_to_right_also_on_a_tilted_page(angle_rad: float) -> None:
    places = [(400, 52), (300, 0), (0, 50), (10, 8), (0, 100)]
    corners = np.array([placed(left, top, angle_rad) for left, top in places], np.float32)
    assert reading_order(corners, level(corners)) == [3, 1, 2, 0, 4]


def test_lines_that_run_upwards_do_not_tilt_the_page() -> None:
    upwards = [[500, 300], [500, 200], [520, 200], [520, 300]]
    corners = np.array([placed(0, 0), placed(300, 5), upwards], np.float32)
    assert reading_order(corners, level(corners)) == [0, 1, 2]


@pytest.mark.parametrize("askew_rad", [0.0, 0.2, -0.2])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_that_lies_the_wrong_way_round_is_read_from_its_own_top(quarters: int, askew_rad: float) -> None:
    places = [(400, 52), (300, 0), (0, 50), (10, 8), (0, 100)]
    corners = np.array([placed(*place, quarters * np.pi / 2 + askew_rad) for place in places], np.float32)
    assert reading_order(corners, level(corners)) == [3, 1, 2, 0, 4]


def test_few_lines_on_their_heads_do_not_turn_the_page() -> None:
    corners = np.array([placed(0, 0), placed(0, 50), placed(0, 100)], np.float32)
    assert reading_order(corners, directions_of(corners, [False, True, False])) == [0, 1, 2]


def test_which_way_lines_are_read() -> None:
    standing = [[0, 0], [20, 0], [20, 60], [0, 60]]
    corners = np.array([line(60, 20), line(60, 20), standing, standing], np.float32)
    directions = directions_of(corners, [False, True, False, True])
    assert directions.tolist() == [[60, 0], [-60, 0], [0, 60], [0, -60]]
    assert [upright_turn("wet floor", each) for each in directions] == [0, 2, 3, 1]


@pytest.mark.parametrize(
    ("text", "angle_rad"), [("101", 0.0), ("S.O.S!", np.pi), ("wet floor", 0.7), ("wet floor", -2.4)]
)
def test_lines_that_do_not_tell_which_way_up_they_are(text: str, angle_rad: float) -> None:
    assert upright_turn(text, np.array([np.cos(angle_rad), np.sin(angle_rad)], np.float32)) is None
