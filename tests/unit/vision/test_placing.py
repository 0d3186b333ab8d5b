import pytest

from app.domain.vision.models import Box
from app.domain.vision.placing import depth_of, distance_m, overlap, side_of
from app.domain.vision.view import look
from tests.unit.vision.scenes import evidence

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("label", "box", "depth"),
    [
        ("person", (0.4, 0.1, 0.6, 0.9), "near"),
        ("person", (0.4, 0.4, 0.5, 0.7), "middle"),
        ("person", (0.4, 0.5, 0.43, 0.6), "far"),
        ("car", (0.1, 0.3, 0.9, 0.9), "near"),
        ("car", (0.4, 0.5, 0.6, 0.65), "middle"),
        ("car", (0.4, 0.5, 0.45, 0.54), "far"),
        ("cup", (0.4, 0.5, 0.6, 0.75), "near"),
        ("cup", (0.4, 0.5, 0.42, 0.52), "far"),
        ("bird", (0.0, 0.0, 1.0, 1.0), "near"),
    ],
)
def test_nearness_is_judged_on_the_scale_of_the_thing(
    label: str, box: tuple[float, float, float, float], depth: str
) -> None:
    (seen,) = look(evidence((label, 0.9, *box))).sightings
    assert seen.depth == depth


def test_the_same_person_is_as_far_in_an_upright_photo() -> None:
    lying = distance_m("person", Box(0.4, 0.2, 0.6, 0.8), 640, 480)
    upright = distance_m("person", Box(0.4, 0.2, 0.6, 0.65), 480, 640)
    assert lying == pytest.approx(upright)


def test_a_part_of_a_thing_does_not_make_it_further_than_its_other_side_tells() -> None:
    whole = distance_m("bus", Box(0.0, 0.3, 1.0, 0.8), 640, 480)
    low_part = distance_m("bus", Box(0.0, 0.7, 1.0, 0.8), 640, 480)
    assert low_part <= whole * 2


def test_what_reaches_below_the_photo_stands_close() -> None:
    (seen,) = look(evidence(("truck", 0.9, 0.4, 0.8, 0.6, 1.0))).sightings
    assert seen.distance_m <= 8


@pytest.mark.parametrize(
    ("box", "side"),
    [
        ((0.0, 0, 0.2, 1), "left"),
        ((0.4, 0, 0.6, 1), "ahead"),
        ((0.8, 0, 1.0, 1), "right"),
        ((0.1, 0, 0.95, 1), "ahead"),
    ],
)
def test_sides(box: tuple[float, float, float, float], side: str) -> None:
    assert side_of(Box(*box)) == side


def test_a_box_without_area_overlaps_nothing_and_is_far_away() -> None:
    assert overlap(Box(0.5, 0.5, 0.5, 0.5), Box(0, 0, 1, 1)) == 0
    assert depth_of("cup", Box(0.5, 0.5, 0.5, 0.5), distance_m("cup", Box(0.5, 0.5, 0.5, 0.5), 640, 480)) == "far"


def test_a_thing_that_was_seen_twice_is_one_thing_and_people_before_people_are_two() -> None:
    twice = evidence(("laptop", 0.8, 0.2, 0.3, 0.6, 0.8), ("laptop", 0.6, 0.3, 0.4, 0.55, 0.7))
    assert len(look(twice).sightings) == 1
    confused = evidence(("truck", 0.5, 0.2, 0.3, 0.6, 0.8), ("car", 0.7, 0.21, 0.3, 0.6, 0.8))
    assert [each.label for each in look(confused).sightings] == ["car"]
    people = evidence(("person", 0.8, 0.2, 0.3, 0.6, 0.8), ("person", 0.6, 0.3, 0.4, 0.55, 0.7))
    assert len(look(people).sightings) == 2


def test_what_a_screen_shows_is_a_picture_and_what_stands_before_it_is_not() -> None:
    view = look(
        evidence(
            ("tvmonitor", 0.9, 0.1, 0.1, 0.9, 0.8),
            ("dog", 0.8, 0.3, 0.3, 0.5, 0.6),
            ("person", 0.8, 0.6, 0.3, 0.8, 1.0),
            ("cup", 0.8, 0.2, 0.7, 0.25, 0.79),
        )
    )
    assert [each.label for each in view.shown] == ["dog"]
    assert {each.label for each in view.sightings} == {"tvmonitor", "person", "cup"}
