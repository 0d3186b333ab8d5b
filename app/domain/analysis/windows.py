"""Which sentences are read together, and after which: cut by what was said, so that the same words are cut the same way.

Where a sentence is added, dropped or split, only the windows around it change; what is known of the others stays valid.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

_LEAST, _MOST = 6, 16
"""Sentences in a window …"""
_ONE_IN = 6
"""… which ends, from the least on, after about one sentence in so many: the same ones, wherever they stand."""
_MAX_CHARS = 1_500
"""Even in few sentences, a window is no longer than fits a model's context twice."""


@dataclass(frozen=True)
class Window:
    """Sentences to read, as indices ``begin`` to ``end``; those from ``context`` to ``begin`` are read before them."""

    context: int
    begin: int
    end: int


def windows(texts: Sequence[str]) -> list[Window]:
    """Cut a transcript's sentences into windows, each read after the one before it."""
    found: list[Window] = []
    context = begin = chars = 0
    for index, text in enumerate(texts):
        chars += len(text)
        count = index + 1 - begin
        full = count >= _MOST or chars >= _MAX_CHARS
        if full or (count >= _LEAST and _ends_window(text)) or index + 1 == len(texts):
            found.append(Window(context, begin, index + 1))
            context, begin, chars = begin, index + 1, 0
    return found


def _ends_window(text: str) -> bool:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") % _ONE_IN == 0
