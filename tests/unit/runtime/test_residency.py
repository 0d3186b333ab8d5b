"""Models share a budget of bytes; the budget is faked, the models are buffers."""

import asyncio
import logging
import random
import time

import pytest

from app.domain.errors import GatewayBusy, GatewayUnavailable
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from tests.unit.runtime.buffers import MEGABYTE, Buffer, Busy, World, answer, open_world, until

pytestmark = pytest.mark.unit


def state(worker: ModelWorker[Buffer]) -> str:
    memory = worker.memory
    assert memory is not None
    return memory.state


async def test_with_room_for_one_all_work_one_after_the_other() -> None:
    async with open_world(12) as world:
        workers = [world.add(name, 10) for name in "abcd"]
        answers = await asyncio.gather(*(worker.run(answer) for worker in workers * 3))
        assert answers == [2] * 12
        assert len(world.in_memory) == 1
        assert world.peak_mb == 10


async def test_what_fits_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with open_world(30) as world:
        for worker in [world.add(name, 10) for name in "abc"] * 2:
            await worker.run(answer)
        assert world.loads == ["a", "b", "c"]
        memory = world.workers["a"].memory
        assert memory is not None
        assert (memory.budget_bytes, memory.used_bytes) == (30 * MEGABYTE, 30 * MEGABYTE)
    assert [record.getMessage() for record in caplog.records] == ["model loaded"] * 3


async def test_the_least_recently_used_goes_first(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with open_world(30) as world:
        a, b, c, d = (world.add(name, 10) for name in "abcd")
        for worker in (a, b, c, a, d):
            await worker.run(answer)
        assert world.in_memory == ["a", "c", "d"]
        assert [state(worker) for worker in (a, b, c, d)] == ["loaded", "evicted", "loaded", "loaded"]
        evicted = next(record for record in caplog.records if record.getMessage() == "model unloaded")
        assert (vars(evicted)["model"], vars(evicted)["reason"]) == ("b", "evicted")


async def test_less_urgent_models_go_before_more_urgent_ones() -> None:
    async with open_world(20) as world:
        photo, post, final = (world.add(name, 10) for name in ("photo", "post", "final"))
        await post.run(answer, priority=Priority.POST_SESSION)
        await photo.run(answer, priority=Priority.PHOTO)
        await post.run(answer, priority=Priority.POST_SESSION)
        await final.run(answer, priority=Priority.LIVE_FINAL)
        assert world.in_memory == ["photo", "final"]


async def test_no_more_goes_than_must() -> None:
    async with open_world(40) as world:
        small, large, new = world.add("small", 5), world.add("large", 30), world.add("new", 30)
        for worker in (small, large, new):
            await worker.run(answer)
        assert world.in_memory == ["small", "new"]


async def test_what_is_in_use_is_waited_for_and_newcomers_do_not_overtake() -> None:
    async with open_world(10) as world:
        first, second, busy = world.add("first", 10), world.add("second", 10), Busy()
        running = asyncio.create_task(first.run(busy, priority=Priority.LIVE_FINAL))
        await until(busy.running.is_set)
        order: list[str] = []

        def note(name: str, model: Buffer, token: CancelToken) -> None:
            order.append(name)

        urgent = asyncio.create_task(second.run(lambda m, t: note("urgent", m, t), priority=Priority.PHOTO))
        await until(lambda: (memory := second.memory) is not None and memory.waiting == 1)
        later = asyncio.create_task(first.run(lambda m, t: note("later", m, t)))
        memory = second.memory
        assert memory is not None
        assert memory.estimated_wait_s is not None
        assert world.in_memory == ["first"]
        busy.end.set()
        await asyncio.gather(running, urgent, later)
        assert order == ["urgent", "later"]


async def test_who_waits_too_long_for_room_is_told_when_to_come_back(caplog: pytest.LogCaptureFixture) -> None:
    async with open_world(10) as world:
        first, second, busy = world.add("first", 10), world.add("second", 10, deadline_s=2.0), Busy()
        running = asyncio.create_task(first.run(busy))
        await until(busy.running.is_set)
        with pytest.raises(GatewayBusy, match="no room in memory for second") as caught:
            await second.run(answer)
        assert caught.value.retry_after_s is not None
        assert caught.value.retry_after_s >= 1
        busy.end.set()
        await running
        assert await second.run(answer) == 2
    assert [record.getMessage() for record in caplog.records] == ["no room for a model"]


async def test_waiting_for_room_can_be_cancelled() -> None:
    async with open_world(10) as world:
        first, second, busy = world.add("first", 10), world.add("second", 10), Busy()
        running = asyncio.create_task(first.run(busy))
        await until(busy.running.is_set)
        waiting = asyncio.create_task(second.run(answer))
        await until(lambda: (memory := second.memory) is not None and memory.waiting == 1)
        waiting.cancel()
        await until(lambda: (memory := second.memory) is not None and memory.waiting == 0)
        assert waiting.cancelled()
        busy.end.set()
        await running
        assert world.loads == ["first"]


async def test_a_model_that_is_larger_than_expected_is_loaded_alone() -> None:
    async with open_world(10) as world:
        large, small = world.add("large", 25), world.add("small", 1)
        for worker in (large, small, large):
            assert await worker.run(answer) == 2
        assert world.in_memory == ["large"]


async def test_a_load_that_fails_is_told_and_tried_again() -> None:
    async with open_world(10) as world:
        failures = [OSError("no file")]

        def load() -> Buffer:
            if failures:
                raise failures.pop()
            return Buffer(1)

        worker = world.workers["broken"] = ModelWorker("broken", load)
        worker.attach(world.residency, MEGABYTE)
        with pytest.raises(GatewayUnavailable, match="no file"):
            await worker.run(answer)
        assert state(worker) == "unloaded"
        assert await worker.run(answer) == 2
        memory = worker.memory
        assert memory is not None
        assert memory.loads == 1


async def test_idle_models_go_if_that_is_wished_and_come_back() -> None:
    async with open_world(30, idle_unload_s=0.1) as world:
        worker = world.add("a", 10)
        await worker.run(answer)
        await until(lambda: not worker.loaded)
        await until(lambda: state(worker) == "evicted")
        assert await worker.run(answer) == 2
        assert world.loads == ["a", "a"]


async def test_closing_frees_the_model_and_refuses_work() -> None:
    async with open_world(10) as world:
        worker, busy = world.add("a", 10), Busy()
        running = asyncio.create_task(worker.run(busy))
        await until(busy.running.is_set)
        await asyncio.to_thread(worker.close)
        assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], GatewayUnavailable)
        assert (worker.loaded, state(worker)) == (False, "unloaded")


async def test_what_is_in_use_is_never_evicted_however_the_work_falls() -> None:
    """A model that is closed while work runs on it fails that work's assertion."""
    chance = random.Random(7)
    sizes = {"vad": 1, "words": 5, "voices": 4, "language": 9, "photos": 3}
    async with open_world(11) as world:
        for name, megabytes in sizes.items():
            world.add(name, megabytes, lanes=2)
        tasks = [asyncio.create_task(_visit(world, chance.choice(list(sizes)), chance)) for _ in range(120)]
        assert await asyncio.gather(*tasks) == [2] * 120
        assert world.peak_mb <= 11
        assert len(world.loads) > 5


async def _visit(world: World, name: str, chance: random.Random) -> int:
    await asyncio.sleep(chance.random())
    pause_s, priority = chance.random() * 0.004, chance.choice(list(Priority))

    def work(model: Buffer, token: CancelToken) -> int:
        for _ in range(3):
            token.check()
            model.answer()
            time.sleep(pause_s)
        return model.answer()

    while True:
        try:
            return await world.workers[name].run(work, priority=priority)
        except GatewayBusy as busy:
            await asyncio.sleep(min(0.05, busy.retry_after_s or 0))
