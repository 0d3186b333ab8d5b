"""A session to finish: real stores, and models that do what a test tells them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from app.application.analysis.analyze_transcript import AnalysisContext
from app.application.sessions.feed import FeedMessage, SessionFeed
from app.application.sessions.finish_session import FinishingPorts, FinishSession
from app.application.sessions.publish_analysis import AnalysisRuns
from app.application.sessions.read_session import ReadSession
from app.application.sessions.stages import Stages
from app.application.vision.session_photos import SessionPhotos
from app.domain.analysis.models import Claim, Evidence, Findings
from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.session.models import (
    Segment,
    Session,
    SessionConfig,
    SessionKey,
    SessionKind,
    SessionState,
    StageResult,
    TranscriptLine,
)
from app.domain.vision.frames import FrameScene
from app.domain.vision.models import Scene
from app.infrastructure.diarization.dummy_diarizer import DummyDiarizer
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.sqlite.analyses import SqliteAnalysisStore
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.sqlite.frames import SqliteFrameStore
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.sqlite.transcripts import SqliteTranscriptStore
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from tests.contracts.diarizer import ArraySource

KEY = SessionKey("local", "a")
NOW = 1_763_710_000.0
SAID = (
    Segment("s1", 0.5, 4.0, "We take the red one."),
    Segment("s2", 6.0, 9.0, "I will order it."),
)


class Failing:
    """Raises what is prepared, once each, in the order in which work is done."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.calls = 0

    def work(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class Finishing:
    """Everything around one session that has ended."""

    sessions: SqliteSessionStore
    transcripts: SqliteTranscriptStore
    analyses: SqliteAnalysisStore
    events: SqliteEventLog
    journal: FileAudioJournal
    frames: SqliteFrameStore
    feed: SessionFeed = field(default_factory=SessionFeed)
    now: float = NOW
    hearing: Failing = field(default_factory=Failing)
    diarizing: Failing = field(default_factory=Failing)
    analyzing: Failing = field(default_factory=Failing)
    describing: Failing = field(default_factory=Failing)
    said: Sequence[Segment] = SAID
    contexts: list[AnalysisContext] = field(default_factory=list)
    model_id: str = "test-model"

    async def add_session(self, config: SessionConfig | None = None, audio_s: float = 10.0) -> None:
        session = Session(
            KEY, SessionKind.RECORDING, SessionState.PROCESSING, config or SessionConfig(), "", NOW - 60,
            audio_s=audio_s, ended_at=NOW - 5,
        )  # fmt: skip
        await self.sessions.create(session)

    async def finish(self, key: SessionKey) -> None:
        stored = await self.transcripts.segments(key)
        for segment in self.said[len(stored) :]:
            self.hearing.work()
            await self.transcripts.add_segments(key, [segment], heard_s=segment.end, language="en")

    async def analyze(
        self, lines: Sequence[TranscriptLine], context: AnalysisContext, on_progress: Callable[[float], None]
    ) -> Findings:
        self.contexts.append(context)
        self.analyzing.work()
        on_progress(0.5)
        claims = [Claim(line.text, (Evidence(line.segment_id, line.text),)) for line in lines]
        return Findings(context.summary_language or context.language, "A purchase.", decisions=tuple(claims))

    async def describe_all(self, key: SessionKey, language: str, on_progress: Callable[[float], None]) -> int:
        """Tell something of every photo."""
        self.describing.work()
        for frame in await self.frames.frames(key):
            scene = Scene(f"A photo in {language}.", (), (), (), (), language)
            await self.frames.add_scene(key, FrameScene(frame.frame_id, scene, self.model_id))
        return len(await self.frames.frames(key))

    def use_case(self, *, busy_patience_s: float = 1.0) -> FinishSession:
        diarizing = self.diarizing

        class Diarizer(DummyDiarizer):
            async def diarize(self, audio, *, speakers=None, on_progress=None):  # type: ignore[no-untyped-def]
                diarizing.work()
                return await super().diarize(audio, speakers=speakers, on_progress=on_progress)

        ports = FinishingPorts(
            sessions=self.sessions,
            transcripts=self.transcripts,
            read_session=ReadSession(self.sessions, self.transcripts, self.analyses, self.journal),
            analyses=self.analyses,
            feed=self.feed,
            hearing=self,
            render_audio=_render,
            transcriber=DummyTranscriber(),
            diarizer=Diarizer(),
            analyzer=self,
            photos=self,
            session_photos=SessionPhotos(self.frames),
        )
        stages = Stages(self.analyses, busy_first_delay_s=0.001, busy_patience_s=busy_patience_s)
        runs = AnalysisRuns(self.sessions, self.analyses, self.events, self.feed, self.clock)
        return FinishSession(ports, stages, runs)

    def clock(self) -> float:
        return self.now

    async def run(self, job: str = "finish_session", *, until: str | None = None, since: str | None = None) -> None:
        """Run a job's steps; from ``since`` on, and without ``until`` and what follows it."""
        steps = list(self.use_case().jobs()[job].steps)
        names = [step.name for step in steps]
        for step in steps[names.index(since) if since else 0 : names.index(until) if until else None]:
            await step.run(KEY)

    async def watched(self, job: str = "finish_session") -> list[FeedMessage]:
        """Run a job and return what was told about it."""
        with self.feed.subscribe(KEY) as queue:
            await self.run(job)
            return [queue.get_nowait() for _ in range(queue.qsize())]

    async def finals(self) -> list[int]:
        return [event.payload["version"] for event in await self.events.read(KEY) if event.kind == "final_result"]

    async def stage(self, name: str) -> StageResult:
        return (await self.analyses.stages(KEY))[name]

    async def stopped_in(self, stage: str, starts: int) -> None:
        """Leave what a process leaves that died in the stage for the ``starts``-th time."""
        await self.analyses.set_stage(KEY, StageResult(stage, 0, "interrupted", {"starts": starts}))


@asynccontextmanager
async def _render(key: SessionKey) -> AsyncIterator[SampleSource]:
    speech = tones([1], word_s=3.5, pause_s=2.0)
    yield ArraySource(np.concatenate([np.zeros(SAMPLE_RATE_HZ // 2, np.float32), speech, tones([2], word_s=3.0)]))


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Finishing]:
    database = await SqliteDatabase.open(path)
    yield Finishing(
        SqliteSessionStore(database),
        SqliteTranscriptStore(database),
        SqliteAnalysisStore(database),
        SqliteEventLog(database),
        FileAudioJournal(SessionFiles(path.parent / "sessions")),
        SqliteFrameStore(database),
    )
    await database.close()


def cut_off(session: Session, at: float) -> Session:
    return replace(session, state=SessionState.INTERRUPTED, interrupted_at=at, ended_at=None)
