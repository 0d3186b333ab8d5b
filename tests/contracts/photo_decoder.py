"""What every photo decoder must do, whatever it is made of."""

import asyncio
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import InvalidInput, TooLarge
from app.domain.vision.gateway import PhotoDecoder
from app.domain.vision.models import MAX_SIDE_PX, Photo
from tests.photos import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    chunk,
    corners,
    exif,
    jpeg_declaring,
    png,
    quarters,
    saved,
    swapped_profile,
    text_bomb,
    textured,
    webp_canvas,
    with_chunks,
)

UPRIGHT = [RED, GREEN, BLUE, WHITE]
KINDS = ("JPEG", "PNG", "WEBP")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What a camera does to the upright picture before it writes the orientation."""
START_OF_SCAN = 0xDA
PICTURE_MARKERS = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, START_OF_SCAN}
"""Start, JFIF, quantisation tables, frame, Huffman tables, scan: nothing that could tell more than the picture."""
WITH_SECRETS = {
    "JPEG": lambda: saved(quarters(), comment=b"secret", xmp=b"secret", exif=exif(1), dpi=(72, 72)),
    "PNG": lambda: with_chunks(
        saved(quarters(), "PNG"), b"".join(chunk(b"tEXt", name + b"\0secret") for name in (b"comment", b"exif", b"xmp"))
    ),
    "WEBP": lambda: saved(quarters(), "WEBP", exif=exif(1), xmp=b"secret"),
}
GREY_SWEEP = np.linspace(0, 65_535, 64 * 48).astype(np.uint16).reshape(48, 64)


def check_photo(photo: Photo, width: int, height: int) -> None:
    assert (photo.width, photo.height) == (width, height)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.ndim == 3
    assert photo.pixels.shape[2] == 3
    assert max(photo.pixels.shape[:2]) <= MAX_SIDE_PX
    again = Image.open(io.BytesIO(photo.jpeg))
    assert (again.format, again.mode, again.size) == ("JPEG", "RGB", photo.pixels.shape[1::-1])
    difference = np.abs(np.asarray(again).astype(int) - photo.pixels)
    assert difference.mean() < 8
    assert not again.getexif()
    assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert markers(photo.jpeg) <= PICTURE_MARKERS


def markers(jpeg: bytes) -> set[int]:
    """Kinds of the segments before the picture's data (ITU-T T.81, annex B)."""
    found, place = {jpeg[1]}, 2
    while found.isdisjoint({START_OF_SCAN}):
        assert jpeg[place] == 0xFF
        found.add(jpeg[place + 1])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    assert jpeg.endswith(b"\xff\xd9")
    return found


def rows_of(samples: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    """Rows of a PNG without filters; ``samples`` is height x bytes."""
    return b"".join(b"\0" + row.tobytes() for row in samples)


def palette_with_hole() -> bytes:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(0, (0, 0, 4, 8))
    return saved(image, "PNG", transparency=0)


def without_adobes_marker(data: bytes) -> bytes:
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def as_ycck(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[changed.index(b"\xff\xee") + 15] = 2
    return bytes(changed)


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "a byte": (b"\xff", "no photo"),
    "noise": (bytes(range(256)) * 40, "no photo"),
    "GIF": (saved(quarters(), "GIF"), "GIF"),
    "TIFF": (saved(quarters(), "TIFF"), "TIFF"),
    "BMP": (saved(quarters(), "BMP"), "BMP"),
    "TGA": (saved(quarters(), "TGA"), "TGA"),
    "grey TGA": (saved(quarters().convert("L"), "TGA", compression="tga_rle"), "TGA"),
    "icon": (saved(quarters(), "ICO"), "an icon"),
    "AVIF": (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf", "AVIF"),
    "HEIC": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "HEIC.*Most Compatible"),
    "MP4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "bare SVG": (b'\n <svg width="1" onload="alert(1)"/>', "SVG"),
    "HTML": (b"<!DOCTYPE html><html>", "web page"),
    "ZIP": (b"PK\x03\x04\x14\0\0\0", "ZIP"),
    "GIF and ZIP": (saved(quarters(), "GIF") + b"PK\x03\x04", "GIF"),
    "ZIP before JPEG": (b"PK\x03\x04" + saved(quarters()), "ZIP"),
    "base64": (b"/9j/4AAQSkZJRgABAQ", "base64"),
    "JPEG's first bytes": (b"\xff\xd8\xff", "damaged"),
    "JPEG cut in its header": (saved(quarters())[:100], "damaged"),
    "JPEG cut in its picture": (saved(textured(200, 200))[:-2000], "damaged"),
    "PNG cut in its picture": (saved(textured(200, 200), "PNG")[:-2000], "damaged"),
    "WebP cut in its picture": (saved(textured(200, 200), "WEBP")[:-2000], "damaged"),
    "PNG with a wrong checksum": (saved(quarters(), "PNG").replace(b"IHDR\0", b"IHDR\1", 1), "damaged"),
    "PNG of no size": (png(0, 4, b""), "damaged"),
    "PNG signature and JPEG": (b"\x89PNG\r\n\x1a\n" + saved(quarters()), "damaged"),
    "other RIFF": (b"RIFF\x24\0\0\0WAVEfmt ", "no photo"),
    "50 MB of text": (text_bomb(50), "damaged"),
    "50 MB of profile": (
        with_chunks(saved(quarters(), "PNG"), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(50 << 20), 9))),
        "damaged",
    ),
}
TOO_LARGE: dict[str, bytes] = {
    "PNG": png(60_000, 60_000, bytes(100)),
    "PNG of one line": png(2**31 - 1, 1, bytes(100)),
    "JPEG": jpeg_declaring(65_500, 65_500),
    "WebP": webp_canvas(16_383, 16_383),
    "just over": png(6401, 6250, bytes(100)),
    "bytes": saved(quarters()) + bytes(21_000_000),
}
COLORS: dict[str, tuple[bytes, list[tuple[int, int, int]]]] = {
    "progressive": (saved(quarters(), progressive=True), UPRIGHT),
    "CMYK": (saved(quarters().convert("CMYK")), UPRIGHT),
    "CMYK that is not inverted": (
        without_adobes_marker(saved(quarters().convert("CMYK").point(lambda value: 255 - value))),
        UPRIGHT,
    ),
    "palette": (saved(quarters().quantize(4), "PNG"), UPRIGHT),
    "transparent parts": (saved(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"), [WHITE] * 4),
    "transparent WebP": (saved(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "WEBP", exact=True), [WHITE] * 4),
    "transparent grey": (saved(Image.new("LA", (8, 8), (0, 0)), "PNG"), [WHITE] * 4),
    "transparent colour of a palette": (palette_with_hole(), [WHITE, RED, WHITE, RED]),
    "transparent colour": (saved(Image.new("RGB", (8, 8), BLUE), "PNG", transparency=BLUE), [WHITE] * 4),
    "black and white": (saved(Image.new("1", (8, 8), 1), "PNG"), [WHITE] * 4),
    "a profile": (saved(quarters(), icc_profile=swapped_profile()), [GREEN, RED, BLUE, WHITE]),
    "a broken profile": (saved(quarters(), icc_profile=b"no profile" * 20), UPRIGHT),
    "grey with a profile for colours": (saved(Image.new("L", (8, 8), 255), icc_profile=swapped_profile()), [WHITE] * 4),
    "fewer rows than declared": (png(4, 4, rows_of(np.full((2, 12), 255, np.uint8))), [WHITE, WHITE, BLACK, BLACK]),
    "JPEG and ZIP": (saved(quarters()) + b"PK\x03\x04" + bytes(3000), UPRIGHT),
    "MPO": (saved(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))], quality=95), UPRIGHT),
    "broken EXIF": (saved(quarters(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(20)), UPRIGHT),
    "an animation of one picture": (saved(quarters(), "PNG", save_all=True, append_images=[]), UPRIGHT),
    "text that is named like a property": (
        with_chunks(saved(quarters(), "PNG"), chunk(b"tEXt", b"transparency\0x") + chunk(b"tEXt", b"icc_profile\0x")),
        UPRIGHT,
    ),
}
SIZES = [
    (1, 1, "PNG"),
    (1, 1, "WEBP"),
    (1, 1, "JPEG"),
    (2100, 3, "JPEG"),
    (1, 20_000, "JPEG"),
    (60_000, 10, "PNG"),
    (3000, 2500, "PNG"),
    (2500, 2500, "WEBP"),
    (4032, 3024, "JPEG"),
]


class PhotoDecoderContract:
    """Subclasses provide ``decoder``, which takes 40 megapixels and 20 MB."""

    @pytest.fixture
    def decoder(self) -> PhotoDecoder:
        raise AssertionError("each subclass gives its own")

    @pytest.mark.parametrize("kind", KINDS)
    async def test_what_was_sent_is_seen(self, decoder: PhotoDecoder, kind: str) -> None:
        image = textured(320, 240)
        photo = await decoder.decode(saved(image, kind))
        check_photo(photo, 320, 240)
        assert np.abs(photo.pixels - np.asarray(image).astype(int)).mean() < 4

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("orientation", range(1, 9))
    async def test_photos_are_turned_upright(self, decoder: PhotoDecoder, kind: str, orientation: int) -> None:
        stored = quarters().transpose(TURNS[orientation]) if orientation in TURNS else quarters()
        photo = await decoder.decode(saved(stored, kind, exif=exif(orientation)))
        check_photo(photo, 64, 48)
        assert corners(photo.pixels) == UPRIGHT
        assert b"secret" not in photo.jpeg

    @pytest.mark.parametrize("kind", KINDS)
    async def test_only_the_picture_is_kept(self, decoder: PhotoDecoder, kind: str) -> None:
        photo = await decoder.decode(WITH_SECRETS[kind]())
        check_photo(photo, 64, 48)
        assert b"secret" not in photo.jpeg

    @pytest.mark.parametrize("name", COLORS)
    async def test_colors_are_right(self, decoder: PhotoDecoder, name: str) -> None:
        data, expected = COLORS[name]
        photo = await decoder.decode(data)
        check_photo(photo, *photo.pixels.shape[1::-1])
        assert corners(photo.pixels) == expected

    @pytest.mark.parametrize(("color", "samples"), [(0, 1), (2, 3), (6, 4)])
    async def test_16_bits(self, decoder: PhotoDecoder, color: int, samples: int) -> None:
        sweep = np.repeat(GREY_SWEEP[..., None], samples, axis=2)
        if samples == 4:
            sweep[..., 3] = 65_535
        data = png(64, 48, rows_of(sweep.astype(">u2").reshape(48, -1).view(np.uint8)), bits=16, color=color)
        pixels = (await decoder.decode(data)).pixels
        assert np.abs(pixels.astype(int) - (GREY_SWEEP // 257)[..., None]).max() <= 1

    async def test_ycck(self, decoder: PhotoDecoder) -> None:
        image = Image.new("CMYK", (16, 16), (100, 127, 127, 60))
        pixels = (await decoder.decode(as_ycck(saved(image)))).pixels.astype(int)
        assert np.ptp(pixels, axis=2).max() <= 2

    @pytest.mark.parametrize(("width", "height", "kind"), SIZES)
    async def test_large_photos_are_made_smaller(
        self, decoder: PhotoDecoder, width: int, height: int, kind: str
    ) -> None:
        image = quarters(width, height) if width > 1 and height > 3 else Image.new("RGB", (width, height), RED)
        photo = await decoder.decode(saved(image, kind))
        check_photo(photo, width, height)
        if min(width, height) > 10:
            assert corners(photo.pixels) == UPRIGHT
            assert max(photo.pixels.shape[:2]) >= 0.9 * MAX_SIDE_PX

    @pytest.mark.parametrize("name", REFUSED)
    async def test_what_is_no_photo_is_refused(self, decoder: PhotoDecoder, name: str) -> None:
        data, reason = REFUSED[name]
        with pytest.raises(InvalidInput, match=reason) as refused:
            await decoder.decode(data)
        assert "JPEG, PNG or WebP" in refused.value.message
        assert refused.value.code == "invalid_image"

    @pytest.mark.parametrize("name", TOO_LARGE)
    async def test_too_large(self, decoder: PhotoDecoder, name: str) -> None:
        with pytest.raises(TooLarge, match="at most") as refused:
            await decoder.decode(TOO_LARGE[name])
        assert refused.value.code == "photo_too_large"

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    async def test_animations_are_refused(self, decoder: PhotoDecoder, kind: str) -> None:
        animation = saved(quarters(), kind, save_all=True, append_images=[Image.new("RGB", (64, 48), RED)])
        with pytest.raises(InvalidInput, match="animated") as refused:
            await decoder.decode(animation)
        assert refused.value.code == "animated_image"

    async def test_photos_decoded_at_once_do_not_mix(self, decoder: PhotoDecoder) -> None:
        colors = [RED, GREEN, BLUE, WHITE]
        photos = await asyncio.gather(
            *(decoder.decode(saved(Image.new("RGB", (64 + 8 * turn, 48), color))) for turn, color in enumerate(colors))
        )
        assert [corners(photo.pixels) for photo in photos] == [[color] * 4 for color in colors]

    async def test_it_can_be_used_after_a_cancelled_call(self, decoder: PhotoDecoder) -> None:
        large = saved(textured(2000, 1500))
        for wait_s in (0, 0.001, 0.02):
            task = asyncio.create_task(decoder.decode(large))
            await asyncio.sleep(wait_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert corners((await decoder.decode(saved(quarters()))).pixels) == UPRIGHT

    async def test_a_text_chunk_declared_longer_than_the_file(self, decoder: PhotoDecoder) -> None:
        cut = with_chunks(saved(quarters(), "PNG"), struct.pack(">I", 2**31 - 1) + b"tEXtabc\0def")
        with pytest.raises(InvalidInput, match="damaged"):
            await decoder.decode(cut)
