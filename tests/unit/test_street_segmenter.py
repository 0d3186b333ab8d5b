"""What a segmented street says about the ground."""

import numpy as np
import pytest

from app.domain.vision.models import Box, DetectedObject
from app.infrastructure.vision.street_segmenter import CLASSES, ground_of, may_be_a_street

pytestmark = pytest.mark.unit
ROAD, SIDEWALK, BUILDING, SKY = (CLASSES.index(name) for name in ("road", "sidewalk", "building", "sky"))


def street(*, above: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    labels = np.full((100, 100), above)
    labels[60:] = SIDEWALK
    labels[60:, 30:60] = ROAD
    return labels


def test_the_ground_is_the_lower_middle() -> None:
    assert ground_of(street(above=SKY)) == {"road": 0.75, "sidewalk": 0.25}


def test_without_open_air_nothing_is_said_about_the_ground() -> None:
    assert ground_of(street(above=BUILDING)) is None


def test_there_are_nineteen_classes() -> None:
    assert len(set(CLASSES)) == 19


@pytest.mark.parametrize(
    ("label", "street"), [("car", True), ("person", True), ("sofa", False), ("refrigerator", False)]
)
def test_things_of_rooms_rule_a_street_out(label: str, street: bool) -> None:
    assert may_be_a_street([DetectedObject(label, 0.9, Box(0, 0, 1, 1))]) is street
