"""A transcript store whose new segments others hear of."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.diarization.models import SpeakerTurn
from app.domain.session.gateway import TranscriptStore
from app.domain.session.models import Segment, SessionKey


class SegmentObserver(Protocol):
    """Hears of final segments."""

    def stored(self, key: SessionKey, segments: Sequence[Segment], heard_s: float, language: str | None) -> None:
        """New segments are stored; must return at once.

        Args:
            key: their session.
            segments: in time order.
            heard_s: recognition is final up to here.
            language: ISO 639-1 of the speech; None if it is not known.
        """
        ...


class ObservedTranscriptStore(TranscriptStore):
    """A transcript store that tells others about new segments."""

    def __init__(self, store: TranscriptStore, *observers: SegmentObserver) -> None:
        self._store = store
        self._observers = observers

    async def add_segments(
        self, key: SessionKey, segments: Sequence[Segment], *, heard_s: float, language: str | None
    ) -> None:
        """See the port."""
        await self._store.add_segments(key, segments, heard_s=heard_s, language=language)
        for observer in self._observers:
            observer.stored(key, segments, heard_s, language)

    async def segments(self, key: SessionKey) -> Sequence[Segment]:
        """See the port."""
        return await self._store.segments(key)

    async def set_turns(self, key: SessionKey, turns: Sequence[SpeakerTurn]) -> None:
        """See the port."""
        await self._store.set_turns(key, turns)

    async def turns(self, key: SessionKey) -> Sequence[SpeakerTurn]:
        """See the port."""
        return await self._store.turns(key)

    async def set_names(self, key: SessionKey, names: Mapping[str, str]) -> None:
        """See the port."""
        await self._store.set_names(key, names)

    async def names(self, key: SessionKey) -> Mapping[str, str]:
        """See the port."""
        return await self._store.names(key)
