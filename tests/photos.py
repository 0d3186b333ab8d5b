"""Photos that tests make, good ones and hostile ones."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from app.domain.vision.models import Pixels

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
_OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "PNG": {}, "WEBP": {"lossless": True}}


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green / blue, white: no turning or mirroring leaves it as it is."""
    image = Image.new("RGB", (width, height), WHITE)
    for color, corner in ((RED, (0, 0)), (GREEN, (width // 2, 0)), (BLUE, (0, height // 2))):
        image.paste(color, (*corner, corner[0] + width // 2, corner[1] + height // 2))
    return image


def corners(pixels: Pixels) -> list[tuple[int, int, int]]:
    """The middle of each quarter, each channel rounded to 0 or 255."""
    height, width = pixels.shape[:2]
    spots = [(height // 4, width // 4), (height // 4, 3 * width // 4), (3 * height // 4, width // 4)]
    spots.append((3 * height // 4, 3 * width // 4))
    return [tuple(255 * (int(value) > 127) for value in pixels[spot]) for spot in spots]  # type: ignore[misc]


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file of an image."""
    file = io.BytesIO()
    image.save(file, kind, **{**_OPTIONS.get(kind, {}), **options})
    return file.getvalue()


def textured(width: int, height: int, seed: int = 1) -> Image.Image:
    """Something like a photo: soft shapes and some grain."""
    random = np.random.default_rng(seed)
    shapes = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = random.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8))


def exif(orientation: int) -> bytes:
    """Metadata with an orientation, a place and a name."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = "secret name"
    data.get_ifd(0x8825)[1] = "N"
    data.get_ifd(0x8825)[2] = (41.0, 23.0, 7.0)
    return data.tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, rows: bytes, *, bits: int = 8, color: int = 2, before: bytes = b"") -> bytes:
    """A PNG by hand: ``rows`` are the filtered rows, ``before`` the chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def with_chunks(photo: bytes, chunks: bytes) -> bytes:
    """A PNG with more chunks before its picture."""
    return photo[:33] + chunks + photo[33:]


def text_bomb(megabytes: int) -> bytes:
    """A small PNG with compressed text that becomes large."""
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * (megabytes << 20), zip=True)
    return saved(quarters(), "PNG", pnginfo=info)


def swapped_profile() -> bytes:
    """A colour profile with the colours of red and green exchanged."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made = made.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    for entry in range(132, 132 + 12 * int.from_bytes(made[128:132], "big"), 12):
        name = bytes(made[entry : entry + 4])
        made[entry : entry + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    return bytes(made)


def webp_canvas(width: int, height: int) -> bytes:
    """The start of a WebP that declares a large canvas."""
    body = (
        b"VP8X" + struct.pack("<IB3x", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def jpeg_declaring(width: int, height: int) -> bytes:
    """A small JPEG whose header tells another size."""
    made = bytearray(saved(quarters()))
    start = made.index(b"\xff\xc0") + 5
    made[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(made)
