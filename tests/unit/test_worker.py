import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from app.domain.errors import GatewayBusy, GatewayError, GatewayTimeout, GatewayUnavailable, InvalidInput
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from app.telemetry import session_context, session_id_var

pytestmark = pytest.mark.unit


class Gate:
    """Work that reports when it runs and ends when it is opened or cancelled."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.open = threading.Event()
        self.cancelled = threading.Event()

    def __call__(self, model: object, token: CancelToken) -> str:
        self.running.set()
        while not self.open.wait(0.005):
            if token.cancelled:
                self.cancelled.set()
                token.check()
        return "done"

    async def until(self, event: threading.Event) -> None:
        deadline = time.monotonic() + 5
        while not event.is_set():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)


@pytest.fixture
async def worker() -> AsyncIterator[ModelWorker[list[str]]]:
    worker: ModelWorker[list[str]] = ModelWorker("toy", list, queue_size=3, deadline_s=5)
    yield worker
    await asyncio.to_thread(worker.close)


async def test_the_model_is_loaded_once_by_the_first_work() -> None:
    loads: list[str] = []

    def load() -> list[str]:
        loads.append("x")
        return loads

    worker = ModelWorker("toy", load, lanes=3)

    def is_loaded() -> bool:
        return worker.loaded

    assert not is_loaded()
    await asyncio.gather(*(worker.run(lambda model, token: len(model)) for _ in range(10)))
    assert loads == ["x"]
    assert is_loaded()
    await asyncio.to_thread(worker.close)
    assert not is_loaded()


async def test_a_model_that_cannot_be_loaded_is_unavailable_and_tried_again() -> None:
    failures = [OSError("no file")]

    def load() -> str:
        if failures:
            raise failures.pop()
        return "model"

    worker = ModelWorker("toy", load)
    with pytest.raises(GatewayUnavailable, match="no file"):
        await worker.warm_up()
    assert await worker.run(lambda model, token: model) == "model"
    await asyncio.to_thread(worker.close)


async def test_the_most_urgent_work_goes_first(worker: ModelWorker[list[str]]) -> None:
    gate, order = Gate(), list[str]()
    first = asyncio.create_task(worker.run(gate))
    await gate.until(gate.running)

    def note(name: str) -> Callable[[object, CancelToken], None]:
        return lambda model, token: order.append(name)

    later = [
        asyncio.create_task(worker.run(note(name), priority=priority))
        for name, priority in (
            ("post", Priority.POST_SESSION),
            ("partial", Priority.LIVE_PARTIAL),
            ("final", Priority.LIVE_FINAL),
        )
    ]
    await asyncio.sleep(0)
    assert worker.load_factor == 4
    assert worker.waiting == 3
    gate.open.set()
    await asyncio.gather(first, *later)
    assert order == ["final", "partial", "post"]
    assert worker.load_factor == 0
    assert worker.waiting == 0


async def test_a_full_queue_is_busy_at_once(worker: ModelWorker[list[str]]) -> None:
    gate = Gate()
    tasks = [asyncio.create_task(worker.run(gate))]
    await gate.until(gate.running)
    tasks += [asyncio.create_task(worker.run(gate)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(GatewayBusy):
        await worker.run(gate)
    gate.open.set()
    assert await asyncio.gather(*tasks) == ["done"] * 4


async def test_the_deadline_stops_the_work(worker: ModelWorker[list[str]]) -> None:
    gate = Gate()
    with pytest.raises(GatewayTimeout):
        await worker.run(gate, deadline_s=0.05)
    await gate.until(gate.cancelled)
    assert await worker.run(lambda model, token: "next") == "next"


async def test_cancelling_the_caller_stops_running_and_waiting_work(worker: ModelWorker[list[str]]) -> None:
    running, waiting = Gate(), Gate()
    tasks = [asyncio.create_task(worker.run(running))]
    await running.until(running.running)
    tasks.append(asyncio.create_task(worker.run(waiting)))
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await running.until(running.cancelled)
    assert await worker.run(lambda model, token: "next") == "next"
    assert not waiting.running.is_set()


async def test_errors_of_ours_pass_and_foreign_ones_are_wrapped(
    worker: ModelWorker[list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(model: object, token: CancelToken) -> None:
        raise InvalidInput("too long")

    def crash(model: object, token: CancelToken) -> None:
        raise RuntimeError("cannot tokenize 'my PIN is 4711'")

    with pytest.raises(InvalidInput):
        await worker.run(refuse)
    with pytest.raises(GatewayError, match="RuntimeError") as caught:
        await worker.run(crash)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "4711" not in caught.value.message
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is None
    assert "4711" not in str(vars(record))
    assert vars(record)["error"] == "RuntimeError"


async def test_closing_stops_everything(worker: ModelWorker[list[str]]) -> None:
    running, waiting = Gate(), Gate()
    tasks = [asyncio.create_task(worker.run(running))]
    await running.until(running.running)
    tasks.append(asyncio.create_task(worker.run(waiting)))
    await asyncio.sleep(0)
    await asyncio.to_thread(worker.close)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [GatewayUnavailable, GatewayUnavailable]
    assert running.cancelled.is_set()
    assert not waiting.running.is_set()
    with pytest.raises(GatewayUnavailable):
        await worker.run(running)


async def test_work_logs_under_the_callers_session(worker: ModelWorker[list[str]]) -> None:
    with session_context("abc"):
        assert await worker.run(lambda model, token: session_id_var.get()) == "abc"
    assert await worker.run(lambda model, token: session_id_var.get()) is None
