"""Models that are nothing but memory, and workers that run on them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.infrastructure.runtime.eviction import Patience
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.turnstile import Turnstile
from app.infrastructure.runtime.worker import CancelToken, ModelWorker

MEGABYTE = 1_000_000
QUICK = Patience(keep_s=0.05, ageing_s=0.2, hold_s=0.0, turn_s=0.02, rest_s=0.01)


class Buffer:
    """A model of some megabytes that are really there; it cannot be used once it is closed."""

    def __init__(self, megabytes: int) -> None:
        self._data: NDArray[np.uint8] | None = np.ones(megabytes * MEGABYTE, np.uint8)
        self._grown: list[NDArray[np.uint8]] = []

    def grow(self, megabytes: int) -> None:
        self._grown.append(np.ones(megabytes * MEGABYTE, np.uint8))

    def answer(self) -> int:
        assert self._data is not None, "the model was unloaded while it was in use"
        return int(self._data[0]) + int(self._data[-1])

    def close(self) -> None:
        self._data = None
        self._grown.clear()


@dataclass
class World:
    """Workers that share memory and cores; ``in_memory`` are the models loaded now, in order, ``peak_mb`` their most ever."""

    residency: Residency
    turnstile: Turnstile
    sizes: dict[str, int] = field(default_factory=dict)
    workers: dict[str, ModelWorker[Buffer]] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    peak_mb: int = 0

    def add(self, name: str, megabytes: int, *, lanes: int = 1, deadline_s: float = 20.0) -> ModelWorker[Buffer]:
        def load() -> Buffer:
            self.loads.append(name)
            self.peak_mb = max(self.peak_mb, megabytes + sum(self.sizes[one] for one in self.in_memory))
            return Buffer(megabytes)

        worker = ModelWorker(name, load, lanes=lanes, deadline_s=deadline_s)
        worker.attach(self.residency, megabytes * MEGABYTE)
        worker.share_cores(self.turnstile, 1)
        self.sizes[name], self.workers[name] = megabytes, worker
        return worker

    @property
    def in_memory(self) -> list[str]:
        return [name for name, worker in self.workers.items() if worker.loaded]


@asynccontextmanager
async def open_world(budget_mb: int, *, cores: int = 1, idle_unload_s: float = 0.0) -> AsyncIterator[World]:
    """A budget to share; the process's memory is taken to be that of the models, so that the plan is exact."""

    sizes, workers = dict[str, int](), dict[str, ModelWorker[Buffer]]()

    def process_bytes() -> int:
        return sum(sizes.get(name, 0) for name, worker in workers.items() if worker.loaded) * MEGABYTE

    residency = Residency(
        budget_mb * MEGABYTE, idle_unload_s=idle_unload_s, patience=QUICK, process_bytes=process_bytes, look_s=0.01
    )
    world = World(residency, Turnstile(cores), sizes, workers)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, residency.close)
        try:
            yield world
        finally:
            for worker in world.workers.values():
                await asyncio.to_thread(worker.close)


def answer(model: Buffer, token: CancelToken) -> int:
    """The shortest work."""
    return model.answer()


class Busy:
    """Work that goes on in small steps until it is told to end."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.end = threading.Event()
        self.steps = 0

    def __call__(self, model: Buffer, token: CancelToken) -> int:
        self.running.set()
        while not self.end.wait(0.002):
            token.check()
            model.answer()
            self.steps += 1
        return model.answer()


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that other threads do; at most five seconds."""
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)
