"""Finds the child processes that decode recordings and photos."""

import contextlib

import psutil

from app.infrastructure.audio.limited_decoder import CHILD_MODULE as RECORDINGS
from app.infrastructure.photos.photo_child import CHILD_MODULE as PHOTOS


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
