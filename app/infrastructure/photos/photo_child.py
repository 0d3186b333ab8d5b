"""One running child that decodes photos, and what it says, of which nothing is trusted. Blocking."""

import contextlib
import logging
import signal
import subprocess
from dataclasses import dataclass
from typing import IO, cast

import numpy as np

from app.domain.errors import InvalidInput, Overloaded
from app.domain.vision.models import Photo
from app.infrastructure.photos.decode_photo_child import (
    ANIMATED,
    DAMAGED,
    PHOTO,
    REPLY,
    REQUEST,
    TOO_LITTLE_MEMORY,
    TOO_MANY_PIXELS,
    ChildLimits,
)
from app.infrastructure.photos.photo_formats import ACCEPTED, photo_too_large, unusable
from app.infrastructure.runtime.child_process import start_child

log = logging.getLogger(__name__)

CHILD_MODULE = "app.infrastructure.photos.decode_photo_child"
RETRY_AFTER_S = 1.0
_JPEG_SLACK_BYTES = 64 * 1024
"""What a JPEG may take beyond three bytes a pixel: its tables."""
_JPEG_START = b"\xff\xd8\xff"
_STOPPED = -int(getattr(signal, "SIGKILL", 9))
_OUT_OF_CPU_TIME = -int(getattr(signal, "SIGXCPU", 24))


@dataclass(frozen=True)
class _Reply:
    """A reply's numbers, see ``REPLY``."""

    kind: bytes
    width: int
    height: int
    sent_width: int
    sent_height: int
    jpeg_bytes: int


class PhotoChild:
    """A process that decodes one photo at a time. It is used by one thread; ``kill`` may be called by any.

    Once it did not answer a request as it should, it is dead: see ``alive``.
    """

    def __init__(self, limits: ChildLimits) -> None:
        """Start it. It takes about 0.2 s to be ready; requests wait in its pipe.

        Raises:
            Overloaded: the system starts no process.
        """
        self.photos = 0
        """How many it was given."""
        self._limits = limits
        self._killed = False
        self._late = False
        try:
            self._process = start_child(CHILD_MODULE, limits.arguments(), stdin=subprocess.PIPE)
        except OSError as error:
            raise Overloaded(
                f"no process could be started to decode the photo ({error.strerror}); try again later",
                retry_after_s=RETRY_AFTER_S,
            ) from error
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)

    @property
    def alive(self) -> bool:
        """Whether it can take a photo."""
        return not self._killed and self._process.poll() is None

    def decode(self, data: bytes) -> Photo:
        """Have one photo decoded.

        Raises:
            InvalidInput: see ``PhotoDecoder.decode``; also if the child died of the photo.
            TooLarge: the same.
            Overloaded: the child was killed by somebody else.
        """
        self.photos += 1
        try:
            self._requests.write(REQUEST.pack(len(data)))
            self._requests.write(data)
            self._requests.flush()
            return read_reply(self._replies, self._limits)
        except (EOFError, OSError) as error:
            raise self._death() from error

    def kill(self, *, late: bool = False) -> None:
        """End it now. ``late``: since it took too long for its photo."""
        self._late = self._late or late
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self.kill()
        self._process.wait()
        for pipe in (self._requests, self._replies):
            with contextlib.suppress(OSError):  # a request that it did not take any more
                pipe.close()

    def _death(self) -> Exception:
        """Why the child did not answer; it is dead afterwards."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)  # it ends with its pipes, unless it talks nonsense
        ended_with = self._process.poll()
        self.close()
        log.warning("photo decoder ended", extra={"status": ended_with, "late": self._late})
        if self._late or ended_with == _OUT_OF_CPU_TIME:
            return unusable(f"this photo takes too long to decode; send it saved anew as {ACCEPTED}")
        return interrupted() if ended_with == _STOPPED else _damaged()


def interrupted() -> Overloaded:
    """The answer to whoever's child was ended from outside."""
    return Overloaded("decoding the photo was interrupted; send it again", retry_after_s=RETRY_AFTER_S)


def read_reply(stream: IO[bytes], limits: ChildLimits) -> Photo:
    """The photo that a child sends.

    Raises:
        InvalidInput: it refuses the photo.
        EOFError: the reply ends early.
        OSError: it is malformed.
    """
    reply = _Reply(*REPLY.unpack(_exactly(stream, bytearray(REPLY.size))))
    if not _plausible(reply, limits):
        raise OSError("malformed reply")
    if reply.kind != PHOTO:
        raise _refusal(reply, limits)
    pixels = np.empty((reply.height, reply.width, 3), np.uint8)
    _exactly(stream, pixels.reshape(-1).data)
    jpeg = bytes(_exactly(stream, bytearray(reply.jpeg_bytes)))
    if not jpeg.startswith(_JPEG_START):
        raise OSError("malformed reply")
    return Photo(pixels, reply.sent_width, reply.sent_height, jpeg)


def _plausible(reply: _Reply, limits: ChildLimits) -> bool:
    if reply.kind != PHOTO:
        return reply.kind in {DAMAGED, ANIMATED, TOO_MANY_PIXELS, TOO_LITTLE_MEMORY}
    pixels = reply.width * reply.height
    return (
        1 <= reply.width <= limits.max_side_px
        and 1 <= reply.height <= limits.max_side_px
        and 1 <= reply.sent_width * reply.sent_height <= limits.max_pixels
        and 1 <= reply.jpeg_bytes <= 3 * pixels + _JPEG_SLACK_BYTES
    )


def _exactly(stream: IO[bytes], buffer: bytearray | memoryview) -> bytearray | memoryview:
    """``buffer``, filled from the stream; EOFError if that ends before."""
    view = memoryview(buffer)
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined] # binary pipes have it
        if not count:
            raise EOFError
        view = view[count:]
    return buffer


def _refusal(reply: _Reply, limits: ChildLimits) -> InvalidInput:
    most = f"{limits.max_pixels / 1e6:g} megapixels at most; make it smaller"
    if reply.kind == TOO_MANY_PIXELS:
        size = f"this one has {reply.sent_width} x {reply.sent_height} pixels; " if reply.sent_width else ""
        return photo_too_large(f"{size}a photo may have {most}")
    if reply.kind == TOO_LITTLE_MEMORY:
        return photo_too_large(
            f"this photo takes too much memory to decode; make it smaller, or send another of {ACCEPTED}"
        )
    if reply.kind == ANIMATED:
        return InvalidInput(
            f"this picture is animated; send a single one as {ACCEPTED}", param="file", code="animated_image"
        )
    return _damaged()


def _damaged() -> InvalidInput:
    return unusable(f"the photo is damaged, cut off, or of a rare kind; send it again, or saved anew as {ACCEPTED}")
