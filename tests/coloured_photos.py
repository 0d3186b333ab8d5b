"""Photos made by tests: patches of colour that the dummy describer names, different enough not to be near-duplicates."""

import io

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (20, 230, 40), (30, 40, 240)


def photo(colour: tuple[int, int, int] = GREEN, seed: int = 0, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG of coarse patches in shades of one colour; other seeds look different."""
    coarse = np.random.default_rng(seed).integers(60, 256, (6, 8, 1))
    pixels = (coarse / 255 * np.array(colour)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=80)
    return file.getvalue()
