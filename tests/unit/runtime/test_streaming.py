"""Results that come one by one while the model works."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from app.domain.errors import GatewayError, GatewayTimeout, InvalidInput
from app.infrastructure.runtime.worker import CancelToken, ModelWorker
from tests.unit.runtime.buffers import until

pytestmark = pytest.mark.unit


@pytest.fixture
async def worker() -> AsyncIterator[ModelWorker[str]]:
    worker = ModelWorker("toy", lambda: "model", deadline_s=5)
    yield worker
    await asyncio.to_thread(worker.close)


class Counting:
    """Yields numbers for ever; notes how many, and that it was stopped."""

    def __init__(self) -> None:
        self.made = 0
        self.stopped = threading.Event()

    def __call__(self, model: str, token: CancelToken) -> Iterator[int]:
        try:
            while True:
                self.made += 1
                yield self.made
        finally:
            self.stopped.set()


async def read_all(stream: AsyncGenerator[int, None]) -> None:
    async with aclosing(stream) as items:
        async for _ in items:
            await asyncio.sleep(0)


async def test_items_come_in_order_while_the_work_goes_on(worker: ModelWorker[str]) -> None:
    seen = threading.Event()

    def work(model: str, token: CancelToken) -> Iterator[str]:
        yield model
        assert seen.wait(5)
        yield from "abc"

    items = []
    async for item in worker.stream(work):
        items.append(item)
        seen.set()
    assert items == ["model", "a", "b", "c"]


async def test_a_slow_reader_slows_the_work(worker: ModelWorker[str]) -> None:
    counting = Counting()
    async with aclosing(worker.stream(counting, buffer=4)) as items:
        assert await anext(items) == 1
        await until(lambda: counting.made == 6)
        await asyncio.sleep(0.05)
        assert counting.made == 6  # one taken, four in the buffer, one in hand
    await until(counting.stopped.is_set)
    assert await worker.run(lambda model, token: model) == "model"


async def test_cancelling_the_reader_stops_the_model(worker: ModelWorker[str]) -> None:
    counting = Counting()

    reader = asyncio.create_task(read_all(worker.stream(counting)))
    await until(lambda: counting.made > 10)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await until(counting.stopped.is_set)
    await until(lambda: worker.load_factor == 0)


async def test_errors_come_after_what_was_made(worker: ModelWorker[str]) -> None:
    def refuse(model: str, token: CancelToken) -> Iterator[int]:
        yield 1
        raise InvalidInput("no more")

    def crash(model: str, token: CancelToken) -> Iterator[int]:
        yield 1
        raise RuntimeError("secret")

    for work, error in ((refuse, InvalidInput), (crash, GatewayError)):
        items = worker.stream(work)
        assert await anext(items) == 1
        with pytest.raises(error):
            await anext(items)


async def test_the_deadline_ends_a_stream(worker: ModelWorker[str]) -> None:
    def slow(model: str, token: CancelToken) -> Iterator[int]:
        for number in range(10_000):
            time.sleep(0.005)
            yield number

    with pytest.raises(GatewayTimeout):
        await read_all(worker.stream(slow, deadline_s=0.1))
    await until(lambda: worker.load_factor == 0)
