"""Finds the child processes that decode recordings."""

import contextlib

import psutil

from app.infrastructure.audio.limited_decoder import CHILD_MODULE


def decoders() -> list[psutil.Process]:
    """Those of this process that run now; other tests' children are none of them."""
    return [child for child in psutil.Process().children() if _decodes(child)]


def _decodes(child: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return CHILD_MODULE in child.cmdline()
    return False
