"""Photos decoded by children that have little memory and time, and may crash without harm."""

import asyncio
import threading
import time

from app.domain.errors import Overloaded
from app.domain.vision.gateway import PhotoDecoder
from app.domain.vision.models import MAX_SIDE_PX, Photo
from app.infrastructure.photos.decode_photo_child import ChildLimits
from app.infrastructure.photos.photo_child import RETRY_AFTER_S, PhotoChild, interrupted
from app.infrastructure.photos.photo_children import PhotoChildren
from app.infrastructure.photos.photo_formats import check_is_photo

MAX_MEGAPIXELS = 40
MAX_BYTES = 20 * 1024 * 1024
CHILDREN = 2
TIMEOUT_S = 30.0
"""A photo takes at most about 2 s (40 megapixels as lossless WebP); a machine busy with models may take longer."""
PHOTO_CPU_S = 10
PHOTOS_PER_CHILD = 500
"""Then a fresh child takes its place, so that what a decoder leaks stays small. Starting one takes 0.2 s of another core."""
_BASE_MEMORY_BYTES = 128 << 20
_MEMORY_PER_PIXEL = 20
_MEMORY_PER_BYTE = 4
"""Measured at 40 megapixels: the interpreter with Pillow takes 35 MB, then WebP with transparency most a pixel, 17 bytes
(its canvas and the one before, the copy that leaves the decoder, the picture); PNG takes 10 and JPEG 9, progressive CMYK."""
MAX_WAITING = 32
"""A burst of many wearers, or of one that was without a network. Each photo takes 5 to 50 ms, so that the last one of a burst
waits for half a second or so."""
MAX_WAITING_BYTES = 200 * 1024 * 1024
"""Files of the photos that wait or are decoded: ten of the largest, or hundreds as glasses send them."""
WAIT_S = 5.0
"""Longest wait for a child, for whoever comes behind photos that take unusually long."""


class _Job:
    """One photo on its way through a child, and who may end it."""

    def __init__(self, data: bytes, timeout_s: float, wait_s: float) -> None:
        self.data = data
        self._stopped = False
        self._timeout_s = timeout_s
        self._waits_until_s = time.monotonic() + wait_s
        self._started_s: float | None = None
        self._child: PhotoChild | None = None
        self._lock = threading.Lock()

    def run(self, child: PhotoChild) -> Photo:
        with self._lock:
            if self._stopped:
                raise interrupted()
            self._child, self._started_s = child, time.monotonic()
        try:
            return child.decode(self.data)
        finally:
            with self._lock:
                self._child = None

    def left_s(self) -> float:
        """Until it has waited for a child, or until that has worked on it, for too long."""
        started_s = self._started_s
        until_s = self._waits_until_s if started_s is None else started_s + self._timeout_s
        return max(0.0, until_s - time.monotonic())

    def stop(self, *, late: bool) -> bool:
        """Kill the child that works on it, so that nobody reads the rest of its answer; False if none ever did or will."""
        with self._lock:
            self._stopped = True
            if self._child:
                self._child.kill(late=late)
            return self._started_s is not None


class LimitedPhotoDecoder(PhotoDecoder):
    """A few children, started when first needed, each used for one photo at a time and replaced when it dies.

    Photos wait for a free child in the order of their arrival; only so many may wait, and only for so long.
    """

    def __init__(
        self,
        *,
        max_megapixels: float = MAX_MEGAPIXELS,
        max_bytes: int = MAX_BYTES,
        children: int = CHILDREN,
        timeout_s: float = TIMEOUT_S,
        photos_per_child: int = PHOTOS_PER_CHILD,
        memory_bytes: int | None = None,
        rotation: int = 0,
        max_waiting: int = MAX_WAITING,
        wait_s: float = WAIT_S,
    ) -> None:
        """Nothing is started yet.

        Args:
            max_megapixels: width x height of what is decoded, in millions.
            max_bytes: of a file.
            children: how many photos are decoded at once.
            timeout_s: a child that takes longer for a photo is killed.
            photos_per_child: after that many it is replaced.
            memory_bytes: a child's address space; None for what photos of ``max_megapixels`` take.
            rotation: degrees clockwise, 0, 90, 180 or 270, by which photos are turned that carry no EXIF orientation.
            max_waiting: photos that wait for a child.
            wait_s: longest wait for a child.
        """
        max_pixels = round(max_megapixels * 1e6)
        self._max_bytes = max_bytes
        self._max_bytes_at_once = max(max_bytes, MAX_WAITING_BYTES)
        self._timeout_s = timeout_s
        self._wait_s = wait_s
        self._max_in_progress = children + max_waiting
        self._in_progress = 0
        self._bytes_in_progress = 0
        limits = ChildLimits(
            memory_bytes=memory_bytes or _memory_bytes(max_pixels, max_bytes),
            life_cpu_s=PHOTO_CPU_S * photos_per_child,
            photo_cpu_s=PHOTO_CPU_S,
            max_pixels=max_pixels,
            max_side_px=MAX_SIDE_PX,
            rotation=rotation,
        )
        self._children = PhotoChildren(limits, count=children, photos_per_child=photos_per_child)

    async def warm_up(self) -> None:
        """Start all children, and wait until they are ready, so that the first photos do not.

        Raises:
            Overloaded: the system starts no process.
        """
        await asyncio.wrap_future(self._children.start_all())

    async def decode(self, data: bytes) -> Photo:
        """See ``PhotoDecoder.decode``. Cancelling the awaiting task kills the child that works on the photo."""
        check_is_photo(data, self._max_bytes)
        if self._in_progress >= self._max_in_progress or self._bytes_in_progress + len(data) > self._max_bytes_at_once:
            raise _too_many()
        job = _Job(data, self._timeout_s, self._wait_s)
        work = asyncio.wrap_future(self._children.submit(job.run))
        self._in_progress += 1
        self._bytes_in_progress += len(data)
        try:
            return await _outcome(job, work)
        except asyncio.CancelledError:
            work.cancel()  # for a job that waits yet
            job.stop(late=False)
            raise
        finally:
            self._in_progress -= 1
            self._bytes_in_progress -= len(data)

    async def close(self) -> None:
        """End the children, those at work too, and wait until they are gone."""
        await asyncio.to_thread(self._children.close)


async def _outcome(job: _Job, work: "asyncio.Future[Photo]") -> Photo:
    while not (await asyncio.wait({work}, timeout=job.left_s()))[0]:
        if not job.left_s():
            if not job.stop(late=True):
                work.cancel()
                raise _too_many()
            break
    return await work


def _too_many() -> Overloaded:
    return Overloaded("too many photos are being decoded; try again in a moment", retry_after_s=RETRY_AFTER_S)


def _memory_bytes(max_pixels: int, max_bytes: int) -> int:
    return _BASE_MEMORY_BYTES + _MEMORY_PER_PIXEL * max_pixels + _MEMORY_PER_BYTE * max_bytes
