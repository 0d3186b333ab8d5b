"""Dangers reach the phone while they matter: an alert for each, and repetitions are held back."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from app.application.sessions.feed import SessionFeed
from app.domain.session.models import Segment, Session, SessionKey
from app.domain.vision.alerts import Alert, AlertCoolDown, photo_alert, spoken_alert, spoken_risks
from app.domain.vision.models import Scene

KEPT_SESSIONS = 1000
"""Sessions whose alerts are remembered: far more than can be live."""


class TellAlerts:
    """Publishes alerts to whoever is connected to the session."""

    def __init__(self, feed: SessionFeed, *, cool_down_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._cool_down_s = cool_down_s
        self._clock = clock
        self._told: OrderedDict[SessionKey, AlertCoolDown] = OrderedDict()

    def of_photo(self, session: Session, frame_id: str, scene: Scene) -> None:
        """Tell what is dangerous in a photo, in the session's language if that is known and the describer writes it."""
        spoken = session.config.language or session.language
        for risk in scene.risks:
            self._tell(session.key, risk.kind, photo_alert(risk, scene.language, frame_id, spoken))

    def stored(self, key: SessionKey, segments: Sequence[Segment], heard_s: float, language: str | None) -> None:
        """Tell what people warn of in final segments."""
        if language is None:
            return
        for segment in segments:
            for risk in spoken_risks(segment.text, language):
                self._tell(key, risk.kind, spoken_alert(risk, language, segment.segment_id))

    def forget(self, key: SessionKey) -> None:
        """The session was erased: keep nothing about it."""
        self._told.pop(key, None)

    def _tell(self, key: SessionKey, kind: str, alert: Alert) -> None:
        told = self._told.setdefault(key, AlertCoolDown(self._clock, self._cool_down_s))
        self._told.move_to_end(key)
        while len(self._told) > KEPT_SESSIONS:
            self._told.popitem(last=False)
        if told.admits(kind, alert.severity):
            self._feed.publish(key, alert)
