"""A few children that decode photos, and the threads that wait for them."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.domain.errors import InvalidInput, Overloaded
from app.domain.vision.models import Photo
from app.infrastructure.photos.decode_photo_child import ChildLimits
from app.infrastructure.photos.photo_child import PhotoChild, interrupted


class PhotoChildren:
    """Lends each child to one piece of work at a time; started when first needed, replaced when dead or worn out."""

    def __init__(self, limits: ChildLimits, *, count: int, photos_per_child: int) -> None:
        """Nothing is started yet.

        Args:
            limits: of each child.
            count: how many there are at most.
            photos_per_child: after that many a child is replaced.
        """
        self._limits = limits
        self._count = count
        self._photos_per_child = photos_per_child
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="photo-decoder")
        self._lock = threading.Lock()
        self._idle: list[PhotoChild] = []
        self._working: set[PhotoChild] = set()
        self._closed = False

    def submit(self, work: Callable[[PhotoChild], Photo]) -> "Future[Photo]":
        """Do ``work`` with a child as soon as one is free, in the order of the calls.

        Raises:
            Overloaded: they are closed.
        """
        try:
            return self._threads.submit(self._run, work)
        except RuntimeError as error:  # the threads are shut down
            raise interrupted() from error

    def start_all(self) -> "Future[None]":
        """Start those that are missing. It is done when they are ready.

        Raises:
            Overloaded: they are closed, or (in the future) the system starts no process.
        """
        try:
            return self._threads.submit(self._fill)
        except RuntimeError as error:
            raise interrupted() from error

    def close(self) -> None:
        """End all of them, those at work too, and wait until they are gone. Blocking."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for child in (*idle, *self._working):
                child.kill()
        self._threads.shutdown()
        for child in idle:
            child.close()

    def _run(self, work: Callable[[PhotoChild], Photo]) -> Photo:
        child = self._take()
        try:
            return work(child)
        finally:
            self._give_back(child)

    def _take(self) -> PhotoChild:
        """A child that lives: the idle one that was used last, else a new one."""
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                child = PhotoChild(self._limits)
            with self._lock:
                if usable := child.alive and not self._closed:
                    self._working.add(child)
            if usable:
                return child
            child.close()
            if self._closed:
                raise interrupted()

    def _give_back(self, child: PhotoChild) -> None:
        worn_out = child.photos >= self._photos_per_child
        with self._lock:
            self._working.discard(child)
            if self._room() and child.alive and not worn_out:
                return self._idle.append(child)
            if not self._closed:  # so that the next photo need not wait for a new one
                self._threads.submit(self._add)
        return child.close()

    def _add(self) -> None:
        """Start a child, if there is room for one. It is used after those that are ready."""
        with self._lock:
            if not self._room():
                return None
        child = PhotoChild(self._limits)
        with self._lock:
            if self._room():
                return self._idle.insert(0, child)
        return child.close()

    def _fill(self) -> None:
        """Have a child for each thread, and wait until those that do nothing are ready."""
        for _ in range(self._count):
            self._add()
        with self._lock:
            starting, self._idle = self._idle, []
            self._working.update(starting)
        for child in starting:
            with contextlib.suppress(InvalidInput, Overloaded):
                child.decode(b"")  # which a child refuses as soon as it runs
            self._give_back(child)

    def _room(self) -> bool:
        return not self._closed and len(self._idle) + len(self._working) < self._count
