"""Whether two photos show nearly the same: a perceptual hash over what is large in a photo.

64 signs of the photo's cosine transform (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"),
without the row and the column of frequency 0: those hold how light falls from side to side, which says least of what is
there. Small things and colours are not seen: a photo that is near to another may still show something new.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from app.domain.vision.models import Pixels

BITS = 64
NEAR_DUPLICATE_BITS = 10
"""Photos this far apart or less show nearly the same.

Measured on 17 photos of streets, rooms and people, each beside itself encoded at quality 25, 10 % lighter and darker, moved by
1 and 2 %, cropped by 1 and 2 % on all sides, with sensor noise, and all of that: 2 in the median and 10 at most (pictures that
are made up, moved by 2 % in both directions: 14). Pairs of different photos: 32 in the median and 22 at least. A camera that
stands before three bottles: 10 at most while nothing happens, 12 at least between any two different sets of bottles. The border
lies low, since a photo that is described once more costs little beside one that is taken for its predecessor and hides
something."""

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
    """The perceptual hash of a photo.

    Args:
        pixels: at least 1 x 1. The same photo in another size has nearly the same hash.

    Returns:
        0 to 2^64 - 1, for ``distance``. Photos of hardly anything (a wall, darkness) get a number of their rough colours, far
        from the hash of any that differs in these.
    """
    squares = _averaged(pixels, _GRID)
    waves = _cosines(_GRID) @ (squares @ _LUMA) @ _cosines(_GRID).T
    if np.median(np.abs(waves)) < _FAINT:
        return _scrambled(_averaged(pixels, 2) // _COARSE_LEVELS)
    return int.from_bytes(np.packbits(waves > np.median(waves)).tobytes(), "big")


def distance(a: int, b: int) -> int:
    """How many bits of two fingerprints differ: 0 (the same) to 64; two photos that share nothing are about 32 apart."""
    return (a ^ b).bit_count()


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
