"""What happens to a session after its last audio: transcribe the rest, tell speakers apart, analyse, publish.

Each stage is a step of a durable job: it takes the session's key, reads and writes stores, and may be run again after an
interruption. Whatever fails, the session ends with an analysis of what there is.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from app.application.analysis.analyze_transcript import AnalysisContext
from app.application.sessions.end_session import ANALYZE_JOB, FINISH_JOB
from app.application.sessions.feed import Failed, SessionFeed
from app.application.sessions.publish_analysis import AnalysisRuns
from app.application.sessions.read_session import ReadSession
from app.application.sessions.stage_progress import told_progress
from app.application.sessions.stages import StageDetails, Stages
from app.application.vision.session_photos import SessionPhotos
from app.domain.analysis.models import Findings
from app.domain.analysis.photo_findings import merge_photos
from app.domain.audio.gateway import SampleSource
from app.domain.diarization.gateway import Diarizer
from app.domain.diarization.relabelling import keep_labels
from app.domain.session.gateway import AnalysisStore, SessionStore, TranscriptStore
from app.domain.session.jobs import Job, Jobs, JobStep
from app.domain.session.models import Session, SessionKey, TranscriptLine
from app.domain.transcription.gateway import Transcriber

UNDETERMINED = "und"
"""ISO 639-3 for a language that nobody could tell, because nothing was said."""

NOT_STORED = "the result could not be stored; the recording is safe: see that the server's disk has room, it tries again within a minute"

RenderAudio: TypeAlias = Callable[[SessionKey], AbstractAsyncContextManager[SampleSource]]
"""Gives a session's whole audio while a block runs."""


class Hearing(Protocol):
    """What finishing needs of ``LiveListening``."""

    async def finish(self, key: SessionKey) -> None:
        """Recognise everything to the journal's end, and tell progress."""
        ...


class Looking(Protocol):
    """What finishing needs of ``LookAtFrames``."""

    @property
    def model_id(self) -> str:
        """The describer's name as it appears in results."""
        ...

    async def describe_all(self, key: SessionKey, language: str, on_progress: Callable[[float], None]) -> int:
        """Describe each photo of a session that is not yet, or not in this language; returns how many there are."""
        ...


class Analyzer(Protocol):
    """What finishing needs of ``AnalyzeTranscript``."""

    @property
    def model_id(self) -> str:
        """The language model's name as it appears in results."""
        ...

    async def analyze(
        self, lines: Sequence[TranscriptLine], context: AnalysisContext, on_progress: Callable[[float], None]
    ) -> Findings:
        """Find what a transcript comes to."""
        ...


@dataclass(frozen=True)
class FinishingPorts:
    """What the stages work with."""

    sessions: SessionStore
    transcripts: TranscriptStore
    read_session: ReadSession
    analyses: AnalysisStore
    feed: SessionFeed
    hearing: Hearing
    render_audio: RenderAudio
    transcriber: Transcriber
    diarizer: Diarizer
    analyzer: Analyzer
    photos: Looking
    session_photos: SessionPhotos


class FinishSession:
    """The stages of the post-session work."""

    def __init__(self, ports: FinishingPorts, stages: Stages, runs: AnalysisRuns) -> None:
        self._ports = ports
        self._stages = stages
        self._runs = runs

    def jobs(self) -> Jobs:
        """The jobs that a runner must know."""
        begin, publish = JobStep("begin", self._runs.begin), JobStep("publish", self._runs.publish)
        transcribe, diarize = JobStep("transcribe", self.transcribe), JobStep("diarize", self.diarize)
        describe, analyze = JobStep("describe", self.describe), JobStep("analyze", self.analyze)
        return {
            FINISH_JOB: Job((begin, transcribe, diarize, describe, analyze, publish), self.gave_up),
            ANALYZE_JOB: Job((begin, JobStep("repair", self.repair), describe, analyze, publish), self.gave_up),
        }

    def gave_up(self, key: SessionKey) -> None:
        """Tell whoever waits that there will be no result soon: not even the failure of a stage could be stored."""
        self._ports.feed.publish(key, Failed(NOT_STORED))

    async def transcribe(self, key: SessionKey) -> None:
        """Recognise what is not recognised yet."""

        async def work() -> StageDetails:
            await self._ports.hearing.finish(key)
            return {}

        await self._stages.run(key, "transcribe", work)

    async def diarize(self, key: SessionKey) -> None:
        """Find out who spoke when."""
        session = await self._ports.sessions.get(key)
        if not session.config.diarize or not await self._ports.transcripts.segments(key):
            return

        async def work() -> StageDetails:
            async with (
                told_progress(self._ports.feed, key, "diarizing") as progress,
                self._ports.render_audio(key) as audio,
            ):
                turns = await self._ports.diarizer.diarize(
                    audio, speakers=session.config.speakers, on_progress=progress
                )
            before = await self._ports.transcripts.turns(key)
            turns = keep_labels(before, turns, await self._labels(key) if before else ())
            await self._ports.transcripts.set_turns(key, turns)
            return {"speakers": len({turn.speaker for turn in turns})}

        await self._stages.run(key, "diarize", work)

    async def _labels(self, key: SessionKey) -> set[str]:
        """Every label that a name or a version of the analysis refers to."""
        labels = set(await self._ports.transcripts.names(key))
        for version in range(1, await self._runs.newest(key) + 1):
            lines = (await self._ports.analyses.get(key, version)).lines
            labels |= {line.speaker for line in lines if line.speaker is not None}
        return labels

    async def repair(self, key: SessionKey) -> None:
        """Do again what failed the last time."""
        results = await self._ports.analyses.stages(key)
        if "transcribe" not in results or results["transcribe"].error:
            await self.transcribe(key)
        if "diarize" not in results or results["diarize"].error:
            await self.diarize(key)

    async def describe(self, key: SessionKey) -> None:
        """Describe the photos that are not described yet, in the language of the analysis."""
        if not await self._ports.session_photos.frames(key):
            return
        language = await self._language(await self._ports.sessions.get(key))

        async def work() -> StageDetails:
            # The analysis itself has not begun: its progress stays where it is.
            async with told_progress(self._ports.feed, key, "analyzing", end=0.0) as progress:
                return {"photos": await self._ports.photos.describe_all(key, language, progress)}

        await self._stages.run(key, "describe", work)

    async def analyze(self, key: SessionKey) -> None:
        """Find what the session comes to, and store it as a new version."""
        if await self._runs.stored(key):
            return
        session = await self._ports.sessions.get(key)
        lines, gaps = await self._ports.read_session.lines(key), await self._ports.read_session.gaps(key)
        language = await self._language(session)
        photos = [photo.seen() for photo in (await self._ports.session_photos(session, language)).photos]
        findings = Findings(language)
        context = AnalysisContext(
            language=session.language or session.config.language or UNDETERMINED,
            summary_language=session.config.summary_language,
            timezone=session.config.timezone,
            started_at=session.started_at,
            names=await self._ports.transcripts.names(key),
        )

        async def work() -> StageDetails:
            nonlocal findings
            async with told_progress(self._ports.feed, key, "analyzing") as progress:
                # Without a word there is nothing to ask a language model, which would make something up.
                if lines:
                    findings = await self._ports.analyzer.analyze(lines, context, progress)
            return {"lines": len(lines), "photos": len(photos)}

        await self._stages.run(key, "analyze", work)
        findings = await asyncio.to_thread(merge_photos, findings, lines, photos, context.language)
        models = self._models(session, lines, seen=bool(photos))
        await self._runs.store(key, findings, lines=lines, gaps=gaps, photos=photos, models=models)

    async def _language(self, session: Session) -> str:
        """ISO 639-1 of the analysis."""
        known = session.config.summary_language or session.language or session.config.language
        if known is not None:
            return known
        frames = await self._ports.session_photos.frames(session.key)
        return frames[0].photo.language if frames else UNDETERMINED

    def _models(self, session: Session, lines: Sequence[TranscriptLine], *, seen: bool) -> dict[str, str | None]:
        diarized = session.config.diarize and lines
        return {
            "transcriber": self._ports.transcriber.model_id,
            "diarizer": self._ports.diarizer.model_id if diarized else None,
            "language_model": self._ports.analyzer.model_id if lines else None,
            "scene_describer": self._ports.photos.model_id if seen else None,
        }
