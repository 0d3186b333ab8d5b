"""How often a client should take photos: as the describer's load and the scene allow."""

from collections import OrderedDict

from app.application.sessions.feed import PhotoInterval, SessionFeed
from app.application.vision.photo_queue import PhotoQueue
from app.domain.session.models import SessionKey

BUSY_SHARE = 0.5
"""Share of the time that describing photos may take: the rest belongs to speech."""
STILL_FACTOR, STILL_LIMIT = 1.5, 4.0
"""Each photo that shows nothing new makes the interval that much longer, up to so many times the configured one."""
TOLD_CHANGE = 1.25
"""A client is told when its interval becomes that much longer or shorter."""
KEPT_SESSIONS = 1000


class PhotoPace:
    """Steers each session's interval between photos."""

    def __init__(self, queue: PhotoQueue, feed: SessionFeed, *, interval_s: float, max_interval_s: float) -> None:
        """Prepare.

        Args:
            queue: tells how long descriptions take and how many wait.
            feed: tells the session's client when its interval changes.
            interval_s: the shortest, for an idle describer and a changing scene.
            max_interval_s: the longest.
        """
        self._queue = queue
        self._feed = feed
        self._interval_s = interval_s
        self._max_interval_s = max_interval_s
        self._stillness: OrderedDict[SessionKey, float] = OrderedDict()
        self._told: dict[SessionKey, float] = {}

    def interval_s(self, key: SessionKey | None = None) -> float:
        """The interval that suits now, in seconds, to a tenth."""
        by_load = (self._queue.usual_s + self._queue.wait_s) / BUSY_SHARE
        still = self._stillness.get(key, 1.0) if key is not None else 1.0
        return round(min(self._max_interval_s, max(self._interval_s * still, by_load)), 1)

    def seen(self, key: SessionKey, *, changed: bool) -> None:
        """A photo came; ``changed``: it shows something else than the one before. Tells the client if its interval changes."""
        still = 1.0 if changed else min(STILL_LIMIT, self._stillness.get(key, 1.0) * STILL_FACTOR)
        self._stillness[key] = still
        self._stillness.move_to_end(key)
        while len(self._stillness) > KEPT_SESSIONS:
            self.forget(next(iter(self._stillness)))
        now, told = self.interval_s(key), self._told.get(key, self._interval_s)
        if max(now, told) >= TOLD_CHANGE * min(now, told):
            self.tell(key)

    def tell(self, key: SessionKey) -> float:
        """Tell the session's client its interval, and return it in seconds."""
        interval_s = self._told[key] = self.interval_s(key)
        self._feed.publish(key, PhotoInterval(interval_s))
        return interval_s

    def forget(self, key: SessionKey) -> None:
        """The session was erased."""
        self._stillness.pop(key, None)
        self._told.pop(key, None)
