"""What detectors have in common: fitting a photo into their input, and choosing among overlapping boxes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.vision.coco import COCO_LABELS
from app.domain.vision.models import Box, DetectedObject, Pixels

INPUT_PX = 416
"""Side of the square that both detectors take."""

STRIDES = (8, 16, 32)
"""Pixels from cell to cell in their feature maps."""

PADDING = 114
"""Grey that fills the rest of the square: what both were trained with."""

SAME_OBJECT_IOU = 0.5
"""Boxes of one class that overlap more are one object: COCO's own measure of a match."""

SAME_PLACE_IOU = 0.8
"""Boxes of two classes that overlap more are one object under two names, such as car and truck: different things that
stand in one another's way rarely share four fifths of their outline."""

MAX_OBJECTS = 100
"""COCO's evaluation counts no more in a photo."""

THRESHOLD = 0.4
"""Lowest score that counts. Both networks learn as score the overlap with the true box if there is one, else 0, and boxes
that are right overlap by about 0.8: from 0.4 on, a box is more likely right than wrong."""

Floats = NDArray[np.float32]


class ObjectDetector(Protocol):
    """Finds things of COCO's 80 classes; not safe to use from two threads at once."""

    model_id: str
    weights_bytes: int

    def detect(self, pixels: Pixels) -> tuple[DetectedObject, ...]:
        """Find objects. Blocking.

        Args:
            pixels: uint8, height x width x 3, RGB.

        Returns:
            By confidence, best first; at most ``MAX_OBJECTS``.
        """
        ...


@dataclass(frozen=True, eq=False)
class Candidates:
    """Boxes that a network proposes.

    Cells of the feature maps follow one another stride by stride, row by row.

    Attributes:
        boxes: left, top, right, bottom in pixels of the network's input; shape ``(cells, 4)``.
        scores: of each class, 0 to 1; shape ``(cells, 80)``.
    """

    boxes: Floats
    scores: Floats


def find_objects(pixels: Pixels, propose: Callable[[Pixels], Candidates]) -> tuple[DetectedObject, ...]:
    """Look at a photo as it is and mirrored, and keep what both sights bear out: chance finds rarely survive it.

    Args:
        pixels: uint8, height x width x 3, RGB.
        propose: runs the network on a square of ``letterbox``.
    """
    square, scale = letterbox(pixels)
    straight, mirrored = propose(square), mirror(propose(square[:, ::-1]))
    half = np.float32(0.5)
    both = Candidates((straight.boxes + mirrored.boxes) * half, (straight.scores + mirrored.scores) * half)
    height, width = pixels.shape[:2]
    return choose(both, THRESHOLD, scale, width, height)


def letterbox(pixels: Pixels) -> tuple[Pixels, float]:
    """Fit a photo into the upper left of the square, keeping its shape.

    Returns:
        uint8, ``INPUT_PX`` x ``INPUT_PX`` x 3, in the photo's order of colours; and the factor from the photo's
        pixels to the square's.
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = INPUT_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Bilinear, as in training, skips pixels when it shrinks by more than half: then averages are taken.
    method = cv2.INTER_AREA if scale < 1 / 2 else cv2.INTER_LINEAR
    square = np.full((INPUT_PX, INPUT_PX, 3), PADDING, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=method)
    return square, scale


def mirror(candidates: Candidates) -> Candidates:
    """The candidates of a mirrored square as they would be in the square itself, cell by cell."""
    order = _mirrored_cells()
    left, top, right, bottom = candidates.boxes[order].T
    return Candidates(np.stack([INPUT_PX - right, top, INPUT_PX - left, bottom], axis=1), candidates.scores[order])


@lru_cache(maxsize=1)
def _mirrored_cells() -> NDArray[np.intp]:
    """For each cell, where its mirror image is."""
    first, order = 0, []
    for stride in STRIDES:
        side = INPUT_PX // stride
        order.append(np.arange(first, first + side * side).reshape(side, side)[:, ::-1].ravel())
        first += side * side
    return np.concatenate(order)


def choose(
    candidates: Candidates, threshold: float, scale: float, width: int, height: int
) -> tuple[DetectedObject, ...]:
    """Choose the objects among a network's candidates.

    Args:
        candidates: what it proposes.
        threshold: lowest score that counts.
        scale: of ``letterbox``.
        width: of the photo, in pixels.
        height: the same.
    """
    rows, classes = np.nonzero(candidates.scores >= threshold)
    scores = candidates.scores[rows, classes]
    order = np.argsort(-scores, kind="stable")
    rows, classes, scores = rows[order], classes[order], scores[order]
    limits = np.array([width, height, width, height], np.float32)
    boxes = np.clip(candidates.boxes[rows] / scale, 0, limits)
    kept = suppress(boxes, classes)[:MAX_OBJECTS]
    return tuple(
        DetectedObject(COCO_LABELS[classes[each]], min(1.0, float(scores[each])), _fractions(boxes[each], limits))
        for each in kept
    )


def suppress(boxes: Floats, classes: NDArray[np.intp]) -> list[int]:
    """Greedy non-maximum suppression, strict between boxes of one class and lenient between classes.

    Args:
        boxes: left, top, right, bottom, best first; shape ``(n, 4)``.
        classes: of each.

    Returns:
        Indices of the boxes that stay, best first.
    """
    kept: list[int] = []
    rest = np.arange(len(boxes))
    while len(rest):
        best, rest = int(rest[0]), rest[1:]
        kept.append(best)
        limit = np.where(classes[rest] == classes[best], SAME_OBJECT_IOU, SAME_PLACE_IOU)
        rest = rest[overlap(boxes[best], boxes[rest]) <= limit]
    return kept


def overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box with each of the others; 0 for boxes without area."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    union = float(np.prod(box[2:] - box[:2])) + areas - shared
    result: Floats = shared / np.maximum(union, np.float32(1e-9))
    return result


def grid(stride: int) -> Floats:
    """Column and row of each of a feature map's cells, row by row; shape ``(cells, 2)``."""
    cells = np.arange(INPUT_PX // stride, dtype=np.float32)
    rows, columns = np.meshgrid(cells, cells, indexing="ij")
    return np.stack([columns.ravel(), rows.ravel()], axis=1)


def _fractions(box: Floats, limits: Floats) -> Box:
    left, top, right, bottom = (box / limits).tolist()
    return Box(left, top, right, bottom)
