"""What the analysis can do while a session runs, so that little is left to do at its end."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.errors import VigiaError
from app.domain.session.models import Segment, SessionKey

BEGIN_AT_S = 300.0
"""Shorter sessions are analysed in a minute or two after their end; until here recognition has the processor to itself."""
KEPT_SESSIONS = 64
"""Sessions whose first minutes are remembered until it is known whether they become long ones."""
KEPT_SEGMENTS = 60
"""Of a long session, kept for what comes after them: enough to know how sentences are read together."""
PAUSE_S = 1.0
"""Between two requests: segments come in bursts, and a few at once cost less than each alone."""

log = logging.getLogger(__name__)


class Analyzer(Protocol):
    """What working ahead needs of ``AnalyzeTranscript``."""

    async def prepare(self, language: str) -> None:
        """Get ready for a language."""
        ...

    async def heard(self, segments: Sequence[Segment], before: Sequence[Segment], language: str) -> None:
        """Prepare the analysis of new segments; ``before`` are the last ones of those that were given before."""
        ...


@dataclass
class _Waiting:
    segments: list[Segment] = field(default_factory=list)
    before: list[Segment] = field(default_factory=list)
    language: str | None = None
    heard_s: float = 0.0
    prepared: bool = False


class WorkAhead:
    """Prepares the analyzer for each session's language, and gives it the new segments of long ones, one request at a time.

    What is lost here is done at the end.
    """

    def __init__(self, analyzer: Analyzer, *, begin_at_s: float = BEGIN_AT_S, pause_s: float = PAUSE_S) -> None:
        """Prepare; nothing happens unless ``run`` runs.

        Args:
            analyzer: does the work.
            begin_at_s: length of a session from which on it is analysed while it runs.
            pause_s: between two requests.
        """
        self._analyzer = analyzer
        self._begin_at_s = begin_at_s
        self._pause_s = pause_s
        self._waiting: OrderedDict[SessionKey, _Waiting] = OrderedDict()
        self._wake = asyncio.Event()

    def stored(self, key: SessionKey, segments: Sequence[Segment], heard_s: float, language: str | None) -> None:
        """New segments are stored; never blocks."""
        waiting = self._waiting.setdefault(key, _Waiting())
        self._waiting.move_to_end(key)
        waiting.segments.extend(segments)
        waiting.language, waiting.heard_s = language or waiting.language, heard_s
        while len(self._waiting) > KEPT_SESSIONS:
            self._waiting.popitem(last=False)
        self._wake.set()

    def forget(self, key: SessionKey) -> None:
        """The session was erased: keep nothing of what was said in it."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.segments.clear()  # it may be about to be advanced
            waiting.before.clear()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for waiting in list(self._waiting.values()):
                await self._advance(waiting)
            await asyncio.sleep(self._pause_s)

    async def _advance(self, waiting: _Waiting) -> None:
        if waiting.language is None:
            return
        try:
            if not waiting.prepared:
                waiting.prepared = True
                await self._analyzer.prepare(waiting.language)
            if waiting.segments and waiting.heard_s >= self._begin_at_s:
                segments, waiting.segments = waiting.segments, []
                before, waiting.before = waiting.before, [*waiting.before, *segments][-KEPT_SEGMENTS:]
                await self._analyzer.heard(segments, before, waiting.language)
        except Exception as error:  # whatever it was, the other sessions' turn comes; the end reports what fails again
            code = error.code if isinstance(error, VigiaError) else type(error).__name__
            log.info("not analysed ahead", extra={"code": code})
