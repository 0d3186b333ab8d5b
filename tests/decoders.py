"""Finds the child processes that decode recordings and photos."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import psutil

from app.infrastructure.audio.limited_decoder import CHILD_MODULE as RECORDINGS
from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from app.infrastructure.photos.photo_child import CHILD_MODULE as PHOTOS
from tests.photos import corners, quarters, saved


def decoders() -> list[psutil.Process]:
    """Those of recordings that this process runs now; other tests' children are none of them."""
    return _children(RECORDINGS)


def photo_decoders() -> list[psutil.Process]:
    """The same for photos."""
    return _children(PHOTOS)


def _children(module: str) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if _runs(child, module)]


def _runs(child: psutil.Process, module: str) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return module in child.cmdline()
    return False


@contextlib.asynccontextmanager
async def decoding_photos(**options: Any) -> AsyncIterator[LimitedPhotoDecoder]:
    """A decoder with one child that runs, and what it leaves behind: nothing."""
    decoder = LimitedPhotoDecoder(**{"children": 1, **options})
    try:
        await decoder.warm_up()
        yield decoder
    finally:
        await decoder.close()
    assert photo_decoders() == []


async def works(decoder: LimitedPhotoDecoder) -> bool:
    photo = await decoder.decode(saved(quarters()))
    return corners(photo.pixels) == corners(np.asarray(quarters()))
