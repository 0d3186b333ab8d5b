"""Whether two photos show nearly the same: a perceptual hash over what is large in a photo, and its colours place by place.

The hash is 64 signs of the photo's cosine transform (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"),
without the row and the column of frequency 0: those hold how light falls from side to side, which says least of what is
there. It does not see what is small, or new but of the shape of what it hides; the colours of 16 x 16 squares tell that. What is
smaller than such a square (40 x 30 pixels of 640 x 480), or looks like what is around it, may still be missed.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from app.domain.vision.models import Pixels

BITS = 64
"""Of the hash."""
NEAR_DUPLICATE_BITS = 10
"""Photos this far apart or less show nearly the same.

Measured on 17 photos of streets, rooms and people, each beside itself encoded at quality 25, 10 % lighter and darker, moved by
1 and 2 %, cropped by 1 and 2 % on all sides, with sensor noise, and all of that: 2 in the median and 10 at most (pictures that
are made up, moved by 2 % in both directions: 14). Pairs of different photos: 32 in the median and 22 at least. A camera that
stands before three bottles: 10 at most while nothing happens, 12 at least between any two different sets of bottles. The border
lies low, since a photo that is described once more costs little beside one that is taken for its predecessor and hides
something."""

LOCAL_CHANGE = 36.0
"""Levels (of 256) that a square may have of a colour beyond what is around it in the other photo, if both show nearly the same.

Measured as above: encoded anew 5 at most, lighter and darker 16, noise 3, moved by 1 % 22 and by 2 % 33, cropped by 1 % 29 and by
2 % 24 in the median (88 % of them below this border), all of that 34. Something pasted into the middle of each: a dog of 90 x 100
pixels 43 in the median (a third is missed where streets and crowds are as motley; by the hash alone nine in ten), scissors of 200 x
200 pixels 42 at least, a person that fills 15 % of the photo 52 at least."""

_SQUARES = 16
_SQUARE_BITS = 8 * 3 * _SQUARES * _SQUARES
_MOST = np.array([0.35, 10.0, 0.6, 0.6, 0.6, 0.6])
"""Bounds on what is taken for another light (gain, and levels added) and for movement and zoom (squares): beyond it, it is news."""

_GRID = 32
"""The photo is averaged to this many squares a side: finer than any of the waves, and coarse enough for noise to vanish."""
_WAVES = 8
"""Frequencies 1 to 8 in each direction."""
_SAMPLES = 8
"""Pixels a side that are averaged for a square; of large photos the others are left out, since it takes most of the time."""
_FAINT = 24.0
"""Where half of the coefficients are smaller than this, noise could decide their signs. A square is the mean of 64 pixels, and
a coefficient's deviation 16 times a square's: the median of noise alone is 1.35 times the grain, 22 for one of 16 grey levels
(a dark room). Photos have 100 and more."""
_COARSE_LEVELS = 16
_LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601."""


def fingerprint(pixels: Pixels) -> int:
    """What ``is_near_duplicate`` compares.

    Args:
        pixels: at least 1 x 1. The same photo in another size has nearly the same hash.

    Returns:
        The hash, 0 to 2^64 - 1, followed by three bytes for each of 16 x 16 squares: together less than 2^6208. Photos of hardly
        anything (a wall, darkness) get a number of their rough colours as hash, far from that of any that differs in these.
    """
    squares = np.round(_averaged(pixels, _SQUARES)).astype(np.uint8)
    return _hash(pixels) << _SQUARE_BITS | int.from_bytes(squares.tobytes(), "big")


def is_near_duplicate(a: int, b: int) -> bool:
    """Whether two fingerprints are of photos that show nearly the same, in all of their places."""
    return distance(a, b) <= NEAR_DUPLICATE_BITS and local_change(a, b) <= LOCAL_CHANGE


def distance(a: int, b: int) -> int:
    """How many bits of two fingerprints' hashes differ: 0 (the same) to 64; two photos that share nothing are about 32 apart."""
    return ((a ^ b) >> _SQUARE_BITS).bit_count()


def local_change(a: int, b: int) -> float:
    """How far the square that changed most lies outside of what is around it in the other photo, in levels of 256.

    A small movement, zoom and change of the light are taken out first, by one step of least squares (Lucas and Kanade 1981).
    """
    before, after = _squares(a), _squares(b)
    expected = np.clip(before + _small_changes(before, after), 0, 255)
    return max(_beyond(expected, after), _beyond(after, expected))


def _small_changes(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    down, right = np.gradient((before + after) / 2, axis=(0, 1))
    sides = np.linspace(-1, 1, _SQUARES)
    x, y = sides[None, :, None], sides[:, None, None]
    causes = (before, np.ones_like(before), right, right * x, down, down * y)
    columns = np.stack([each.ravel() for each in causes], axis=1)
    amounts = np.linalg.lstsq(columns, (after - before).ravel(), rcond=None)[0]
    changes: NDArray[np.float64] = (columns @ np.clip(amounts, -_MOST, _MOST)).reshape(before.shape)
    return changes


def _beyond(squares: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Largest distance of a square's colour from the range of the nine squares in its place in another photo."""
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(others, ((1, 1), (1, 1), (0, 0)), mode="edge"), (3, 3), axis=(0, 1)
    )
    lowest, highest = around.min(axis=(-1, -2)), around.max(axis=(-1, -2))
    return max(0.0, float(np.maximum(lowest - squares, squares - highest).max()))


def _squares(fingerprint_: int) -> NDArray[np.float64]:
    data = (fingerprint_ & ((1 << _SQUARE_BITS) - 1)).to_bytes(_SQUARE_BITS // 8, "big")
    return np.frombuffer(data, np.uint8).reshape(_SQUARES, _SQUARES, 3).astype(np.float64)


def _hash(pixels: Pixels) -> int:
    squares = _averaged(pixels, _GRID)
    waves = _cosines(_GRID) @ (squares @ _LUMA) @ _cosines(_GRID).T
    if np.median(np.abs(waves)) < _FAINT:
        return _scrambled(_averaged(pixels, 2) // _COARSE_LEVELS)
    return int.from_bytes(np.packbits(waves > np.median(waves)).tobytes(), "big")


def _averaged(pixels: Pixels, parts: int) -> NDArray[np.float64]:
    """Mean colour of ``parts`` x ``parts`` parts of the photo: parts x parts x 3."""
    rows, columns = (_picked(size, parts) for size in pixels.shape[:2])
    strips = pixels[rows].reshape(parts, len(rows) // parts, -1, 3).sum(axis=1, dtype=np.uint32)
    sums = strips[:, columns].reshape(parts, parts, len(columns) // parts, 3).sum(axis=2)
    means: NDArray[np.float64] = sums * (parts * parts / (len(rows) * len(columns)))
    return means


def _picked(size: int, parts: int) -> NDArray[np.intp]:
    """Rows or columns, evenly spread, as many in each part; in a tiny photo they repeat."""
    count = parts * min(_SAMPLES * _GRID // parts, math.ceil(size / parts))
    return (np.arange(count) * size) // count


def _cosines(size: int) -> NDArray[np.float64]:
    """Rows of the cosine transform (DCT-II, not scaled): _WAVES x size."""
    places, waves = np.arange(size), np.arange(1, _WAVES + 1)
    return np.cos(np.pi * waves[:, None] * (2 * places + 1) / (2 * size))


def _scrambled(colors: NDArray[np.float64]) -> int:
    """A number that is far from others': equal colours give equal numbers, different ones some that share nothing."""
    digest = hashlib.blake2b(colors.astype(np.uint8).tobytes(), digest_size=BITS // 8).digest()
    return int.from_bytes(digest, "big")
