"""Photos that nobody waits for: after a restart, when the describer was busy, at the end of a session."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.feed import SessionFeed
from app.application.vision.describe_waiting import DescribeWaiting
from app.application.vision.frame_scenes import FrameScenes
from app.application.vision.look_at_frames import LookAtFrames
from app.application.vision.photo_queue import PhotoQueue
from app.application.vision.tell_alerts import TellAlerts
from app.domain.errors import GatewayBusy, GatewayError, VigiaError
from app.domain.session.models import SessionKey, SessionState
from app.domain.vision.frames import Frame, FrameState, NewFrame
from app.domain.vision.models import DescribeOptions, Photo, Scene
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from app.infrastructure.photos.photo_files import FolderPhotoFiles
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.sqlite.frames import SqliteFrameStore
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from tests.coloured_photos import GREEN, RED, photo
from tests.contracts.stores import KEY, session
from tests.decoders import decoding_photos

pytestmark = pytest.mark.unit


class FailingDescriber(DummySceneDescriber):
    """Fails as it is told to, once for each error."""

    def __init__(self) -> None:
        self.errors: list[VigiaError] = []
        self.asked: list[DescribeOptions] = []

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        self.asked.append(options)
        if self.errors:
            raise self.errors.pop(0)
        return await super().describe(photo, options)


@dataclass
class World:
    """One session, and everything around its photos."""

    database: SqliteDatabase
    files: FolderPhotoFiles
    decoder: LimitedPhotoDecoder
    describer: FailingDescriber = field(default_factory=FailingDescriber)

    def __post_init__(self) -> None:
        self.frames, self.sessions = SqliteFrameStore(self.database), SqliteSessionStore(self.database)
        self.look = LookAtFrames(self.frames, self.files, self.decoder, self.describer)
        feed = SessionFeed()
        again = AnalyzeAgain(self.sessions, InlineJobRunner({}), feed)
        alerts = TellAlerts(feed, cool_down_s=60)
        scenes = FrameScenes(self.frames, self.sessions, SqliteEventLog(self.database), alerts, again)
        queue = PhotoQueue(self.describer, max_waiting=4)
        self.waiting = DescribeWaiting(
            self.frames, self.sessions, self.look, queue, scenes, busy_pause_s=0.01, look_again_s=0.05
        )

    async def add(self, data: bytes | None = None, key: SessionKey = KEY, duplicate_of: str | None = None) -> Frame:
        new = NewFrame(1.0, None, 0, 320, 240, "es", duplicate_of=duplicate_of)
        frame = await self.frames.add(key, new, limit=99)
        if data is not None:
            await self.files.write(key, frame.frame_id, data)
        return frame

    async def until(self, frame_id: str, state: FrameState) -> None:
        for _ in range(500):
            if (await self.frames.get(KEY, frame_id)).state is state:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{frame_id} is not {state}")

    async def told(self) -> list[tuple[str, str]]:
        return [(each.frame_id, each.scene.language) for each in await self.frames.scenes(KEY)]

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.waiting.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    async with decoding_photos() as decoder:
        made = World(database, FolderPhotoFiles(SessionFiles(tmp_path)), decoder)
        await made.sessions.create(session())
        yield made
    await database.close()


async def test_what_the_last_process_left_is_described(world: World) -> None:
    await world.add(photo(GREEN, 1))
    await world.add(photo(RED, 2))
    async with world.working():
        await world.until("f2", FrameState.DESCRIBED)
    assert await world.told() == [("f1", "es"), ("f2", "es")]
    assert not any(options.urgent for options in world.describer.asked)


async def test_a_photo_that_comes_later_is_found_without_being_told_of(world: World) -> None:
    async with world.working():
        await asyncio.sleep(0.02)
        await world.add(photo(GREEN))
        await world.until("f1", FrameState.DESCRIBED)


async def test_a_busy_describer_is_asked_again(world: World) -> None:
    world.describer.errors = [GatewayBusy("full"), GatewayBusy("full")]
    await world.add(photo(GREEN))
    async with world.working():
        await world.until("f1", FrameState.DESCRIBED)


async def test_a_failure_is_noted_and_the_next_photo_has_its_turn(world: World) -> None:
    world.describer.errors = [GatewayError("broken", code="model_broken")]
    await world.add(photo(GREEN))
    await world.add(None)  # its file was lost
    await world.add(photo(GREEN))
    async with world.working():
        await world.until("f3", FrameState.DESCRIBED)
    assert [(frame.state, frame.error) for frame in await world.frames.frames(KEY)] == [
        (FrameState.FAILED, "model_broken"),
        (FrameState.FAILED, "photo_not_found"),
        (FrameState.DESCRIBED, None),
    ]


async def test_the_end_of_a_session_describes_its_photos_itself(world: World) -> None:
    await world.add(photo(GREEN))
    await world.sessions.save(session(state=SessionState.PROCESSING))
    async with world.working():
        await asyncio.sleep(0.1)
    assert await world.told() == []
    heard: list[float] = []
    assert await world.look.describe_all(KEY, "es", heard.append) == 1
    assert await world.told() == [("f1", "es")]
    assert heard[-1] == 1.0


async def test_photos_are_told_anew_in_the_language_of_the_analysis(world: World) -> None:
    await world.add(photo(GREEN))
    await world.add(photo(GREEN), duplicate_of="f1")
    for language, told in (("es", ["es"]), ("es", ["es"]), ("en", ["es", "en"]), ("fr", ["es", "en"])):
        assert await world.look.describe_all(KEY, language, lambda fraction: None) == 1
        assert [language for _, language in await world.told()] == told


async def test_the_end_reports_what_failed_and_keeps_the_rest(world: World) -> None:
    world.describer.errors = [GatewayError("broken")]
    await world.add(photo(GREEN))
    await world.add(photo(GREEN))
    with pytest.raises(GatewayError, match="1 of 2 photos"):
        await world.look.describe_all(KEY, "es", lambda fraction: None)
    assert await world.told() == [("f2", "es")]
    assert await world.look.describe_all(KEY, "es", lambda fraction: None) == 2  # tried again
    assert await world.told() == [("f1", "es"), ("f2", "es")]


async def test_a_photo_that_somebody_describes_is_waited_for(world: World) -> None:
    await world.add(photo(GREEN))
    with world.look.working_on(KEY, "f1"):
        task = asyncio.create_task(world.look.describe_all(KEY, "es", lambda fraction: None))
        async with world.working():
            await asyncio.sleep(0.1)
        assert world.describer.asked == []
    assert await task == 1


async def test_a_session_that_is_erased_meanwhile_is_no_trouble(world: World) -> None:
    await world.add(photo(GREEN))
    await world.add(photo(RED))
    await world.sessions.delete(KEY)
    other = SessionKey("ana", "second")
    await world.sessions.create(session(other))
    await world.add(photo(GREEN), other)
    async with world.working():
        for _ in range(500):
            if await world.frames.scenes(other):
                break
            await asyncio.sleep(0.01)
    assert len(await world.frames.scenes(other)) == 1
