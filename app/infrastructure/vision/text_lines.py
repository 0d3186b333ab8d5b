"""Which of the lines found in a photo are read, which readings count, and in what order they are told."""

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


def reading_order(corners: Corners) -> list[int]:
    """Indices of the lines: rows from top to bottom, from left to right in each. Columns are not told apart.

    Glasses sit askew: rows are as tilted as most lines are.
    """
    heights, _ = _heights_and_aspects(corners)
    middles = corners.mean(axis=1) @ _upright(corners)
    rows: list[list[int]] = []
    for each in np.argsort(middles[:, 1], kind="stable").tolist():
        first = rows[-1][0] if rows else each
        if rows and middles[each, 1] - middles[first, 1] < SAME_ROW * min(heights[each], heights[first]):
            rows[-1].append(each)
        else:
            rows.append([each])
    return [each for row in rows for each in sorted(row, key=lambda line: float(middles[line, 0]))]


def _upright(corners: Corners) -> NDArray[np.float32]:
    """The rotation that makes the lines level: by the median angle of those that do not run upwards."""
    tops = corners[:, 1] - corners[:, 0]
    angles = np.arctan2(tops[:, 1], tops[:, 0])
    level = angles[np.abs(angles) < np.pi / 4]
    angle = float(np.median(level)) if level.size else 0.0
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)


def _clipped(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
