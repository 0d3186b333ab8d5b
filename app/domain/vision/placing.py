"""Where things are, judged from a single photo: left or right, near or far.

There is no depth model. Nearness comes from how big a box is for a thing of its class, under an assumption about the camera; it
is good enough for "near" and "far", and never told in metres.
"""

from math import inf

from app.domain.vision.models import Box
from app.domain.vision.things import SIZES

FOCAL_LENGTH = 0.785
"""In units of the photo's longer side: a field of view of 65 degrees, as a 28 mm lens has, common in phones. Glasses with a wider
lens make things look up to twice as far as they are; a zoomed photo makes them look nearer."""

FILLS_VIEW_HEIGHT = 0.8
FILLS_VIEW_AREA = 0.4
"""A box as high or as large as this is near whatever its class: its thing could not be framed from afar without a zoom."""

STANDS_WITHIN_M = 8.0
"""How far the ground at the photo's lower edge may be: 1.6 m of eye height, seen about 11 degrees below the horizon (half of a
landscape photo's vertical field of view, less 14 degrees for a head held up)."""

_LEFT_THIRD, _RIGHT_THIRD = 1 / 3, 2 / 3
_NEAR_M = {"small": 1.2, "middle": 2.5, "large": 6.0}
"""What can be reached with an arm and a step; with two or three steps; what a moving vehicle covers in about a second in a town."""
_FAR_M = {"small": 4.0, "middle": 9.0, "large": 25.0}
"""About four times as far: room to notice and to turn away."""


def distance_m(label: str, box: Box, width: int, height: int) -> float:
    """About how far a thing is, at most: a box shows no more than the whole thing, so that both of its sides give an upper bound.

    Args:
        label: a COCO label.
        box: as fractions of the photo.
        width: of the photo in pixels, at least 1.
        height: the same.
    """
    size = SIZES[label]
    longer = max(width, height)
    tall, wide = box.height * height / longer, box.width * width / longer
    bounds = [size.height_m * FOCAL_LENGTH / tall if tall > 0 else inf]
    bounds.append(size.width_m * FOCAL_LENGTH / wide if wide > 0 else inf)
    return min(bounds)


def side_of(box: Box) -> str:
    """``left``, ``right``, or ``ahead`` for what is in the middle third or reaches across it."""
    if box.left < _LEFT_THIRD and box.right > _RIGHT_THIRD:
        return "ahead"
    if box.center_x < _LEFT_THIRD:
        return "left"
    return "right" if box.center_x > _RIGHT_THIRD else "ahead"


def depth_of(label: str, box: Box, distance: float) -> str:
    """``near``, ``middle`` or ``far``, on the scale of things of its class: what is near for a bus is far for a cup."""
    if box.height >= FILLS_VIEW_HEIGHT or box.area >= FILLS_VIEW_AREA:
        return "near"
    longest = max(SIZES[label])
    scale = "small" if longest < 0.5 else "middle" if longest < 2.5 else "large"
    if distance <= _NEAR_M[scale]:
        return "near"
    return "far" if distance >= _FAR_M[scale] else "middle"


def overlap(box: Box, other: Box) -> float:
    """Share of ``box`` that lies inside of ``other``, 0 to 1; 0 for a box without area."""
    wide = min(box.right, other.right) - max(box.left, other.left)
    tall = min(box.bottom, other.bottom) - max(box.top, other.top)
    return wide * tall / box.area if wide > 0 and tall > 0 and box.area > 0 else 0.0
