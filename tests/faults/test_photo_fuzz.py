"""Photos that nobody vouches for: each is decoded, or refused with one of our errors, and the next one is decoded well."""

import asyncio
import contextlib
import functools
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.vision.gateway import PhotoDecoder
from app.domain.vision.models import Photo
from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from tests.mutations import mutations
from tests.photos import corners, exif, quarters, saved, swapped_profile

pytestmark = pytest.mark.slow
STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"RIFF\x40\0\0\0WEBPVP8X",
)
quick = settings(max_examples=150)


@functools.cache
def photo(kind: str) -> bytes:
    """With all the metadata that there can be."""
    transparent = {"JPEG": "CMYK", "PNG": "P", "WEBP": "RGBA"}[kind]
    return saved(quarters().convert(transparent), kind, exif=exif(6), icc_profile=swapped_profile())


@functools.cache
def progressive() -> bytes:
    return saved(quarters(), "JPEG", progressive=True)


def checksums_made_good(data: bytes) -> bytes:
    """A PNG whose chunks' checksums fit, as those of somebody who means harm do."""
    made, rest = data[:8], data[8:]
    while len(rest) >= 12:
        size = min(struct.unpack(">I", rest[:4])[0], len(rest) - 12)
        body = rest[4 : 8 + size]
        made += struct.pack(">I", size) + body + struct.pack(">I", zlib.crc32(body))
        rest = rest[12 + size :]
    return made + rest


@pytest.fixture(scope="module")
def decoder() -> Iterator[PhotoDecoder]:
    decoder = LimitedPhotoDecoder(children=1, max_megapixels=1)
    yield decoder
    asyncio.run(decoder.close())


async def decode_or_refuse(decoder: PhotoDecoder, data: bytes) -> None:
    decoded: Photo | None = None
    with contextlib.suppress(InvalidInput):
        decoded = await decoder.decode(data)
    if decoded:
        assert decoded.pixels.shape[2] == 3
        assert decoded.pixels.dtype == np.uint8
        assert 1 <= decoded.width * decoded.height <= 1_000_000
    good = await decoder.decode(progressive())
    assert corners(good.pixels) == corners(np.asarray(quarters()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@given(data=st.data())
@quick
def test_changed_photos(decoder: PhotoDecoder, kind: str, data: st.DataObject) -> None:
    asyncio.run(decode_or_refuse(decoder, data.draw(mutations(photo(kind)))))


@given(data=st.data())
@quick
def test_changed_pngs_with_good_checksums(decoder: PhotoDecoder, data: st.DataObject) -> None:
    changed = photo("PNG")[:8] + data.draw(mutations(photo("PNG")[8:]))
    asyncio.run(decode_or_refuse(decoder, checksums_made_good(changed)))


@given(data=st.data())
@quick
def test_changed_progressive_jpegs(decoder: PhotoDecoder, data: st.DataObject) -> None:
    asyncio.run(decode_or_refuse(decoder, data.draw(mutations(progressive()))))


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=2000))
@quick
def test_noise(decoder: PhotoDecoder, start: bytes, rest: bytes) -> None:
    asyncio.run(decode_or_refuse(decoder, start + rest))
