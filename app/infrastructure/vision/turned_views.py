"""Which way up a photo is that does not tell it, judged by what the networks see in it.

Detectors and readers know the world upright: on its head, most of what is there is not found, and little else is. A photo is
turned only if another view tells far more: upright photos with a sign that hangs on its head, or a page that lies the wrong
way round, must stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from app.domain.vision.models import Box, DetectedObject, Pixels
from app.domain.vision.view import SURE

QuarterTurns: TypeAlias = int
"""How far a photo is turned to be upright: 0 to 3 quarters, clockwise."""

Objects: TypeAlias = tuple[DetectedObject, ...]

TURNS: Sequence[QuarterTurns] = (2, 1, 3)
"""Besides none; on its head first: some glasses' firmware stores photos so, without saying it."""

TWO_THINGS = 2 * SURE
"""The least that can turn a photo, two sure things: a single one, however sure, may itself hang or lie the wrong way round.
Photos that show as much as they are, are not looked at from other sides."""

TIMES_MORE = 2.0
"""The other view must bear out this many times what the photo shows as it is: detectors find some things, such as faces and
wheels, in all views."""

CHANCE_FIND = 0.6
"""Confidence that a find in a wrong view reaches at times: less than this more or less says nothing about which way is up."""

VOTING_LINES = 3
"""Lines of text that agree, at least, before they turn a photo: fewer may be on a sign, a mug or a shirt."""

AGREEING = 0.75
"""Share of the lines that agree, at least: the network that tells whether a line stands on its head errs on small ones."""


def weight_of(objects: Iterable[DetectedObject]) -> float:
    """Confidence of the sure things together."""
    return sum(each.confidence for each in objects if each.confidence >= SURE)


def look_around(pixels: Pixels, detect: Callable[[Pixels], Objects]) -> Mapping[QuarterTurns, Objects]:
    """What is found in a photo as it is and, if that is little, from the other sides."""
    views = {0: detect(pixels)}
    if weight_of(views[0]) < TWO_THINGS:
        views |= {turn: detect(turned(pixels, turn)) for turn in TURNS}
    return views


def turn_by_objects(views: Mapping[QuarterTurns, Objects]) -> QuarterTurns:
    """The turn that shows far more things than the photo as it is; 0 if none does."""
    weights = {turn: weight_of(objects) for turn, objects in views.items()}
    best = max(weights, key=lambda turn: weights[turn])
    return best if weights[best] >= max(TWO_THINGS, TIMES_MORE * weights[0]) else 0


def turn_by_text(views: Mapping[QuarterTurns, Objects], votes: Sequence[QuarterTurns]) -> QuarterTurns:
    """The turn that sets most lines of text upright, unless things are seen that it would lose.

    Args:
        views: of ``look_around``; a photo that was not looked at from other sides stays as it is.
        votes: for each line that was read, what would set it upright.
    """
    counts = np.bincount(votes, minlength=4) if votes else np.zeros(4, int)
    best = int(np.argmax(counts))
    clear = counts[best] >= max(VOTING_LINES, AGREEING * len(votes))
    if not clear or best not in views or weight_of(views[0]) - weight_of(views[best]) > CHANCE_FIND:
        return 0
    return best


def turned(pixels: Pixels, turn: QuarterTurns) -> Pixels:
    """The photo, turned clockwise."""
    return np.ascontiguousarray(np.rot90(pixels, -turn)) if turn else pixels


def as_sent(objects: Iterable[DetectedObject], turn: QuarterTurns) -> Objects:
    """Things found in the turned photo, with their boxes in the photo as it was sent."""
    return tuple(replace(each, box=_turned_back(each.box, turn)) for each in objects)


def _turned_back(box: Box, turn: QuarterTurns) -> Box:
    for _ in range(turn):  # a quarter anticlockwise: what is right comes to the top
        box = Box(box.top, 1 - box.right, box.bottom, 1 - box.left)
    return box
