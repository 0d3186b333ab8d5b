"""Recordings that are uploaded into sessions which have audio already."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from app.application.listening.listening_options import ListeningOptions
from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.end_session import EndSession
from app.application.sessions.hear_late_audio import HearLateAudio
from app.application.sessions.import_recording import Imported, ImportRecording
from app.application.sessions.live import LiveSessions
from app.application.sessions.open_session import OpenSession
from app.application.sessions.quota import AudioQuota
from app.application.sessions.read_session import ReadSession
from app.domain.audio.models import TimeSpan, Waveform
from app.domain.errors import GatewayUnavailable, Overloaded, TooLarge
from app.domain.session.jobs import Job, JobStep
from app.domain.session.models import Segment, SessionKey, SessionState
from app.domain.transcription.models import TranscribeOptions, Transcription
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from app.infrastructure.sqlite.analyses import SqliteAnalysisStore
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from tests.listening_world import QUICK_RETRIES, World, numbered, open_world
from tests.wav_files import write_wav

pytestmark = pytest.mark.unit
WORD = {"word_s": 0.3, "pause_s": 0.2}
GAP_S = 2.0
MAX_SESSION_S = 60.0


class SlowTranscriber(DummyTranscriber):
    """Waits at a gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        if not self.gate.is_set():
            self.waiting.set()
        await self.gate.wait()
        return await super().transcribe(speech, options)


@dataclass
class Desk:
    """Takes recordings; its jobs transcribe, then count the session's words."""

    world: World
    transcriber: SlowTranscriber
    folder: Path
    analyses: SqliteAnalysisStore
    quota_bytes: int = 0
    counted: list[int] = field(default_factory=list)
    later: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        world, self.live = self.world, LiveSessions(8)
        ports = world.ports
        self.reading = ReadSession(ports.sessions, ports.transcripts, self.analyses, ports.journal)
        self.later.set()
        self.late = HearLateAudio(
            world.listening, world.ports, ListeningOptions(retry=QUICK_RETRIES), self.reading.gaps
        )
        steps = (JobStep("transcribe", self.late.finish), JobStep("count", self._count))
        self.jobs = InlineJobRunner({"finish_session": Job(steps)}, retry_delays_s=())

    async def _count(self, key: SessionKey) -> None:
        self.counted.append(len(await self.world.words(key)))
        await self.later.wait()

    async def upload(
        self, key: SessionKey, audio: Waveform, *, offset_s: float | None = None, finish: bool | None = None
    ) -> Imported:
        sessions, journal, events = self.world.ports.sessions, self.world.ports.journal, self.world.ports.events
        importing = ImportRecording(
            self.reading,
            OpenSession(sessions, journal, events),
            EndSession(sessions, journal, events, self.jobs),
            AnalyzeAgain(sessions, self.jobs, self.world.ports.feed),
            self.late,
            sessions=sessions,
            journal=journal,
            events=events,
            codec=self.world.ports.codec,
            live=self.live,
            quota=AudioQuota(self.quota_bytes, journal),
            max_session_s=MAX_SESSION_S,
        )
        path = write_wav(self.folder / "upload.wav", audio)
        return await importing(key, path, offset_s=offset_s, finish=finish)

    async def gappy(self) -> tuple[SessionKey, float]:
        """A session of ten words with a gap after the fifth, and where that begins."""
        key = await self.world.open("a")
        await self.world.send(key, tones(range(5), **WORD))
        gap_at = (await self.world.ports.journal.state(key)).audio_s
        await self.world.send(key, np.zeros(0, np.float32), gap_s=GAP_S)
        await self.world.send(key, tones(range(5, 10), **WORD))
        return key, gap_at

    async def put(self, key: SessionKey, state: SessionState) -> None:
        audio_s = (await self.world.ports.journal.state(key)).audio_s
        session = await self.world.ports.sessions.get(key)
        await self.world.ports.sessions.save(replace(session, state=state, audio_s=audio_s))

    async def until_counted(self, times: int) -> None:
        for _ in range(500):
            if len(self.counted) >= times:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the job did not run")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    transcriber = SlowTranscriber()
    async with open_world(tmp_path, transcriber) as world:
        database = await SqliteDatabase.open(tmp_path / "sessions.db")
        desk = Desk(world, transcriber, tmp_path, SqliteAnalysisStore(database))
        yield desk
        await desk.jobs.close()
        await database.close()


async def test_whoever_stops_listening_does_not_cancel_who_waits_for_its_end(desk: Desk) -> None:
    desk.transcriber.gate.clear()
    key, _ = await desk.gappy()
    finishing = asyncio.create_task(desk.world.listening.finish(key))
    await desk.transcriber.waiting.wait()
    await desk.world.listening.stop(key)
    with pytest.raises(GatewayUnavailable):
        await finishing


async def test_audio_that_comes_while_its_session_is_transcribed_is_heard_once(desk: Desk) -> None:
    desk.transcriber.gate.clear()
    key, gap_at = await desk.gappy()
    await desk.put(key, SessionState.PROCESSING)
    await desk.jobs.submit(key, "finish_session")
    await desk.transcriber.waiting.wait()
    await asyncio.sleep(0.1)  # until it has read past the gap
    imported = await desk.upload(key, tones([20, 21], **WORD), offset_s=gap_at + 0.5)
    assert imported.filled_s == pytest.approx(1.0)
    desk.transcriber.gate.set()
    await desk.until_counted(2)
    assert sorted(await desk.world.words(key)) == sorted([*numbered(0, 10), "w20", "w21"])
    assert desk.counted == [12, 12]


async def test_audio_that_comes_after_its_session_was_transcribed_has_it_worked_on_once_more(desk: Desk) -> None:
    desk.later.clear()
    key, gap_at = await desk.gappy()
    await desk.put(key, SessionState.PROCESSING)
    await desk.jobs.submit(key, "finish_session")
    await desk.until_counted(1)
    for number in (20, 21):
        await desk.upload(key, tones([number], **WORD), offset_s=gap_at + (number - 20) * 0.7)
    desk.later.set()
    await desk.until_counted(2)
    await asyncio.sleep(0.05)
    assert desk.counted == [10, 12]


async def test_a_gap_of_an_interrupted_session_is_heard_when_it_is_filled(desk: Desk) -> None:
    key = await desk.world.open("a")
    await desk.world.listening.start(key)
    key_words = tones(range(2), **WORD)
    await desk.world.send(key, key_words)
    gap_at = (await desk.world.ports.journal.state(key)).audio_s
    await desk.world.send(key, np.zeros(0, np.float32), gap_s=0.8)
    await desk.world.send(key, tones(range(2, 4), **WORD))
    await desk.world.listening.wait_below(key, 0.2)
    await desk.put(key, SessionState.INTERRUPTED)
    assert (await desk.world.ports.sessions.get(key)).heard_s <= gap_at
    await desk.upload(key, tones([20], **WORD), offset_s=gap_at + 0.1)
    await desk.late.finish(key)
    assert sorted(await desk.world.words(key)) == sorted([*numbered(0, 4), "w20"])


async def test_a_recording_that_would_be_too_long_leaves_nothing_in_a_session_with_audio(desk: Desk) -> None:
    key, _ = await desk.gappy()
    await desk.put(key, SessionState.INTERRUPTED)
    before = await desk.world.ports.journal.state(key)
    with pytest.raises(TooLarge):
        await desk.upload(key, tones(range(120), **WORD), finish=True)
    assert await desk.world.ports.journal.state(key) == before


async def test_a_recording_beyond_the_quota_leaves_nothing_in_a_session_with_audio(desk: Desk) -> None:
    key, _ = await desk.gappy()
    await desk.put(key, SessionState.INTERRUPTED)
    before = await desk.world.ports.journal.state(key)
    desk.quota_bytes = before.stored_bytes + 1_000_000
    with pytest.raises(Overloaded):
        await desk.upload(key, tones(range(80), **WORD), finish=True)
    assert await desk.world.ports.journal.state(key) == before
    await desk.upload(key, tones(range(20), **WORD), finish=True)


async def test_nobody_can_resume_a_session_while_its_last_recording_ends_it(desk: Desk) -> None:
    key, _ = await desk.gappy()
    await desk.put(key, SessionState.INTERRUPTED)
    claimed: list[bool] = []

    class Watched(InlineJobRunner):
        async def submit(self, key: SessionKey, job: str, *, again: bool = False) -> None:
            claimed.append(desk.live.is_live(key))

    desk.jobs = Watched({})
    await desk.upload(key, tones([20], **WORD), finish=True)
    assert claimed == [True]


@pytest.mark.parametrize("heard_s", [0.0, 0.5])
async def test_what_filled_a_gap_before_the_server_died_is_heard_after_it(desk: Desk, heard_s: float) -> None:
    """The first half of a gap was filled, and perhaps a word of it heard already; then the recording is sent again."""
    key, gap_at = await desk.gappy()
    await desk.late.finish(key)
    await desk.put(key, SessionState.FINISHED)
    recording = tones(range(20, 24), **WORD)
    async with desk.late.paused(key):
        await desk.late.announce(key, [TimeSpan(gap_at, gap_at + GAP_S)])
        await desk.world.ports.journal.fill(key, start_s=gap_at, audio=recording[: recording.size // 2])
    if heard_s:
        word = Segment("s99", gap_at, gap_at + heard_s, "w20")
        await desk.world.ports.transcripts.add_segments(key, [word], heard_s=0, language=None)
    late = HearLateAudio(
        desk.world.restarted(), desk.world.ports, ListeningOptions(retry=QUICK_RETRIES), desk.reading.gaps
    )
    await late.finish(key)
    assert sorted(await desk.world.words(key)) == sorted([*numbered(0, 10), "w20", "w21"])

    imported = await desk.upload(key, recording, offset_s=gap_at)
    assert imported.filled_s == pytest.approx(GAP_S / 2)
    await desk.until_counted(1)
    assert sorted(await desk.world.words(key)) == sorted([*numbered(0, 10), *numbered(20, 24)])
    await desk.late.finish(key)
    assert len(await desk.world.words(key)) == 14
