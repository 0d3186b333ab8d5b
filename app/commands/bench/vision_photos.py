"""The photos of ``bench vision``: those of a folder, or made on the spot, each sent but once."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageDraw import ImageDraw

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
GLASSES_SIZE, GLASSES_QUALITY = (640, 480), 25
"""What glasses send over Bluetooth: small and heavily compressed."""
QUALITY = 92
"""Of photos that are encoded anew; what phones save with."""
MADE = 8
_BLOCK_PX = 8
"""A JPEG's block: what is drawn in one changes no other."""
_LEVELS = 16
"""Grey levels of a mark's block: 16 apart, they survive quality 25, where a block's mean is kept to about 4."""
_BLOCKS = 4
"""So that 65,536 marks differ."""
_SIGNS = (
    "EXIT",
    "PLATFORM 2",
    "Salida de emergencia",
    "Bakery open 9-14",
    "Line 5 to Centre",
    "Cuidado con el escalón",
)


@dataclass(frozen=True)
class BenchPhoto:
    """A file to send, and its name in the results."""

    name: str
    data: bytes


def read_photos(folder: Path) -> list[BenchPhoto]:
    """The JPEG, PNG and WebP files of a folder, by name.

    Raises:
        ConfigurationError: there are none, or one is no photo.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"there is no folder {folder}")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ConfigurationError(f"{folder} has no JPEG, PNG or WebP files")
    photos = [BenchPhoto(path.name, path.read_bytes()) for path in paths]
    for photo in photos:
        opened(photo)
    return photos


def made_photos(count: int = MADE) -> list[BenchPhoto]:
    """Pictures of 640 x 480 that take the work of photos: light, shapes, grain, and no, some or much text."""
    return [BenchPhoto(f"made-{number}.jpg", _encoded(_made(number), QUALITY)) for number in range(count)]


def as_glasses_send(photo: BenchPhoto) -> BenchPhoto:
    """The same, within 640 x 480 (or 480 x 640) and at JPEG quality 25."""
    from PIL import ImageOps

    image = opened(photo)
    size = GLASSES_SIZE if image.width >= image.height else GLASSES_SIZE[::-1]
    return BenchPhoto(photo.name, _encoded(ImageOps.contain(image, size), GLASSES_QUALITY))


def marked(photo: BenchPhoto, number: int, *, quality: int = QUALITY) -> BenchPhoto:
    """The same photo with four small grey squares in its upper left corner that tell ``number``, encoded anew.

    No cache knows its pixels, and nobody sees a difference.

    Args:
        photo: at least 32 x 8 pixels, else the mark is cut off.
        number: 0 to 65,535; others begin anew.
        quality: of the JPEG.
    """
    image = opened(photo)
    for block in range(_BLOCKS):
        grey = 16 * (number // _LEVELS**block % _LEVELS) + 8
        left = block * _BLOCK_PX
        image.paste((grey, grey, grey), (left, 0, left + _BLOCK_PX, _BLOCK_PX))
    return BenchPhoto(photo.name, _encoded(image, quality))


def marked_round(
    photos: Sequence[BenchPhoto], number: int, *, glasses: bool, copies: int = 1
) -> list[list[BenchPhoto]]:
    """Each photo once, in ``copies`` that differ in their marks only.

    Args:
        photos: as they are, or as glasses send them.
        number: of the round: no two rounds give the same pixels.
        glasses: whether they are to be as glasses send them.
        copies: of each photo.
    """
    quality = GLASSES_QUALITY if glasses else QUALITY
    first = number * copies
    return [[marked(photo, first + copy, quality=quality) for copy in range(copies)] for photo in photos]


def opened(photo: BenchPhoto) -> "Image.Image":
    """The photo upright and in RGB.

    Raises:
        ConfigurationError: it is none.
    """
    from PIL import Image, ImageOps

    try:
        return ImageOps.exif_transpose(Image.open(io.BytesIO(photo.data))).convert("RGB")
    except OSError as error:
        raise ConfigurationError(f"{photo.name} is no photo that can be read") from error


def _encoded(image: "Image.Image", quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _made(number: int) -> "Image.Image":
    from PIL import Image, ImageDraw

    random = np.random.default_rng(number)
    width, height = GLASSES_SIZE
    light = Image.fromarray(random.integers(40, 216, (6, 8, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(light)
    for left, top, wide, high in random.integers(20, 300, (6, 4)).tolist():
        color = tuple(random.integers(0, 256, 3).tolist())
        draw.rectangle((left, top, left + wide, top + high), fill=color)
    for line in range(2 * (number % 4)):
        _write_sign(draw, line, _SIGNS[(number + line) % len(_SIGNS)])
    grain = random.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8))


def _write_sign(draw: "ImageDraw", line: int, words: str) -> None:
    from PIL import ImageFont

    left, top = 40 + 30 * line, 30 + 70 * line
    draw.rectangle((left, top, left + 330, top + 48), fill="white")
    draw.text((left + 10, top + 8), words, fill="black", font=ImageFont.load_default(28))
