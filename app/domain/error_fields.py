"""What a log line says about an error: its kind, its place and its causes, never what it quotes."""

import errno
import traceback
from collections.abc import Iterator
from pathlib import PurePath

from app.domain.errors import VigiaError

MAX_FRAMES = 8
"""Enough to lead from inside a library back to the call of ours; a whole traceback would bury the line's other fields."""
MAX_CAUSES = 4
"""Causes are a translation or two deep here; the bound also ends a chain that leads back to itself."""
_PATH_PARTS = 3
"""``runtime/worker.py`` alone may be anybody's, a whole path names the user's home."""


def error_fields(error: BaseException) -> dict[str, str]:
    """Kind and place of an error for the log; the message only of our own, because others may quote what was said.

    Returns:
        ``error``: its type, with the system's name of an operating system's error. ``where``: the innermost calls as
        file:line, the innermost first. ``causes``, if it has any: their types, each with the line that raised it.
        ``reason``, if it is ours: its message.
    """
    fields = {"error": _kind(error), "where": " < ".join(_places(error)[:MAX_FRAMES])}
    causes = [" at ".join((_kind(cause), *_places(cause)[:1])) for cause in _causes(error)]
    if causes:
        fields["causes"] = " < ".join(causes)
    if isinstance(error, VigiaError):
        fields["reason"] = error.message
    return fields


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    known = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
    return name if known is None else f"{name} [{known}]"


def _places(error: BaseException) -> list[str]:
    frames = list(traceback.walk_tb(error.__traceback__))
    return [f"{_short(frame.f_code.co_filename)}:{line}" for frame, line in reversed(frames)]


def _short(path: str) -> str:
    return "/".join(PurePath(path).parts[-_PATH_PARTS:])


def _causes(error: BaseException) -> Iterator[BaseException]:
    for _ in range(MAX_CAUSES):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        yield cause
        error = cause
