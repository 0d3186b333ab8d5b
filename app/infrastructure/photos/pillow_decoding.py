"""From the bytes of a photo to upright RGB, with Pillow. Runs in the limited child only, which alone imports it."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from app.infrastructure.photos.color_profiles import load_color_engine, to_srgb
from app.infrastructure.photos.decode_photo_child import ANIMATED, TOO_MANY_PIXELS

FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
)
JPEG_QUALITY = 90
"""Of what is stored and passed on: being encoded again at 90 costs a photo of quality 75 under 0.4 dB, of 50 under 0.1 dB."""
_CLOSE_ENOUGH = 0.9
"""JPEGs are decoded at a half, quarter or eighth of their size if that gives this share of the side allowed: a phone's 12
megapixels (4032 x 3024) take an eighth of the time, and come out at 2016 instead of 2048 pixels."""
_REDUCING_GAP = 2.0
"""Reduce by whole numbers first, down to twice the size: several times faster, and hardly to be told apart (Pillow's docs)."""
_SHRINKABLE = frozenset({"L", "RGB", "CMYK"})
_MAX_SAMPLE = 255
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Exif 2.32, 4.6.4 A, tag 274: what turns the stored picture upright."""
_TURNED = frozenset({5, 6, 7, 8})
_OF_ROTATION = {0: 1, 90: 6, 180: 3, 270: 8}
"""The orientation that has a picture turned by so many degrees clockwise."""


class Refused(Exception):
    """The photo is not decoded: ``kind`` as in replies, and its size if that is why."""

    def __init__(self, kind: bytes, size: tuple[int, int] = (0, 0)) -> None:
        super().__init__(kind)
        self.kind = kind
        self.size = size


@dataclass(frozen=True)
class DecodedPhoto:
    """What the child sends: sizes are (width, height)."""

    size: tuple[int, int]
    original_size: tuple[int, int]
    rgb: bytes
    jpeg: bytes


def load_codecs(max_pixels: int) -> None:
    """Prepare Pillow: everything is imported while files may still be opened freely."""
    warnings.simplefilter("ignore")
    Image.preinit()
    # Pillow raises at twice this; WebP's decoder takes memory for the whole picture before it tells the size.
    Image.MAX_IMAGE_PIXELS = max(1, max_pixels // 2)
    # Plain JPEGs: a phone's further pictures in the same file (MPO: depth, gain map, second eye) are not looked at.
    Image.register_open("JPEG", JpegImagePlugin.JpegImageFile, lambda prefix: prefix.startswith(b"\xff\xd8\xff"))
    load_color_engine()


def decode_with_pillow(data: bytes, *, max_pixels: int, max_side_px: int, rotation: int = 0) -> DecodedPhoto:
    """Decode one photo, turn it upright, put it on white, and make it smaller if need be.

    Args:
        data: the file.
        max_pixels: width x height that is decoded.
        max_side_px: longer side of the result.
        rotation: degrees clockwise, 0, 90, 180 or 270, by which photos are turned that carry no orientation.

    Raises:
        Refused: animated, or too many pixels.
        Exception: whatever Pillow raises for damaged files.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Refused(TOO_MANY_PIXELS) from error
    sent_size = image.size
    if image.width * image.height > max_pixels:
        raise Refused(TOO_MANY_PIXELS, sent_size)
    if getattr(image, "is_animated", False):
        raise Refused(ANIMATED)
    _decode_smaller(image, max_side_px)
    image.load()
    orientation, profile = _orientation(image, rotation), image.info.get("icc_profile")
    picture = to_srgb(_shrunk(_simple_mode(image), max_side_px), profile)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    picture.info.clear()  # Pillow writes comments and the like into whatever it saves
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=JPEG_QUALITY)
    width, height = sent_size
    original_size = (height, width) if orientation in _TURNED else sent_size
    return DecodedPhoto(picture.size, original_size, picture.tobytes(), encoded.getvalue())


def _decode_smaller(image: ImageFile.ImageFile, max_side_px: int) -> None:
    """Have a large JPEG decoded at a fraction of its size, which leaves most of its work undone."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        scale = next((s for s in (8, 4, 2) if max(image.size) / s >= _CLOSE_ENOUGH * max_side_px), 1)
        if scale > 1:
            image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def _orientation(image: Image.Image, rotation: int) -> int:
    """As the photo tells it; for photos that tell none, what stands for ``rotation``."""
    assumed = _OF_ROTATION[rotation]
    try:
        return int(image.getexif().get(_ORIENTATION, assumed))
    except Exception:  # broken metadata is no reason to refuse the picture
        return assumed


def _simple_mode(image: Image.Image) -> Image.Image:
    """The decoded photo as L, RGB or CMYK: without palette, transparency and more than 8 bits."""
    if image.mode == "CMYK" and "adobe" not in image.info:
        # Pillow takes every such JPEG for Adobe's, whose values are inverted; without Adobe's marker they are not.
        return image.point(lambda value: 255 - value)
    if image.mode == "I;16":
        return image.point(lambda value: value * (1 / 257)).convert("L")
    if not _is_transparency(image.info.get("transparency")):
        image.info.pop("transparency", None)
    if "transparency" in image.info or image.mode in {"RGBA", "LA"}:
        return _on_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image if image.mode in _SHRINKABLE else image.convert("RGB")


def _is_transparency(value: object) -> bool:
    """Whether it is of a palette, or an 8-bit grey or colour; a PNG's text may have the same name."""
    if isinstance(value, int):
        return 0 <= value <= _MAX_SAMPLE
    return isinstance(value, bytes) or (isinstance(value, tuple) and max(value) <= _MAX_SAMPLE)


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _shrunk(image: Image.Image, max_side_px: int) -> Image.Image:
    longest = max(image.size)
    if longest <= max_side_px:
        return image
    width, height = (max(1, round(side * max_side_px / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
