"""Memory that is really short, and memory that really comes back."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from app.application.warm_up import ModelInUse, WarmUp
from app.infrastructure.runtime import memory
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.worker import ModelWorker
from tests.unit.runtime.buffers import MEGABYTE, QUICK, Buffer, answer, open_world, until

pytestmark = pytest.mark.slow

LIMITED = """
import asyncio, json, resource
from app.infrastructure.runtime import memory
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.worker import ModelWorker
from tests.unit.runtime.buffers import MEGABYTE, Buffer, answer

def unplanned():
    kept = []
    try:
        for _ in range(4):
            kept.append(Buffer(200))
    except MemoryError:
        return len(kept)

async def planned(budget_bytes):
    residency = Residency(budget_bytes)
    workers = [ModelWorker(name, lambda: Buffer(200)) for name in "abcd"]
    for worker in workers:
        worker.attach(residency, 200 * MEGABYTE)
    answers = await asyncio.gather(*(worker.run(answer) for worker in workers * 3))
    for worker in workers:
        worker.close()
    residency.close()
    return answers

limit = memory.psutil.Process().memory_info().vms + 560 * MEGABYTE
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
fitted = unplanned()
print(json.dumps([fitted, asyncio.run(planned(memory.available_bytes() - 200 * MEGABYTE))]))
"""
"""200 MB beside the models are for threads' stacks and the like."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit may not be set")
def test_under_a_limit_that_does_not_hold_all_everything_still_works() -> None:
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # each arena reserves address space
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [2, [2] * 12]


async def test_fifty_loads_and_unloads_leave_memory_where_it_was() -> None:
    residency = Residency(30 * MEGABYTE, patience=QUICK)
    workers = [ModelWorker(name, lambda: Buffer(25)) for name in ("first", "second")]
    for worker in workers:
        worker.attach(residency, 25 * MEGABYTE)
    before = 0
    for number in range(50):
        await workers[number % 2].run(answer)
        before = before or memory.process_bytes()
    last = workers[1].memory
    assert last is not None
    assert last.loads == 25
    assert abs(memory.process_bytes() - before) < 10 * MEGABYTE
    for worker in workers:
        await asyncio.to_thread(worker.close)
    await asyncio.to_thread(residency.close)
    assert memory.process_bytes() < before - 15 * MEGABYTE


class Cyclic:
    """A model that only the garbage collector frees."""

    def __init__(self) -> None:
        self.buffer = Buffer(150)
        self.itself = self


async def test_models_that_hold_themselves_are_freed_too() -> None:
    residency = Residency(160 * MEGABYTE)
    cyclic, other = ModelWorker("cyclic", Cyclic), ModelWorker("other", lambda: Buffer(20))
    for worker in (cyclic, other):
        worker.attach(residency, 150 * MEGABYTE)
    assert await cyclic.run(lambda model, token: model.buffer.answer()) == 2
    before = memory.process_bytes()
    assert await other.run(answer) == 2
    assert memory.process_bytes() < before - 100 * MEGABYTE
    await asyncio.to_thread(cyclic.close)
    await asyncio.to_thread(other.close)
    await asyncio.to_thread(residency.close)


async def test_what_a_model_really_takes_is_learnt() -> None:
    residency = Residency(1000 * MEGABYTE)
    worker = ModelWorker("greedy", lambda: Buffer(80))
    worker.attach(residency, 20 * MEGABYTE)
    await worker.run(answer)
    learnt = worker.memory
    assert learnt is not None
    assert 70 * MEGABYTE < (learnt.measured_bytes or 0) < 100 * MEGABYTE
    assert learnt.expected_bytes == learnt.measured_bytes
    await asyncio.to_thread(worker.close)
    await asyncio.to_thread(residency.close)


async def test_the_server_stays_ready_when_models_were_evicted() -> None:
    async with open_world(10) as world:
        models = {}
        for name in "abc":
            worker = world.add(name, 10)

            async def probe(worker: ModelWorker[Buffer] = worker) -> object:
                return await worker.run(answer)

            models[name] = ModelInUse(name, worker, probe)
        warm_up = WarmUp(models)
        assert not any(model.ready for model in models.values())
        warm_up.start()
        await until(lambda: warm_up.ready)
        assert world.in_memory == ["c"]
        assert [model.loaded for model in models.values()] == [False, False, True]
        assert all(model.ready for model in models.values())
        await warm_up.close()
