"""Which kind of file bytes are, by their first ones: never by a name or a declared type."""

import re

from app.domain.errors import InvalidInput, TooLarge

ACCEPTED = "JPEG, PNG or WebP"
_PHOTO = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF.{4}WEBP", re.DOTALL)
_HEAD_BYTES = 256

_OTHERS: tuple[tuple[str, "re.Pattern[bytes]"], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("a GIF", rb"GIF8[79]a"),
        ("a TIFF or raw photo", rb"II[*+]\x00|MM\x00[*+]"),
        ("a BMP", rb"BM.{4}\x00{4}"),
        ("an AVIF photo", rb".{4}ftyp(?:avif|avis)"),
        ("a HEIC photo", rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|mif2)"),
        ("a video", rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |\x00\x00\x01\xba"),
        ("a JPEG 2000 image", rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"),
        ("a JPEG XL image", rb"\xff\x0a|\x00\x00\x00\x0cJXL "),
        ("a Photoshop document", rb"8BPS"),
        (
            "a TGA image",
            rb"[\x00-\xff](?:\x01[\x01\x09]|\x00[\x02\x03\x0a\x0b]).{5}.{4}.{4}[\x08\x0f\x10\x18\x20][\x00-\x3f]",
        ),
        ("an icon", rb"\x00\x00[\x01\x02]\x00[\x01-\xff]\x00"),
        ("a PDF", rb"%PDF-"),
        ("a ZIP archive", rb"PK\x03\x04"),
        ("an SVG drawing", rb"(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!--.*<svg|!(?i:doctype) svg)"),
        ("a web page", rb"(?i:\s*<(?:!doctype html|html))"),
        ("base64 text, whose bytes are wanted", rb"data:image/|/9j/|iVBORw0KGgo|UklGR"),
    )
)
"""What phones, browsers and mistakes send instead; magic numbers as in the formats' own specifications."""
_HINTS = {
    "a HEIC photo": "; iPhones send JPEG with Settings > Camera > Formats > Most Compatible",
    "a video": "; send single pictures of it",
}


def check_is_photo(data: bytes, max_bytes: int) -> None:
    """Refuse at once what is no photo of an accepted format.

    Raises:
        InvalidInput: another format (``invalid_image``).
        TooLarge: more bytes than allowed (``photo_too_large``).
    """
    if len(data) > max_bytes:
        raise photo_too_large(f"a photo may have {max_bytes / (1 << 20):g} MB at most; make it smaller")
    if not data:
        raise unusable(f"the photo is empty (0 bytes); send {ACCEPTED}")
    head = data[:_HEAD_BYTES]
    if not _PHOTO.match(head):
        found = next((name for name, pattern in _OTHERS if pattern.match(head)), None)
        reason = f"this is {found}" if found else "this is no photo of a known format"
        raise unusable(f"{reason}; send {ACCEPTED}{_HINTS.get(found or '', '')}")


def photo_too_large(message: str) -> TooLarge:
    """The refusal of a photo with too many bytes or pixels."""
    return TooLarge(message, param="file", code="photo_too_large")


def unusable(message: str) -> InvalidInput:
    """The refusal of a photo that cannot be decoded."""
    return InvalidInput(message, param="file", code="invalid_image")
