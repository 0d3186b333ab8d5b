"""The one place where models run: threads with a bounded priority queue, deadlines and real cancellation."""

import asyncio
import contextvars
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Generic, TypeVar

from app.domain.error_fields import error_fields
from app.domain.errors import GatewayBusy, GatewayError, GatewayTimeout, GatewayUnavailable, VigiaError

Model = TypeVar("Model")
Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Priority(IntEnum):
    """Who goes first when work waits; lower goes first."""

    SPOKEN_TURN = 0
    PHOTO = 1
    LIVE_FINAL = 2
    LIVE_PARTIAL = 3
    POST_SESSION = 4


class WorkCancelled(Exception):
    """Raised inside a worker by ``CancelToken.check`` to unwind; never leaves ``ModelWorker``."""


class CancelToken:
    """Tells running work to stop. Work checks it between steps (a token, a window, a segment)."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the result."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise ``WorkCancelled`` if the work should stop."""
        if self._cancelled.is_set():
            raise WorkCancelled


class _Job:
    def __init__(self, work: Callable[[Any, CancelToken], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.context = contextvars.copy_context()  # log lines of the work carry the caller's session id
        self.token = CancelToken()
        self.future: asyncio.Future[Any] = loop.create_future()

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Deliver from the worker thread; a loop that is gone takes nothing."""
        try:
            self.loop.call_soon_threadsafe(self._deliver, result, error)
        except RuntimeError:
            log.debug("result dropped: the event loop is closed")

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class ModelWorker(Generic[Model]):
    """Runs work on one model, in ``lanes`` threads, most urgent first.

    The model is loaded by the first work that needs it (or by ``warm_up``), in a worker thread. Lazy results
    (generators) must be consumed inside the work function.
    """

    def __init__(
        self, name: str, load: Callable[[], Model], *, queue_size: int = 32, deadline_s: float = 120.0, lanes: int = 1
    ) -> None:
        """Prepare a worker; nothing is loaded yet.

        Args:
            name: of the model, for messages and thread names.
            load: makes the model; errors become ``GatewayUnavailable``.
            queue_size: how much work may wait, at least 1.
            deadline_s: default bound on waiting plus running.
            lanes: threads; more than one only for models that are safe to call at once.
        """
        self.name = name
        self.weights_bytes = 0
        """Size of the loaded model's weight files; said by ``load``."""
        self._load = load
        self._queue_size = queue_size
        self._deadline_s = deadline_s
        self._lanes = lanes
        self._model: Model | None = None
        self._load_lock = threading.Lock()
        self._ready = threading.Condition()
        self._heap: list[tuple[int, int, _Job]] = []
        self._order = itertools.count()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._running: set[_Job] = set()

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    @property
    def load_factor(self) -> float:
        """Waiting and running work over lanes: 0 is idle, above 1 means that work waits."""
        return (len(self._heap) + len(self._running)) / self._lanes

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._heap)

    async def warm_up(self) -> None:
        """Load the model now."""
        await self.run(lambda model, token: None)

    async def run(
        self,
        work: Callable[[Model, CancelToken], Result],
        *,
        priority: Priority = Priority.POST_SESSION,
        deadline_s: float | None = None,
    ) -> Result:
        """Run ``work(model, token)`` in a worker thread and return what it returns.

        Cancelling the awaiting task takes waiting work out of the queue and tells running work to stop.

        Raises:
            GatewayBusy: ``queue_size`` jobs wait already.
            GatewayTimeout: not done within ``deadline_s``.
            GatewayUnavailable: the model cannot be loaded, or the worker is closed.
            GatewayError: the work raised something that is not a ``VigiaError``.
        """
        job = _Job(work, asyncio.get_running_loop())
        self._enqueue(job, priority)
        limit = self._deadline_s if deadline_s is None else deadline_s
        try:
            # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes together with the result.
            await asyncio.wait([job.future], timeout=limit)
            if not job.future.done():
                raise GatewayTimeout(
                    f"{self.name} did not answer within {limit:g} s; try again, or use a smaller model",
                    retry_after_s=limit,
                )
            result: Result = job.future.result()
            return result
        finally:
            self._forget(job)
            if not job.future.cancel() and not job.future.cancelled():
                job.future.exception()  # seen, so that asyncio does not report it as lost if the caller was cancelled

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop the threads, cancel what runs or waits, and let go of the model. Blocking; safe to call twice."""
        with self._ready:
            self._closed = True
            stopped = [job for _, _, job in self._heap] + list(self._running)
            self._heap = []
            self._ready.notify_all()
        for job in stopped:
            job.token.cancel()
            job.finish(None, GatewayUnavailable(f"{self.name} is shutting down"))
        for thread in self._threads:
            thread.join(timeout_s)
        self._model, self.weights_bytes = None, 0

    def _enqueue(self, job: _Job, priority: Priority) -> None:
        with self._ready:
            if self._closed:
                raise GatewayUnavailable(f"{self.name} is shutting down")
            if len(self._heap) >= self._queue_size:
                raise GatewayBusy(f"{self.name} is busy ({self._queue_size} jobs wait)", retry_after_s=1.0)
            heapq.heappush(self._heap, (priority, next(self._order), job))
            if len(self._threads) < self._lanes:
                thread = threading.Thread(target=self._serve, name=f"{self.name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._ready.notify()

    def _forget(self, job: _Job) -> None:
        job.token.cancel()
        with self._ready:
            kept = [entry for entry in self._heap if entry[2] is not job]
            if len(kept) < len(self._heap):
                heapq.heapify(kept)
                self._heap = kept

    def _serve(self) -> None:
        while True:
            with self._ready:
                while not self._heap and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                _, _, job = heapq.heappop(self._heap)
                self._running.add(job)
            try:
                job.context.run(self._execute, job)
            finally:
                with self._ready:
                    self._running.discard(job)
            del job  # an idle thread must not keep the last result in memory

    def _execute(self, job: _Job) -> None:
        try:
            job.token.check()
            result = job.work(self._ensure_loaded(), job.token)
        except WorkCancelled:
            job.finish(None, GatewayError(f"{self.name}: cancelled"))
        except VigiaError as error:
            job.finish(None, error)
        except Exception as error:  # the one place where a foreign exception becomes ours
            log.error("model failed", extra={"model": self.name, **error_fields(error)})
            wrapped = GatewayError(f"{self.name} failed: {type(error).__name__}")
            wrapped.__cause__ = error
            job.finish(None, wrapped)
        else:
            job.finish(result, None)

    def _ensure_loaded(self) -> Model:
        with self._load_lock:
            if self._model is None:
                began = time.monotonic()
                try:
                    self._model = self._load()
                except VigiaError:
                    raise
                except Exception as error:
                    raise GatewayUnavailable(f"{self.name} cannot be loaded: {error}") from error
                log.info(
                    "model loaded", extra={"model": self.name, "duration_ms": int((time.monotonic() - began) * 1000)}
                )
            return self._model
