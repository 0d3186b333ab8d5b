"""Work of one model pauses for more urgent work of another, and none starves."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator

import pytest

from app.infrastructure.runtime.turnstile import Turnstile
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from tests.unit.runtime.buffers import Buffer, Busy, World, open_world, until

pytestmark = pytest.mark.unit


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """One core."""
    async with open_world(100) as world:
        yield world


async def begun(worker: ModelWorker[Buffer], work: Busy, priority: Priority) -> "asyncio.Task[int]":
    task = asyncio.create_task(worker.run(work, priority=priority))
    await until(work.running.is_set)
    return task


async def goes_on(work: Busy) -> bool:
    """Whether it makes steps."""
    steps = work.steps
    await until(lambda: work.steps > steps + 3)
    return True


async def pauses(work: Busy, urgent: Busy) -> bool:
    """Whether it makes no step while the more urgent work makes ten."""
    for _ in range(20):
        steps, first = work.steps, urgent.steps
        while urgent.steps < first + 10:  # noqa: ASYNC110  another thread's
            await asyncio.sleep(0.002)
        if work.steps == steps:
            return True
    return False


async def test_less_urgent_work_pauses_while_more_urgent_work_runs(world: World) -> None:
    analysis, words, post, final = world.add("analysis", 1), world.add("words", 1), Busy(), Busy()
    first = await begun(analysis, post, Priority.POST_SESSION)
    assert await goes_on(post)
    second = await begun(words, final, Priority.LIVE_FINAL)
    assert await pauses(post, final)
    final.end.set()
    await second
    await until(lambda: world.workers["words"].load_factor == 0)
    assert await goes_on(post)
    post.end.set()
    assert await first == 2


async def test_urgent_work_gets_through_first(world: World) -> None:
    """Both need the same time of the one core; what began later and is urgent ends first."""
    ended: list[str] = []

    def steps(name: str, model: Buffer, token: CancelToken) -> None:
        for _ in range(40):
            token.check()
            time.sleep(0.002)
        ended.append(name)

    analysis, photos = world.add("analysis", 1), world.add("photos", 1)
    post = asyncio.create_task(analysis.run(lambda m, t: steps("post", m, t)))
    await until(lambda: analysis.load_factor == 1)
    photo = asyncio.create_task(photos.run(lambda m, t: steps("photo", m, t), priority=Priority.PHOTO))
    await asyncio.gather(post, photo)
    assert ended == ["photo", "post"]


async def test_nothing_pauses_for_equals_or_where_cores_suffice() -> None:
    async with open_world(100, cores=2) as world:
        first, second, third = (world.add(name, 1) for name in "abc")
        works = [Busy(), Busy(), Busy()]
        tasks = [await begun(first, works[0], Priority.POST_SESSION), await begun(second, works[1], Priority.PHOTO)]
        assert await goes_on(works[0])
        tasks.append(await begun(third, works[2], Priority.PHOTO))
        assert await pauses(works[0], works[2])
        assert await goes_on(works[1])
        for work in works:
            work.end.set()
        await asyncio.gather(*tasks)


async def test_no_work_starves_beside_endless_urgent_work() -> None:
    async with open_world(100) as world:
        world.turnstile = Turnstile(1, longest_pause_s=0.05)
        analysis, words, post, final = world.add("analysis", 1), world.add("words", 1), Busy(), Busy()
        tasks = [
            await begun(words, final, Priority.SPOKEN_TURN),
            await begun(analysis, post, Priority.POST_SESSION),
        ]
        steps, first = post.steps, final.steps
        await until(lambda: post.steps > steps + 20)
        assert post.steps - steps < final.steps - first
        for work in (post, final):
            work.end.set()
        await asyncio.gather(*tasks)


async def test_work_that_keeps_urgent_work_waiting_does_not_pause(world: World) -> None:
    analysis, words, post, partial = world.add("analysis", 1), world.add("words", 1), Busy(), Busy()
    tasks = [
        await begun(analysis, post, Priority.POST_SESSION),
        await begun(words, partial, Priority.LIVE_PARTIAL),
    ]
    assert await pauses(post, partial)
    turn = asyncio.create_task(analysis.run(lambda model, token: model.answer(), priority=Priority.SPOKEN_TURN))
    await until(lambda: analysis.waiting == 1)
    assert await goes_on(post)
    assert await pauses(partial, post)
    post.end.set()
    assert await turn == 2
    assert await goes_on(partial)
    partial.end.set()
    await asyncio.gather(*tasks)


async def test_paused_work_is_cancelled_at_once(world: World) -> None:
    analysis, words, post, final = world.add("analysis", 1), world.add("words", 1), Busy(), Busy()
    paused = await begun(analysis, post, Priority.POST_SESSION)
    running = await begun(words, final, Priority.LIVE_FINAL)
    assert await pauses(post, final)
    began = time.monotonic()
    paused.cancel()
    await until(lambda: analysis.load_factor == 0)
    assert time.monotonic() - began < 0.5
    final.end.set()
    await running


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no niceness of threads")
async def test_post_session_work_runs_in_threads_that_give_way(world: World) -> None:
    worker, own = world.add("a", 1), os.getpriority(os.PRIO_PROCESS, 0)

    def niceness(model: Buffer, token: CancelToken) -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    found = [await worker.run(niceness, priority=priority) for priority in (4, 2, 4, 0)]  # type: ignore[arg-type]
    assert found == [min(19, own + 10), own, min(19, own + 10), own]
