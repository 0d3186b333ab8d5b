import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.sessions.erase_session import EraseSession
from app.application.sessions.every_session import every_session
from app.application.sessions.feed import Progress
from app.application.sessions.live import LiveSessions
from app.application.sessions.retention import Retention
from app.domain.audio.models import AudioChunk, AudioFormat
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.photos.photo_files import FolderPhotoFiles
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.transcription.dummy import DummyTranscriber
from app.infrastructure.vad.dummy import DummyVad
from tests.finishing import Finishing, opened
from tests.full_disk import FullDisk

pytestmark = pytest.mark.unit

DAY_S = 86_400.0
TTL_S = 30 * DAY_S


@dataclass
class Archive:
    """Sessions of different ages."""

    stores: Finishing
    journal: FileAudioJournal
    photo_files: FolderPhotoFiles
    live: LiveSessions = field(default_factory=lambda: LiveSessions(8))
    listed: SessionStore | None = None

    def retention(self, ttl_s: float = TTL_S, interval_s: float = 3600.0) -> Retention:
        stores = self.stores
        ports = HearingPorts(
            self.journal, AvAudioCodec(), stores.sessions, stores.transcripts, stores.events, stores.feed, DummyVad(),
            DummyTranscriber(),
        )  # fmt: skip
        jobs, listening = InlineJobRunner({}), LiveListening(ports)
        erase = EraseSession(stores.sessions, self.journal, jobs, listening, self.live, self.photo_files, [stores.feed])
        return Retention(self.listed or stores.sessions, self.live, erase, ttl_s=ttl_s, interval_s=interval_s)

    async def add(self, name: str, *, days: float, ended_days: float | None = None) -> SessionKey:
        now = time.time()
        key = SessionKey("local", name)
        ended_at = None if ended_days is None else now - ended_days * DAY_S
        state = SessionState.OPEN if ended_at is None else SessionState.FINISHED
        created_at = now - days * DAY_S
        await self.stores.sessions.create(
            Session(key, SessionKind.RECORDING, state, SessionConfig(), "", created_at, ended_at=ended_at)
        )
        await self.journal.append(key, [AudioChunk(1, AudioFormat(), bytes(32_000), 1.0)])
        return key

    async def names(self) -> list[str]:
        return sorted([session.key.session_id async for session in every_session(self.stores.sessions)])


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    journal = FileAudioJournal(SessionFiles(tmp_path))
    async with opened(tmp_path / "sessions.db") as stores:
        yield Archive(stores, journal, FolderPhotoFiles(SessionFiles(tmp_path)))
    await journal.close()


async def test_old_sessions_and_their_audio_are_erased(archive: Archive) -> None:
    old = await archive.add("old", days=31, ended_days=31)
    await archive.add("young", days=29, ended_days=29)
    assert await archive.retention().erase_expired() == 1
    assert await archive.names() == ["young"]
    assert (await archive.journal.state(old)).stored_bytes == 0


async def test_age_counts_from_the_last_use(archive: Archive) -> None:
    await archive.add("resumed", days=31, ended_days=1)
    assert await archive.retention().erase_expired() == 0


async def test_a_live_session_is_never_erased(archive: Archive) -> None:
    key = await archive.add("live", days=31)
    with archive.live.claim(key):
        assert await archive.retention().erase_expired() == 0
    assert await archive.retention().erase_expired() == 1


async def test_zero_keeps_everything(archive: Archive) -> None:
    await archive.add("old", days=10_000, ended_days=10_000)
    retention = archive.retention(ttl_s=0)
    await retention.watch()
    assert await retention.erase_expired() == 0
    assert await archive.names() == ["old"]


async def test_watching_erases_at_once_and_again(archive: Archive) -> None:
    await archive.add("old", days=31, ended_days=31)
    task = asyncio.create_task(archive.retention(interval_s=0.01).watch())
    await asyncio.wait_for(_gone(archive), 10)
    await archive.add("next", days=32, ended_days=32)
    await asyncio.wait_for(_gone(archive), 10)
    task.cancel()


async def test_watching_goes_on_after_an_unknown_error(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    await archive.add("old", days=31, ended_days=31)
    archive.listed = FullDisk(archive.stores.sessions, RuntimeError("the words that were said"))
    task = asyncio.create_task(archive.retention(interval_s=0.01).watch())
    await asyncio.wait_for(_gone(archive), 10)
    task.cancel()
    assert [vars(record)["error"] for record in caplog.records if "error" in vars(record)] == ["RuntimeError"]
    assert "words" not in caplog.text


async def test_erasing_leaves_nothing_in_memory(archive: Archive) -> None:
    key = await archive.add("old", days=31, ended_days=31)
    archive.stores.feed.publish(key, Progress("analyzing", 0.5))
    await archive.retention().erase_expired()
    assert archive.stores.feed.latest(key) is None


async def _gone(archive: Archive) -> None:
    while await archive.names():  # noqa: ASYNC110 the store tells nobody
        await asyncio.sleep(0.01)
