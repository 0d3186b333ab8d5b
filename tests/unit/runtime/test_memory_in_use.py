"""What models take while they work counts, and gives way: real buffers, and work that stops for more urgent models."""

import asyncio
import time

import pytest

from app.infrastructure.runtime import memory
from app.infrastructure.runtime.eviction import Candidate, Eviction, Patience, plan_eviction, plan_relief
from app.infrastructure.runtime.footprint import Footprint
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.resident import Request, Resident
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from tests.unit.runtime.buffers import MEGABYTE, QUICK, Buffer, Busy, answer, open_world, until

pytestmark = pytest.mark.unit
PHOTO, POST = 1, 4


class Process:
    """A process whose memory is what the test says."""

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes

    def bytes(self) -> int:
        return self.megabytes * MEGABYTE


def loaded(footprint: Footprint, process: Process, *models: Resident, megabytes: int) -> None:
    for model in models:
        process.megabytes += megabytes
        footprint.see(models, process.bytes())
        model.has_loaded(megabytes * MEGABYTE, 1.0, 0.0)


def resident(key: int, declared_mb: int) -> Resident:
    return Resident(key, ModelWorker(str(key), lambda: Buffer(1)), declared_mb * MEGABYTE)


def test_growth_belongs_to_the_model_that_ran_alone() -> None:
    process = Process(150)
    footprint = Footprint(process.bytes, 200 * MEGABYTE)
    one, other = resident(0, 60), resident(1, 500)
    loaded(footprint, process, one, other, megabytes=100)
    footprint.ran(one)
    process.megabytes += 80
    footprint.look([one, other])
    assert (one.expected_bytes, other.expected_bytes) == (180 * MEGABYTE, 500 * MEGABYTE)
    assert footprint.models_bytes == 230 * MEGABYTE


def test_growth_of_several_at_once_belongs_to_none_but_counts() -> None:
    process = Process(0)
    footprint = Footprint(process.bytes, 0)
    one, other = resident(0, 60), resident(1, 60)
    loaded(footprint, process, one, other, megabytes=100)
    footprint.ran(one)
    footprint.ran(other)
    process.megabytes += 80
    footprint.look([one, other])
    assert (one.expected_bytes, other.expected_bytes) == (100 * MEGABYTE, 100 * MEGABYTE)
    assert footprint.models_bytes == 280 * MEGABYTE


def test_buffers_that_come_and_go_do_not_add_up() -> None:
    process = Process(0)
    footprint = Footprint(process.bytes, 0)
    one = resident(0, 60)
    loaded(footprint, process, one, megabytes=100)
    for _ in range(5):
        footprint.ran(one)
        process.megabytes += 50
        footprint.look([one])
        process.megabytes -= 50
        footprint.look([one])  # nobody ran: nobody's
    assert one.expected_bytes == 150 * MEGABYTE


def test_a_plan_never_falls_below_what_was_declared_or_seen() -> None:
    small, large = resident(0, 500), resident(1, 60)
    for model in (small, large):
        model.has_loaded(100 * MEGABYTE, 1.0, 0.0)
        model.has_unloaded(30 * MEGABYTE)
    assert (small.expected_bytes, large.expected_bytes) == (500 * MEGABYTE, 100 * MEGABYTE)


async def test_growth_in_use_is_seen_and_evicts_what_is_idle() -> None:
    residency = Residency(160 * MEGABYTE, patience=QUICK, look_s=0.01)
    growing, idle = ModelWorker("growing", lambda: Buffer(40)), ModelWorker("idle", lambda: Buffer(40))
    for worker in (growing, idle):
        worker.attach(residency, 40 * MEGABYTE)

    def grow(model: Buffer, token: CancelToken) -> None:
        model.grow(120)

    try:
        assert await idle.run(answer) == 2
        await growing.run(grow)
        await until(lambda: not idle.loaded)
        assert growing.loaded
        told = growing.memory
        assert told is not None
        assert 90 * MEGABYTE < told.expected_bytes < 190 * MEGABYTE  # growth during an eviction is nobody's
        assert told.measured_bytes is not None
        assert told.measured_bytes < 60 * MEGABYTE
        await until(lambda: (now := growing.memory) is not None and now.used_bytes > 120 * MEGABYTE)
    finally:
        for worker in (growing, idle):
            await asyncio.to_thread(worker.close)
        await asyncio.to_thread(residency.close)


async def test_a_load_that_takes_more_than_planned_evicts_what_is_idle() -> None:
    residency = Residency(100 * MEGABYTE, patience=QUICK, look_s=0.01)
    first, larger = ModelWorker("first", lambda: Buffer(40)), ModelWorker("larger", lambda: Buffer(90))
    for worker in (first, larger):
        worker.attach(residency, 40 * MEGABYTE)
    try:
        assert await first.run(answer) == 2
        assert await larger.run(answer) == 2
        await until(lambda: not first.loaded)
        assert larger.loaded
    finally:
        for worker in (first, larger):
            await asyncio.to_thread(worker.close)
        await asyncio.to_thread(residency.close)


async def test_what_the_server_itself_takes_counts_but_starves_nobody() -> None:
    """Nothing is loaded and the process is beyond its budget all the same: one model still gets its room."""
    process = Process(0)
    residency = Residency(50 * MEGABYTE, patience=QUICK, process_bytes=process.bytes, look_s=0.01)
    worker = ModelWorker("only", lambda: Buffer(40))
    worker.attach(residency, 40 * MEGABYTE)
    process.megabytes = 200
    try:
        assert [await worker.run(answer) for _ in range(2)] == [2, 2]
        await until(lambda: (told := worker.memory) is not None and told.used_bytes >= 200 * MEGABYTE)
    finally:
        await asyncio.to_thread(worker.close)
        await asyncio.to_thread(residency.close)


async def test_a_photo_has_post_session_work_stop_and_begin_anew() -> None:
    async with open_world(10) as world:
        language, photos, busy = world.add("language", 10), world.add("photos", 10), Busy()
        running = asyncio.create_task(language.run(busy))
        await until(busy.running.is_set)
        began = time.monotonic()
        assert await photos.run(answer, priority=Priority.PHOTO) == 2
        assert time.monotonic() - began < 2
        assert not running.done()
        busy.end.set()
        assert await running == 2
        assert world.loads == ["language", "photos", "language"]
        assert world.peak_mb == 10


async def test_what_was_streamed_is_not_begun_anew() -> None:
    async with open_world(10) as world:
        language, photos, busy = world.add("language", 10), world.add("photos", 10), Busy()
        stream = language.stream(lambda model, token: iter([busy(model, token)]))
        reading = asyncio.ensure_future(anext(stream))
        await until(busy.running.is_set)
        waiting = asyncio.create_task(photos.run(answer, priority=Priority.PHOTO))
        await until(lambda: (told := photos.memory) is not None and told.waiting == 1)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        busy.end.set()
        assert await reading == 2
        await stream.aclose()
        assert await waiting == 2
        assert world.loads == ["language", "photos"]


async def test_long_work_ends_however_many_photos_come() -> None:
    """Each time that it has to stop, it may go on for longer the next time."""
    residency = Residency(10 * MEGABYTE, patience=Patience(0.05, 0.2, 0.01, 0.02, 0.01), look_s=1.0)
    language, photos = ModelWorker("language", lambda: Buffer(10)), ModelWorker("photos", lambda: Buffer(10))
    for worker in (language, photos):
        worker.attach(residency, 10 * MEGABYTE)

    def long_work(model: Buffer, token: CancelToken) -> int:
        for _ in range(60):
            token.check()
            time.sleep(0.005)
        return model.answer()

    try:
        work = asyncio.create_task(language.run(long_work))
        described = 0
        while not work.done():
            described += await photos.run(answer, priority=Priority.PHOTO) == 2
            await asyncio.sleep(0.01)
        assert await work == 2
        assert described > 3
        told = language.memory
        assert told is not None
        assert 2 < told.loads < 20
    finally:
        for worker in (language, photos):
            await asyncio.to_thread(worker.close)
        await asyncio.to_thread(residency.close)


def test_a_model_that_was_just_loaded_does_some_work_first() -> None:
    patience = Patience()
    fresh = Candidate(1, 10, POST, 0.01, held_s=0.2, hold_s=2.0)
    rested = Candidate(1, 10, POST, 1.0, held_s=1.5, hold_s=2.0)
    older = Candidate(1, 10, POST, 0.01, held_s=2.5, hold_s=2.0)
    assert plan_eviction(10, [fresh], PHOTO, patience) == Eviction(wait_for=(1,))
    assert plan_eviction(10, [rested], PHOTO, patience) == Eviction(now=(1,))
    assert plan_eviction(10, [older], PHOTO, patience) == Eviction(now=(1,))
    assert plan_eviction(10, [older], POST, patience) == Eviction(wait_for=(1,))


def test_who_made_work_stop_does_not_wait_for_longer_because_of_that() -> None:
    patience = Patience()
    model = resident(0, 10)
    model.has_loaded(10, 1.0, 0.0)
    model.begin_use(Request(model, lambda: POST, lambda: False, 0.0, 60.0, lambda: None), 0.0)
    assert not model.can_stop(PHOTO, 1.9, patience)
    assert model.can_stop(PHOTO, 2.0, patience)
    model.stop()
    assert model.candidate(2.1, POST, patience).hold_s == 2.0
    model.end_use(model.uses[0], 2.2)
    model.has_loaded(10, 1.0, 8.0)
    assert model.candidate(8.1, POST, patience).hold_s == 4.0


def test_relief_takes_what_is_idle_even_if_that_is_not_enough() -> None:
    models = [Candidate(1, 10, POST, 1.0), Candidate(2, 10, POST, None), Candidate(3, 10, PHOTO, 9.0)]
    assert plan_relief(0, models) == ()
    assert plan_relief(5, models) == (1,)
    assert plan_relief(100, models) == (1, 3)


async def test_free_memory_is_given_back_while_everything_rests() -> None:
    residency = Residency(1000 * MEGABYTE, look_s=0.02)
    worker = ModelWorker("photos", lambda: Buffer(1))
    worker.attach(residency, MEGABYTE)

    def leave_holes(model: Buffer, token: CancelToken) -> None:
        blocks = [bytearray(64 * 1024) for _ in range(1000)]
        keep.extend(blocks[::50])
        del blocks

    keep: list[bytearray] = []
    try:
        before = memory.process_bytes()
        await worker.run(leave_holes)
        await until(lambda: memory.process_bytes() - before < 25 * MEGABYTE)
    finally:
        await asyncio.to_thread(worker.close)
        await asyncio.to_thread(residency.close)
