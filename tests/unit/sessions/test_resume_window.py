import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.application.sessions.end_session import EndSession
from app.application.sessions.every_session import every_session
from app.application.sessions.live import LiveSessions
from app.application.sessions.open_session import OpenSession
from app.application.sessions.resume_window import ResumeWindow
from app.domain.audio.models import AudioChunk, AudioFormat
from app.domain.errors import StorageError
from app.domain.session.gateway import SessionStore
from app.domain.session.jobs import Job, JobStep
from app.domain.session.models import Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from tests.finishing import Finishing, opened
from tests.full_disk import FullDisk

pytestmark = pytest.mark.unit

WINDOW_S = 120.0


@dataclass
class Server:
    """A server's sessions, with a clock that can be put forward."""

    stores: Finishing
    journal: FileAudioJournal
    live: LiveSessions = field(default_factory=lambda: LiveSessions(8))
    later_s: float = 0.0
    finished: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.jobs = InlineJobRunner({"finish_session": Job((JobStep("publish", self._publish),))})

    async def _publish(self, key: SessionKey) -> None:
        session = await self.stores.sessions.get(key)
        await self.stores.sessions.save(replace(session, state=SessionState.FINISHED))
        self.finished.put_nowait(key.session_id)

    async def _erase(self, key: SessionKey) -> None:
        await self.journal.delete(key)
        await self.stores.sessions.delete(key)

    def window(
        self,
        window_s: float = WINDOW_S,
        end: EndSession | None = None,
        sessions: SessionStore | None = None,
        **options: float,
    ) -> ResumeWindow:
        stores = self.stores
        end = end or EndSession(stores.sessions, self.journal, stores.events, self.jobs)
        return ResumeWindow(
            sessions or stores.sessions, self.journal, stores.events, self.jobs, self.live, end, self._erase,
            window_s=window_s, clock=lambda: time.time() + self.later_s, **options,
        )  # fmt: skip

    async def add(self, name: str, state: SessionState, *, audio: bool = True, ago_s: float = 0.0) -> SessionKey:
        key = SessionKey("local", name)
        interrupted_at = time.time() - ago_s if state is SessionState.INTERRUPTED else None
        await self.stores.sessions.create(
            Session(key, SessionKind.RECORDING, state, SessionConfig(), "", time.time(), interrupted_at=interrupted_at)
        )
        if audio:
            await self.journal.append(key, [AudioChunk(1, AudioFormat(), bytes(32_000), 1.0)])
        return key

    async def states(self) -> dict[str, SessionState]:
        return {s.key.session_id: s.state async for s in every_session(self.stores.sessions)}

    async def finishes(self, count: int = 1) -> list[str]:
        """The next sessions to be finished."""
        return sorted([await asyncio.wait_for(self.finished.get(), 10) for _ in range(count)])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with opened(tmp_path / "sessions.db") as stores, _journal(tmp_path) as journal:
        server = Server(stores, journal)
        yield server
        await server.jobs.close()


@asynccontextmanager
async def _journal(path: Path) -> AsyncIterator[FileAudioJournal]:
    journal = FileAudioJournal(SessionFiles(path))
    yield journal
    await journal.close()


async def test_a_session_is_finished_when_its_window_is_over(server: Server) -> None:
    await server.add("a", SessionState.INTERRUPTED)
    await server.window().finish_due()
    assert await server.states() == {"a": SessionState.INTERRUPTED}
    server.later_s = WINDOW_S
    await server.window().finish_due()
    assert await server.finishes() == ["a"]
    assert await server.states() == {"a": SessionState.FINISHED}


async def test_a_session_that_is_being_resumed_is_left_alone(server: Server) -> None:
    key = await server.add("a", SessionState.INTERRUPTED, ago_s=WINDOW_S)
    with server.live.claim(key):
        await server.window().finish_due()
    assert await server.states() == {"a": SessionState.INTERRUPTED}


async def test_at_a_start_every_cut_off_session_gets_the_whole_window_again(server: Server) -> None:
    await server.stores.events.append(await server.add("open", SessionState.OPEN), "connected", {})
    await server.add("cut", SessionState.INTERRUPTED, ago_s=10 * WINDOW_S)
    await server.add("made", SessionState.OPEN, audio=False)
    opening = OpenSession(server.stores.sessions, server.journal, server.stores.events)
    await opening.attach("local", "silent", None, SessionConfig(), given=())
    window = server.window()
    await window.take_over()
    await window.finish_due()
    states = await server.states()
    assert states.pop("made") is SessionState.OPEN
    assert states == dict.fromkeys(("open", "cut", "silent"), SessionState.INTERRUPTED)
    server.later_s = WINDOW_S + 1
    await window.finish_due()
    assert await server.finishes(3) == ["cut", "open", "silent"]
    assert (await server.states())["made"] is SessionState.OPEN


@pytest.mark.parametrize("made", [True, False])
async def test_at_a_start_an_upload_that_was_cut_off_is_taken_back(server: Server, made: bool) -> None:
    key = await server.add("uploaded", SessionState.OPEN)
    await server.stores.events.append(key, "importing", {"made": made, "first": True, "ends": True})
    await server.window().take_over()
    assert await server.states() == ({} if made else {"uploaded": SessionState.OPEN})
    assert (await server.journal.state(key)).audio_s == 0


async def test_at_a_start_a_session_ends_whose_upload_was_whole(server: Server) -> None:
    key = await server.add("uploaded", SessionState.OPEN)
    await server.stores.events.append(key, "importing", {"made": True, "first": True, "ends": True})
    await server.stores.events.append(key, "imported", {"whole": True})
    await server.window().take_over()
    assert await server.finishes() == ["uploaded"]


async def test_at_a_start_an_upload_that_was_cut_off_behind_other_audio_is_noted(server: Server) -> None:
    key = await server.add("uploaded", SessionState.INTERRUPTED)
    await server.stores.events.append(key, "importing", {"made": False, "first": False, "ends": True})
    await server.window().take_over()
    events = await server.stores.events.read(key)
    assert (events[-1].kind, events[-1].payload) == ("imported", {"whole": False})
    assert (await server.journal.state(key)).audio_s == 1


async def test_audio_of_a_client_that_came_after_a_failed_upload_is_kept(server: Server) -> None:
    key = await server.add("uploaded", SessionState.OPEN)
    await server.stores.events.append(key, "importing", {"made": False, "first": True, "ends": False})
    await server.stores.events.append(key, "connected", {})
    await server.window().take_over()
    assert await server.states() == {"uploaded": SessionState.INTERRUPTED}
    assert (await server.journal.state(key)).audio_s == 1


async def test_at_a_start_lost_work_is_asked_for_again(server: Server) -> None:
    await server.add("a", SessionState.PROCESSING)
    await server.window().take_over()
    assert await server.finishes() == ["a"]


async def test_watching_finishes_and_resubmits_by_itself(server: Server) -> None:
    await server.add("cut", SessionState.INTERRUPTED)
    await server.add("lost", SessionState.PROCESSING)
    task = asyncio.create_task(server.window(0.05, check_interval_s=0.02, resubmit_interval_s=0.02).watch())
    assert await server.finishes(2) == ["cut", "lost"]
    task.cancel()


async def test_an_interruption_that_could_not_be_stored_is_stored_later(server: Server) -> None:
    key = await server.add("a", SessionState.OPEN)
    full = FullDisk(server.stores.sessions)
    end = EndSession(full, server.journal, server.stores.events, server.jobs)
    with pytest.raises(StorageError):
        await end.interrupt(key)
    window = server.window(end=end)
    with server.live.claim(key):
        await window.finish_due()
    assert await server.states() == {"a": SessionState.OPEN}
    await window.finish_due()
    assert await server.states() == {"a": SessionState.INTERRUPTED}
    assert end.cut_off == ()
    server.later_s = WINDOW_S + 1
    await window.finish_due()
    assert await server.finishes() == ["a"]


async def test_watching_goes_on_after_an_unknown_error(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    await server.add("lost", SessionState.PROCESSING)
    sessions = FullDisk(server.stores.sessions, RuntimeError("the words that were said"))
    task = asyncio.create_task(server.window(sessions=sessions, check_interval_s=0.01, resubmit_interval_s=0).watch())
    assert await server.finishes() == ["lost"]
    task.cancel()
    assert [vars(record)["error"] for record in caplog.records if "error" in vars(record)] == ["RuntimeError"]
    assert "words" not in caplog.text


async def test_every_session_is_visited_once_even_if_many_began_at_the_same_moment(server: Server) -> None:
    for number in range(7):
        key = SessionKey("local", f"n{number}")
        session = Session(key, SessionKind.RECORDING, SessionState.OPEN, SessionConfig(), "", 5.0 + number // 4)
        await server.stores.sessions.create(session)
    for page in (1, 3, 100):
        visited = [s.key.session_id async for s in every_session(server.stores.sessions, page=page)]
        assert sorted(visited) == [f"n{number}" for number in range(7)]
