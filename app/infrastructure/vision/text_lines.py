"""Which of the lines found in a photo are read, which readings count, and in what order they are told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.vision.models import Box, TextLine

MAX_LINES = 60
"""Lines that are read in a photo, the tallest first: more than a page that can be read from a wearer's distance."""

MAX_ASPECT = 80.0
"""Width over height of the longest line: a broad page has about a hundred letters in a line, half as wide as high. What
is longer is an edge, or meant to cost time."""

MAX_TOTAL_ASPECT = 420.0
"""Of all lines that are read: time grows with it, to about four seconds of one core; enough for ``MAX_LINES`` short
ones, as on signs, or a dozen lines of a page."""

SHORTEST_ASPECT = 20 / 3
"""Shorter lines cost the same: the reader's smallest input is 320 x 48 pixels."""

MAX_CHARACTERS = 120
"""Characters that are kept of a line."""

MIN_CONFIDENCE = 0.8
"""The reader's confidence is the mean probability of a line's characters; below this, more than one in five would be
wrong, which few words survive."""

MIN_CONFIDENCE_ALONE = 0.95
"""For a single character: no neighbour bears it out, and edges and corners look like letters."""

SAME_ROW = 0.5
"""Lines share a row if their middles are less than this part of the lower one's height apart."""

STANDING_ASPECT = 1.5
"""Height over width from which RapidOCR takes a found line for one that runs upwards or downwards."""

TELLING_LETTERS = 4
"""Letters and digits of a line that tells which way up it is: shorter ones read alike on their heads, such as 101, NO or SOS."""

TELLING_ANGLE_RAD = np.pi / 6
"""How far such a line may be from level or upright: between the two it tells nothing."""

Directions = NDArray[np.float32]
"""Which way lines are read, as vectors in the picture; shape ``(n, 2)``."""

Corners = NDArray[np.float32]
"""Of found lines, clockwise from the upper left, in pixels; shape ``(n, 4, 2)``."""


def worth_reading(corners: Corners) -> list[int]:
    """Indices of the tallest lines, at most ``MAX_LINES``, in order of their aspect: like lines are read together."""
    heights, aspects = _heights_and_aspects(corners)
    able = np.flatnonzero((heights > 0) & (aspects <= MAX_ASPECT))
    tallest = able[np.argsort(-heights[able], kind="stable")][:MAX_LINES]
    tallest = tallest[np.cumsum(np.maximum(aspects[tallest], SHORTEST_ASPECT)) <= MAX_TOTAL_ASPECT]
    order: list[int] = tallest[np.argsort(aspects[tallest], kind="stable")].tolist()
    return order


def _heights_and_aspects(corners: Corners) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lines that run upwards are as high as they are wide in the photo."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    across, down = np.maximum(sides[:, 0], sides[:, 2]), np.maximum(sides[:, 1], sides[:, 3])
    heights = np.minimum(across, down)
    return heights, np.maximum(across, down) / np.maximum(heights, np.float32(1e-3))


def readable(text: str, confidence: float, box: Box) -> TextLine | None:
    """A reading that counts, without control characters and with its length bounded; None if it does not count."""
    kept = " ".join("".join(each if each.isprintable() else " " for each in text).split())[:MAX_CHARACTERS]
    letters = sum(each.isalnum() for each in kept)
    if letters == 0 or confidence < (MIN_CONFIDENCE_ALONE if letters == 1 else MIN_CONFIDENCE):
        return None
    return TextLine(kept, min(1.0, confidence), box)


def box_around(corners: NDArray[np.float32], width: int, height: int) -> Box:
    """The upright box around one line's corners, as fractions of a picture of that size."""
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(_clipped(left / width), _clipped(top / height), _clipped(right / width), _clipped(bottom / height))


def directions_of(corners: Corners, flipped: Sequence[bool]) -> Directions:
    """Which way lines are read.

    Args:
        corners: of the lines.
        flipped: for each, whether it was turned on its head before it could be read.
    """
    across, down = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    standing = np.linalg.norm(down, axis=1) >= STANDING_ASPECT * np.linalg.norm(across, axis=1)
    directions: Directions = np.where(standing[:, None], down, across)
    return np.where(np.array(flipped, bool)[:, None], -directions, directions)


def upright_turn(text: str, direction: Directions) -> int | None:
    """Quarters clockwise by which a picture must be turned so that the line is level; None if the line does not tell."""
    quarters = float(np.arctan2(direction[1], direction[0])) / (np.pi / 2)
    if sum(each.isalnum() for each in text) < TELLING_LETTERS:
        return None
    return -round(quarters) % 4 if abs(quarters - round(quarters)) * np.pi / 2 <= TELLING_ANGLE_RAD else None


def reading_order(corners: Corners, directions: Directions) -> list[int]:
    """Indices of the lines: rows from top to bottom, from left to right in each. Columns are not told apart.

    Glasses sit askew, and pages lie the wrong way round: rows are as tilted as most lines are.
    """
    heights, _ = _heights_and_aspects(corners)
    middles = corners.mean(axis=1) @ _upright(directions)
    rows: list[list[int]] = []
    for each in np.argsort(middles[:, 1], kind="stable").tolist():
        first = rows[-1][0] if rows else each
        if rows and middles[each, 1] - middles[first, 1] < SAME_ROW * min(heights[each], heights[first]):
            rows[-1].append(each)
        else:
            rows.append([each])
    return [each for row in rows for each in sorted(row, key=lambda line: float(middles[line, 0]))]


def _upright(directions: Directions) -> NDArray[np.float32]:
    """The rotation that makes the lines level: by the median angle of those that are read in the commonest of four directions."""
    angles = np.arctan2(directions[:, 1], directions[:, 0])
    quarters = np.round(angles / (np.pi / 2)).astype(int) % 4
    commonest = int(np.bincount(quarters, minlength=4).argmax())
    askew = np.angle(np.exp(1j * (angles[quarters == commonest] - commonest * np.pi / 2)))
    angle = commonest * np.pi / 2 + (float(np.median(askew)) if askew.size else 0.0)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)


def _clipped(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
