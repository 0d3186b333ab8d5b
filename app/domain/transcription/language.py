"""Which language a session is in: configured, or detected once and kept."""

from app.domain.transcription.models import Transcription

CONFIDENT = 0.6
"""Whisper's detection was right in 20 of 20 clips above this, and is a guess on a cough."""
SHORTEST_S = 1.5
"""Less speech than this says little about its language."""


class SpokenLanguage:
    """The language of one session; ``kept`` never changes once it is set."""

    def __init__(self, kept: str | None) -> None:
        self.kept = kept
        self._best: tuple[float, str] | None = None

    def heard(self, found: Transcription) -> None:
        """Learn from the next final recognition, in order."""
        if self.kept is not None or not found.segments:
            return
        spoken_s = sum(segment.end - segment.start for segment in found.segments)
        if found.language_probability >= CONFIDENT and spoken_s >= SHORTEST_S:
            self.kept = found.language
        elif self._best is None or found.language_probability > self._best[0]:
            self._best = (found.language_probability, found.language)

    def settle(self) -> None:
        """The session ends: the best guess is better than none."""
        if self.kept is None and self._best is not None:
            self.kept = self._best[1]
