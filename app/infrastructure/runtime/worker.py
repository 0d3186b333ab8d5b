"""The one place where models run: threads with a bounded priority queue, deadlines and real cancellation."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Generic, TypeVar

from app.application.model_memory import ModelMemory
from app.domain.error_fields import error_fields
from app.domain.errors import GatewayError, GatewayTimeout, GatewayUnavailable, VigiaError
from app.infrastructure.runtime.job_queue import JobQueue, Outcome
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.resident import Request, Resident
from app.infrastructure.runtime.streaming import Relay
from app.infrastructure.runtime.turnstile import Gait, Turnstile
from app.infrastructure.runtime.work import CancelToken, Job, Priority, WorkCancelled, WorkDisplaced

__all__ = ["CancelToken", "ModelWorker", "Priority", "WorkCancelled"]

Model = TypeVar("Model")
Result = TypeVar("Result")
log = logging.getLogger(__name__)

STREAM_BUFFER = 16
"""Items of a stream that may wait for their reader: a second of tokens."""
WAIT_SHARE = 0.5
"""Of a job's time limit: the longest wait for room in memory; the rest is for loading and running."""


class ModelWorker(Generic[Model]):
    """Runs work on one model, in ``lanes`` threads, most urgent first.

    The model is loaded by the first work that needs it (or by ``warm_up``), outside the event loop. Lazy results
    (generators) must be consumed inside the work function, or given to ``stream``. Alone it keeps its model until it is
    closed; attached to a ``Residency`` it gives the memory back when other models need it, and loads again on demand.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[], Model],
        *,
        queue_size: int = 32,
        deadline_s: float = 120.0,
        lanes: int = 1,
        unload: Callable[[Model], None] | None = None,
    ) -> None:
        """Prepare a worker; nothing is loaded yet.

        Args:
            name: of the model, for messages and thread names.
            load: makes the model; errors become ``GatewayUnavailable``.
            queue_size: how much work may wait, at least 1.
            deadline_s: default bound on waiting plus running.
            lanes: threads; more than one only for models that are safe to call at once.
            unload: frees the model's memory; by default its ``close()``, if it has one. All references are dropped, too.
        """
        self.name = name
        self.weights_bytes = 0
        """Size of the loaded model's weight files; said by ``load``."""
        self.lanes = lanes
        self._load = load
        self._unload = unload or _close
        self._deadline_s = deadline_s
        self._model: Model | None = None
        self._load_lock = threading.Lock()
        self._jobs = JobQueue(name, self._execute, size=queue_size, lanes=lanes)
        self._turnstile: Turnstile | None = None
        self._gait: Gait | None = None
        self._residency: Residency | None = None
        self._resident: Resident | None = None

    def attach(self, residency: Residency, need_bytes: int) -> None:
        """Share memory with other models from now on; before the first work.

        Args:
            residency: shares it out.
            need_bytes: what the model needs, about, before it was ever measured; 0 = unknown.
        """
        self._residency, self._resident = residency, residency.attach(self, need_bytes)

    def share_cores(self, turnstile: Turnstile, threads: int) -> None:
        """Pause for more urgent work of other models from now on; before the first work.

        Args:
            turnstile: knows what runs.
            threads: that one call keeps busy.
        """
        self._turnstile, self._gait = turnstile, turnstile.gait(threads)
        self._jobs.background_gives_way = True

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    @property
    def load_factor(self) -> float:
        """Waiting and running work over lanes: 0 is idle, above 1 means that work waits."""
        return (self._jobs.waiting + self._jobs.running) / self.lanes

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._jobs.waiting

    @property
    def memory(self) -> ModelMemory | None:
        """The model's place in the shared memory; None while it shares none."""
        return None if self._residency is None or self._resident is None else self._residency.view(self._resident)

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

        Cancelling the awaiting task takes waiting work out of the queue and tells running work to stop. Post-session work is
        begun anew if a more urgent model needed its memory: it must give nothing away before it returns.

        Raises:
            GatewayBusy: ``queue_size`` jobs wait already, or there is no room in memory for long.
            GatewayTimeout: not done within ``deadline_s``.
            GatewayUnavailable: the model cannot be loaded, or the worker is closed.
            GatewayError: the work raised something that is not a ``VigiaError``.
        """
        result: Result = await self._done(self._job(work, priority, deadline_s))
        return result

    def _job(
        self,
        work: Callable[[Model, CancelToken], Any],
        priority: Priority,
        deadline_s: float | None,
        *,
        repeatable: bool = True,
    ) -> Job:
        limit = self._deadline_s if deadline_s is None else deadline_s
        return Job(work, asyncio.get_running_loop(), priority, limit, repeatable=repeatable)

    async def _done(self, job: Job) -> Any:
        self._jobs.put(job)
        try:
            # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes together with the result.
            await asyncio.wait([job.future], timeout=job.deadline_s)
            if not job.future.done():
                raise GatewayTimeout(
                    f"{self.name} did not answer within {job.deadline_s:g} s; try again, or use a smaller model",
                    retry_after_s=job.deadline_s,
                )
            return job.future.result()
        finally:
            job.token.cancel()
            self._jobs.forget(job)
            if not job.future.cancel() and not job.future.cancelled():
                job.future.exception()  # seen, so that asyncio does not report it as lost if the caller was cancelled

    async def stream(
        self,
        work: Callable[[Model, CancelToken], Iterator[Result]],
        *,
        priority: Priority = Priority.POST_SESSION,
        deadline_s: float | None = None,
        buffer: int = STREAM_BUFFER,
    ) -> AsyncGenerator[Result, None]:
        """Run ``work(model, token)`` and give what it yields, while it runs.

        At most ``buffer`` items wait for a slow reader, then the work pauses. It stops between two items when the iterator
        is closed (``contextlib.aclosing``) or the awaiting task cancelled. Raises as ``run`` does.
        """
        relay: Relay[Result] = Relay(buffer)

        async def run() -> None:
            # What was sent cannot be taken back.
            await self._done(
                self._job(
                    lambda model, token: relay.send_all(work(model, token), token),
                    priority,
                    deadline_s,
                    repeatable=False,
                )
            )

        async with contextlib.aclosing(relay.receive(run)) as items:
            async for item in items:
                yield item

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop the threads, cancel what runs or waits, and free the model. Blocking; safe to call twice."""
        if self._jobs.close(timeout_s):
            self.unload_model()
        else:  # work that does not look whether it was cancelled may still use it
            self._model, self.weights_bytes = None, 0
        if self._residency is not None and self._resident is not None:
            self._residency.detach(self._resident)

    def load_model(self) -> None:
        """Load the model if it is not in memory. Blocking; for ``Residency``.

        Raises:
            GatewayUnavailable: it cannot be loaded, or the worker is closed.
        """
        with self._load_lock:
            if self._jobs.closed:
                raise GatewayUnavailable(f"{self.name} is shutting down")
            if self._model is None:
                self._model = self._loaded()

    def unload_model(self) -> None:
        """Free the model if it is in memory; no work may run on it. Blocking; for ``Residency``."""
        with self._load_lock:
            model, self._model, self.weights_bytes = self._model, None, 0
            if model is not None:
                self._unload(model)

    def _execute(self, job: Job) -> Outcome:
        try:
            return self._use_model(job), None
        except WorkCancelled:
            return None, GatewayError(f"{self.name}: cancelled")
        except VigiaError as error:
            return None, error
        except Exception as error:  # the one place where a foreign exception becomes ours
            log.error("model failed", extra={"model": self.name, **error_fields(error)})
            wrapped = GatewayError(f"{self.name} failed: {type(error).__name__}")
            wrapped.__cause__ = error
            return None, wrapped

    def _use_model(self, job: Job) -> Any:
        job.token.check()
        if self._residency is None or self._resident is None:
            began, known = time.monotonic(), self.loaded
            self.load_model()
            if not known:
                took_ms = int((time.monotonic() - began) * 1000)
                log.info("model loaded", extra={"model": self.name, "duration_ms": took_ms})
            return self._run_work(job)
        while True:
            use = self._acquire(job, self._residency, self._resident)
            try:
                return self._run_work(job)
            except WorkDisplaced:
                log.info("work stopped for a more urgent model", extra={"model": self.name})
                job.token.begin_anew()
            finally:
                self._residency.release(use)

    def _acquire(self, job: Job, residency: Residency, resident: Resident) -> Request:
        longest_wait_s = WAIT_SHARE * job.deadline_s - (time.monotonic() - job.since)
        token = job.token
        return residency.acquire(
            resident, lambda: self._jobs.urgency(job), lambda: token.cancelled, longest_wait_s, job.stop
        )

    def _run_work(self, job: Job) -> Any:
        if self._turnstile is None or self._gait is None:
            return job.work(self._model, job.token)
        job.token.turn = turn = self._turnstile.begin(self._gait, job.priority)
        turn.hurry(self._jobs.urgency(job))  # from now on, the queue does this
        try:
            return job.work(self._model, job.token)
        finally:
            turn.end()

    def _loaded(self) -> Model:
        try:
            return self._load()
        except VigiaError:
            raise
        except Exception as error:
            raise GatewayUnavailable(f"{self.name} cannot be loaded: {error}") from error


def _close(model: object) -> None:
    close = getattr(model, "close", None)
    if callable(close):
        close()
