"""Photos are set upright if what is seen in them says so clearly, and only then."""

from collections.abc import Callable

import numpy as np
import pytest

from app.domain.vision.models import Box, DetectedObject, Pixels
from app.infrastructure.vision.turned_views import (
    Objects,
    as_sent,
    look_around,
    turn_by_objects,
    turn_by_text,
    turned,
)

pytestmark = pytest.mark.unit
SOMEWHERE = Box(0.1, 0.2, 0.4, 0.8)


def found(*confidences: float) -> Objects:
    return tuple(DetectedObject("car", each, SOMEWHERE) for each in confidences)


def seeing(*views: Objects) -> Callable[[Pixels], Objects]:
    """A detector of a photo whose upper left pixel tells how it is turned."""
    return lambda pixels: views[int(pixels[0, 0, 0])]


PHOTO = np.zeros((2, 2, 3), np.uint8)
PHOTO[0, 0], PHOTO[1, 0], PHOTO[1, 1], PHOTO[0, 1] = 0, 1, 2, 3


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_photo_is_turned_if_it_shows_far_more_from_another_side(turn: int) -> None:
    views = [found(), found(), found(), found()]
    views[turn] = found(0.9, 0.6)
    assert turn_by_objects(look_around(PHOTO, seeing(*views))) == turn


@pytest.mark.parametrize(
    ("upright", "on_its_head"),
    [
        (found(0.8, 0.7), found(0.9, 0.9, 0.9, 0.9, 0.9)),
        (found(0.7), found(0.9, 0.4)),
        (found(), found(0.97)),
        (found(), found(0.49, 0.49, 0.49, 0.49)),
        (found(0.9), found(0.8, 0.9)),
        (found(), found()),
    ],
)
def test_else_it_stays(upright: Objects, on_its_head: Objects) -> None:
    assert turn_by_objects(look_around(PHOTO, seeing(upright, found(), on_its_head, found()))) == 0


def test_a_photo_that_shows_enough_is_looked_at_once() -> None:
    assert list(look_around(PHOTO, seeing(found(0.6, 0.5)))) == [0]


@pytest.mark.parametrize(
    ("upright", "on_its_head", "votes", "turn"),
    [
        (found(), found(), [2, 2, 2], 2),
        (found(), found(), [2, 2, 2, 0], 2),
        (found(0.55), found(), [2, 2, 2], 2),
        (found(), found(), [2, 2], 0),
        (found(), found(), [2, 2, 2, 0, 0], 0),
        (found(), found(), [0, 0, 0, 0], 0),
        (found(), found(), [], 0),
        (found(0.9), found(), [2, 2, 2], 0),
        (found(0.6, 0.6), found(), [2, 2, 2, 2], 0),
    ],
)
def test_lines_that_stand_on_their_heads_turn_a_photo_of_hardly_anything_else(
    upright: Objects, on_its_head: Objects, votes: list[int], turn: int
) -> None:
    views = look_around(PHOTO, seeing(upright, found(), on_its_head, found()))
    assert turn_by_text(views, votes) == turn


@pytest.mark.parametrize("turn", range(4))
def test_boxes_are_told_in_the_photo_as_it_was_sent(turn: int) -> None:
    sent = np.zeros((40, 60, 3), np.uint8)
    sent[10:20, 6:24] = 255
    view = turned(sent, turn)
    rows, columns = np.nonzero(view[..., 0])
    height, width = view.shape[:2]
    box = Box(columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
    [thing] = as_sent([DetectedObject("cup", 0.9, box)], turn)
    told = (thing.box.left, thing.box.top, thing.box.right, thing.box.bottom)
    assert told == pytest.approx((0.1, 0.25, 0.4, 0.5))
