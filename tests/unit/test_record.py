"""The recorder, against real stores' ports in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.application.listening.record import Recorder, RecordingLimits
from app.application.sessions.quota import AudioQuota
from app.domain.audio.models import AudioFormat, JournalState
from app.domain.errors import InvalidInput, Overloaded, TooLarge
from app.domain.session.models import SessionKey
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles

pytestmark = pytest.mark.unit
KEY = SessionKey("local", "s")
CHUNK = bytes(640)


class Ear:
    """Hears when it is told to."""

    def __init__(self) -> None:
        self.arrived_s = 0.0
        self.heard = asyncio.Event()
        self.heard.set()

    def audio_arrived(self, key: SessionKey, audio_s: float) -> None:
        self.arrived_s = audio_s

    async def wait_below(self, key: SessionKey, backlog_s: float) -> None:
        await self.heard.wait()


class World:
    """A recorder and what it works on."""

    def __init__(self, journal: FileAudioJournal) -> None:
        self.journal = journal
        self.ear = Ear()
        self.states: list[JournalState] = []

    async def recorder(self, *, quota_bytes: int = 0, **limits: float) -> Recorder:
        return Recorder(
            KEY,
            AudioFormat(),
            await self.journal.state(KEY),
            journal=self.journal,
            codec=AvAudioCodec(),
            listener=self.ear,
            quota=AudioQuota(quota_bytes, self.journal),
            limits=RecordingLimits(**{"commit_interval_s": 0.01, **limits}),
            on_stored=self.states.append,
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    journal = FileAudioJournal(SessionFiles(tmp_path))
    yield World(journal)
    await journal.close()


async def test_messages_of_an_interval_are_one_write_and_one_ack(world: World) -> None:
    recorder = await world.recorder(commit_interval_s=0.05)
    committing = asyncio.create_task(recorder.commit_forever())
    for _ in range(5):
        await recorder.audio(CHUNK)
    assert recorder.state.next_chunk_id == 1
    assert recorder.audio_s == pytest.approx(0.1)
    await asyncio.sleep(0.2)
    assert [state.next_chunk_id for state in world.states] == [6]
    assert world.ear.arrived_s == pytest.approx(0.1)
    committing.cancel()


async def test_much_audio_is_written_at_once(world: World) -> None:
    recorder = await world.recorder(commit_interval_s=60)
    for _ in range(9):
        await recorder.audio(bytes(32_000))
    assert recorder.state.next_chunk_id == 10


async def test_a_recording_goes_on_after_what_is_stored(world: World) -> None:
    first = await world.recorder()
    await first.audio(CHUNK)
    await first.close()
    second = await world.recorder()
    await second.audio(CHUNK, chunk_id=1)  # stored already: acknowledged again, not stored again
    assert world.states[-1].next_chunk_id == 2
    await second.audio(CHUNK, chunk_id=2)
    await second.gap(1.5)
    state = await second.close()
    assert state.next_chunk_id == 4
    assert state.audio_s == pytest.approx(1.54)


async def test_a_number_that_skips_ahead_is_refused(world: World) -> None:
    recorder = await world.recorder()
    with pytest.raises(InvalidInput) as caught:
        await recorder.audio(CHUNK, chunk_id=2)
    assert caught.value.code == "chunk_id_skipped"


async def test_a_number_that_waits_to_be_written_is_ignored_too(world: World) -> None:
    recorder = await world.recorder(commit_interval_s=60)
    await recorder.audio(CHUNK, chunk_id=1)
    await recorder.audio(CHUNK, chunk_id=1)
    assert (await recorder.close()).next_chunk_id == 2


async def test_too_long_sessions_and_gaps_are_refused(world: World) -> None:
    recorder = await world.recorder(max_session_s=0.05, max_gap_s=10)
    await recorder.audio(CHUNK)
    await recorder.audio(CHUNK)
    with pytest.raises(TooLarge):
        await recorder.audio(CHUNK)
    with pytest.raises(InvalidInput):
        await recorder.gap(11)
    assert (await recorder.close()).next_chunk_id == 3


async def test_a_sender_waits_while_recognition_lags(world: World) -> None:
    recorder = await world.recorder(commit_interval_s=60)
    world.ear.heard.clear()
    for _ in range(8):
        await recorder.audio(bytes(32_000))
    waiting = asyncio.create_task(recorder.audio(bytes(32_000)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    world.ear.heard.set()
    await asyncio.wait_for(waiting, 1)


async def test_a_sender_above_the_allowed_pace_is_slowed(world: World) -> None:
    recorder = await world.recorder(max_ingest_factor=100.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        await recorder.audio(bytes(32_000))
    # 20 s at 100 times real time, less the 10 s that may come at once, is a tenth of a second.
    assert loop.time() - began >= 0.08


async def test_the_quota_ends_a_recording(world: World) -> None:
    recorder = await world.recorder(quota_bytes=3000)
    await recorder.audio(bytes(2 * 3200))
    with pytest.raises(Overloaded):
        await recorder.close()
    assert (await world.journal.state(KEY)).next_chunk_id == 2
