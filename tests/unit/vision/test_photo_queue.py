import asyncio

import numpy as np
import pytest

from app.application.vision.photo_queue import PhotoQueue
from app.domain.errors import GatewayError, Overloaded
from app.domain.session.models import SessionKey
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Scene

pytestmark = pytest.mark.unit
PHOTO = Photo(np.zeros((8, 8, 3), np.uint8), 8, 8, b"")
ANA, BEA, EVA = (SessionKey("local", name) for name in ("ana", "bea", "eva"))


class SlowDescriber(SceneDescriber):
    """Describes when it is told to; the prompt is the description."""

    def __init__(self, at_once: int = 1) -> None:
        self._capabilities = DescriberCapabilities(answers_prompts=True, photos_at_once=at_once)
        self.begun: list[str] = []
        self.go_on = asyncio.Semaphore(0)

    @property
    def model_id(self) -> str:
        return "slow"

    @property
    def capabilities(self) -> DescriberCapabilities:
        return self._capabilities

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        self.begun.append(options.prompt or "")
        await self.go_on.acquire()
        if options.prompt == "broken":
            raise GatewayError("it broke")
        return Scene(options.prompt or "", (), (), (), (), options.language)


class World:
    def __init__(self, max_waiting: int = 3, at_once: int = 1) -> None:
        self.describer = SlowDescriber(at_once)
        self.queue = PhotoQueue(self.describer, max_waiting=max_waiting)

    async def send(self, key: SessionKey | None, name: str) -> "asyncio.Task[Scene]":
        options = DescribeOptions("en", name)
        task = asyncio.create_task(self.queue.describe(key, PHOTO, options))
        await asyncio.sleep(0)
        return task

    def finish(self, count: int) -> None:
        for _ in range(count):
            self.describer.go_on.release()


async def test_photos_of_different_sessions_take_turns() -> None:
    world = World()
    tasks = [await world.send(key, name) for key, name in ((ANA, "a"), (BEA, "b"), (EVA, "e"))]
    assert world.describer.begun == ["a"]
    world.finish(3)
    assert [scene.description for scene in await asyncio.gather(*tasks)] == ["a", "b", "e"]
    assert world.describer.begun == ["a", "b", "e"]
    await asyncio.wait_for(world.queue.until_idle(), 1)


async def test_the_newest_photo_of_a_session_takes_the_place_of_the_one_that_waits() -> None:
    world = World()
    running, stale, fresh = [await world.send(ANA, name) for name in ("running", "stale", "fresh")]
    world.finish(2)
    with pytest.raises(Overloaded) as refused:
        await stale
    assert refused.value.code == "photo_superseded"
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s >= 1
    assert [(await task).description for task in (running, fresh)] == ["running", "fresh"]


async def test_of_a_full_line_the_oldest_gives_way() -> None:
    world = World(max_waiting=2)
    tasks = [await world.send(None, name) for name in ("running", "first", "second", "third")]
    world.finish(3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], Overloaded)
    assert world.describer.begun == ["running", "second", "third"]


async def test_a_failure_lets_the_next_one_in() -> None:
    world = World()
    broken, next_one = await world.send(ANA, "broken"), await world.send(BEA, "next")
    world.finish(2)
    with pytest.raises(GatewayError, match="it broke"):
        await broken
    assert (await next_one).description == "next"
    await asyncio.wait_for(world.queue.until_idle(), 1)


@pytest.mark.parametrize("victim", ["running", "waiting"])
async def test_who_leaves_makes_room(victim: str) -> None:
    world = World()
    tasks = {name: await world.send(key, name) for key, name in ((ANA, "running"), (BEA, "waiting"), (EVA, "last"))}
    tasks[victim].cancel()
    await asyncio.gather(tasks[victim], return_exceptions=True)
    world.finish(3)
    assert (await tasks["last"]).description == "last"
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    await asyncio.wait_for(world.queue.until_idle(), 1)


async def test_who_leaves_just_as_its_turn_comes_makes_room() -> None:
    world = World()
    first, second, third = [await world.send(key, key.session_id) for key in (ANA, BEA, EVA)]
    world.finish(1)
    await first
    second.cancel()
    world.finish(2)
    assert (await third).description == "eva"
    await asyncio.gather(second, return_exceptions=True)
    await asyncio.wait_for(world.queue.until_idle(), 1)


async def test_describers_that_take_several_photos_at_once_get_them() -> None:
    world = World(at_once=2)
    tasks = [await world.send(key, key.session_id) for key in (ANA, BEA, EVA)]
    assert world.describer.begun == ["ana", "bea"]
    world.finish(3)
    await asyncio.gather(*tasks)


async def test_the_wait_grows_with_the_line() -> None:
    world = World()
    waits = [world.queue.wait_s]
    tasks = []
    for key in (ANA, BEA, EVA):
        tasks.append(await world.send(key, key.session_id))
        waits.append(world.queue.wait_s)
    assert waits == sorted(set(waits))
    world.finish(3)
    await asyncio.gather(*tasks)
    assert world.queue.wait_s == 0
