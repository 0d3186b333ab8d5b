"""One run of the post-session work makes exactly one version of the analysis, and announces it once."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from app.application.sessions.every_event import FINAL_RESULT, IMPORTED, every_event
from app.application.sessions.feed import Finished, SessionFeed
from app.application.sessions.notes import notes_on
from app.domain.analysis.album import analysed_photos
from app.domain.analysis.models import Analysis, Findings
from app.domain.audio.models import TimeSpan
from app.domain.errors import NotFound
from app.domain.session.gateway import AnalysisStore, EventLog, SessionStore
from app.domain.session.models import Session, SessionKey, SessionState, StageResult, TranscriptLine
from app.domain.vision.models import SeenPhoto

RUN = "run"
"""Name of the record that a run keeps among the stages' results."""

STAGES = ("transcribe", "diarize", "describe", "analyze")


class AnalysisRuns:
    """Begins runs, stores what they found, and publishes it.

    A run is recognised after an interruption by its record: the newest version when it began. A newer one is its own,
    because the jobs of one session never overlap.
    """

    def __init__(
        self,
        sessions: SessionStore,
        analyses: AnalysisStore,
        events: EventLog,
        feed: SessionFeed,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = sessions
        self._analyses = analyses
        self._events = events
        self._feed = feed
        self._clock = clock

    async def begin(self, key: SessionKey) -> None:
        """Begin a run, unless one was interrupted: then it goes on."""
        run = (await self._analyses.stages(key)).get(RUN)
        if run is not None and not run.details["published"]:
            return
        details = {"after_version": await self.newest(key), "began_at": self._clock(), "published": False}
        await self._analyses.set_stage(key, StageResult(RUN, 0, details=details))

    async def stored(self, key: SessionKey) -> bool:
        """Whether this run has stored its version already."""
        run = await self._run(key)
        return await self.newest(key) > int(run.details["after_version"])

    async def store(
        self,
        key: SessionKey,
        findings: Findings,
        *,
        lines: Sequence[TranscriptLine],
        gaps: Sequence[TimeSpan],
        photos: Sequence[SeenPhoto],
        models: Mapping[str, str | None],
    ) -> None:
        """Store a run's version, with timings and notes from its stages."""
        session = await self._sessions.get(key)
        run = await self._run(key)
        results = await self._analyses.stages(key)
        failed = [results[stage] for stage in STAGES if stage in results and results[stage].error]
        timings_ms = {stage: results[stage].duration_ms if stage in results else 0 for stage in STAGES}
        timings_ms["end_to_final"] = round((self._clock() - _waiting_since(session, run)) * 1000)
        analysis = Analysis(
            findings=findings,
            lines=tuple(lines),
            gaps=tuple(gaps),
            photos=analysed_photos(photos),
            models=dict(models),
            timings_ms=timings_ms,
            complete=not failed,
            notes=notes_on(
                session,
                findings.language,
                failed,
                silent=not lines,
                damaged=await self._damaged(key),
                photos=photos,
            ),
        )
        await self._analyses.add(key, analysis)

    async def publish(self, key: SessionKey) -> None:
        """Announce the newest version; from now on the session counts as finished."""
        run = await self._run(key)
        version = await self.newest(key)
        if not await self._announced(key, version):
            await self._events.append(key, FINAL_RESULT, {"version": version})
        await self._analyses.set_stage(key, replace(run, details={**run.details, "published": True}))
        session = await self._sessions.get(key)
        await self._sessions.save(replace(session, state=SessionState.FINISHED, interrupted_at=None))
        # Last, and nothing is awaited after it: whoever hears it may submit the next job at once.
        self._feed.publish(key, Finished(version))

    async def _run(self, key: SessionKey) -> StageResult:
        run = (await self._analyses.stages(key)).get(RUN)
        if run is None:
            raise NotFound("the session was erased while it was being finished", code="session_not_found")
        return run

    async def newest(self, key: SessionKey) -> int:
        """Number of the newest version; 0 if there is none.

        Raises:
            NotFound: there is no such session.
        """
        try:
            return (await self._analyses.get(key)).version
        except NotFound:
            await self._sessions.get(key)  # an erased session is another matter
            return 0

    async def _damaged(self, key: SessionKey) -> bool:
        return any(
            event.kind == IMPORTED and not event.payload["whole"] for event in await every_event(self._events, key)
        )

    async def _announced(self, key: SessionKey, version: int) -> bool:
        finals = (event for event in await every_event(self._events, key) if event.kind == FINAL_RESULT)
        return any(event.payload.get("version") == version for event in finals)


def _waiting_since(session: Session, run: StageResult) -> float:
    """When the user began to wait: the end of the stream; for a version made later, the start of its run."""
    if session.ended_at is None or int(run.details["after_version"]) > 0:
        return float(run.details["began_at"])
    return session.ended_at
