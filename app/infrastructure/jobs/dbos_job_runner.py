"""Durable jobs: DBOS workflows on a SQLite file of their own."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from app.domain.errors import VigiaError
from app.domain.session.gateway import JobRunner
from app.domain.session.jobs import Jobs, JobStep
from app.domain.session.models import SessionKey
from app.infrastructure.jobs.dbos_engine import POLLING_INTERVAL_S, DbosEngine
from app.infrastructure.jobs.steps import RETRY_DELAYS_S, SessionLocks, StepFailed, job_named, run_step

LOOP_CHECK_INTERVAL_S = 1.0
"""How often a waiting thread looks whether the application's loop is gone, which would leave the process unable to end."""

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class _Stopped(BaseException):
    """Unwinds a workflow's thread without DBOS recording an outcome, so that the next start resumes it.

    DBOS records every ``Exception``; it lets other ``BaseException`` pass.
    """


class DbosJobRunner(JobRunner):
    """Steps run on the application's event loop; DBOS's threads only wait for them and record that they ended."""

    def __init__(
        self,
        path: Path,
        jobs: Jobs,
        *,
        concurrency: int = 2,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        polling_interval_s: float = POLLING_INTERVAL_S,
    ) -> None:
        self._jobs = jobs
        self._engine = DbosEngine(path, self._work, concurrency, polling_interval_s)
        self._retry_delays_s = tuple(retry_delays_s)
        self._locks = SessionLocks()
        self._submitting = asyncio.Lock()
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._ended: set[str] = set()
        self._again: set[str] = set()
        self._resubmitting: set[asyncio.Task[None]] = set()
        self._stopping: set[SessionKey] = set()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop

    async def start(self) -> None:
        """Open the file and resume what was running or queued when the process ended.

        Raises:
            ConfigurationError: another runner is open in this process.
            StorageError: the file cannot be used.
        """
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._engine.open)

    async def submit(self, key: SessionKey, job: str, *, again: bool = False) -> None:
        """When this returns, the job survives the process; that it is to run once more does not."""
        job_named(self._jobs, job)
        workflow_id = _workflow_id(key, job)
        async with self._submitting:
            queued = await self._enqueue(key, job, workflow_id)
            while again and not queued and workflow_id in self._ended:  # it ended just now
                queued = await self._enqueue(key, job, workflow_id)
            if again and not queued:
                self._again.add(workflow_id)

    async def _enqueue(self, key: SessionKey, job: str, workflow_id: str) -> bool:
        ended = workflow_id in self._ended
        arguments = (job, key.owner, key.session_id)
        queued = await asyncio.to_thread(self._engine.enqueue, workflow_id, arguments, ended=ended)
        if ended:
            self._ended.discard(workflow_id)
        return queued

    async def forget(self, key: SessionKey) -> None:
        """Erases the workflows and the records of their steps."""
        workflow_ids = [_workflow_id(key, job) for job in self._jobs]
        self._stopping.add(key)
        try:
            await self._stop(workflow_ids)
            async with self._submitting:
                self._again.difference_update(workflow_ids)
                await asyncio.to_thread(self._engine.delete, workflow_ids)
        finally:
            self._stopping.discard(key)
            self._ended.difference_update(workflow_ids)

    async def close(self) -> None:
        """Stop at once; what runs is resumed at the next start."""
        self._closing = True
        await asyncio.gather(*self._resubmitting, return_exceptions=True)
        await self._stop(list(self._running))
        await asyncio.to_thread(self._engine.close, frozenset(self._ended))

    async def _stop(self, workflow_ids: Sequence[str]) -> None:
        tasks = [self._running[workflow_id] for workflow_id in workflow_ids if workflow_id in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _work(self, workflow_id: str, job: str, owner: str, session_id: str) -> None:
        """The workflow, in a thread of DBOS."""
        key = SessionKey(owner, session_id)
        on_loop = functools.partial(self._on_loop, workflow_id, key)
        found = job_named(self._jobs, job)
        lock = on_loop(lambda: self._locks.acquire(key))
        try:
            for step in found.steps:
                ended = self._job_ended(workflow_id, job, key) if step is found.steps[-1] else None
                run = functools.partial(self._run_step, step, key, ended)
                self._engine.run_step(step.name, functools.partial(on_loop, run))
        except Exception as exc:
            reason = str(exc) if isinstance(exc, StepFailed) else type(exc).__name__
            log.error("job failed", extra={"job": job, "session_id": session_id, "reason": reason})
            self._call_soon(functools.partial(self._failed, workflow_id, job, key))
            raise
        finally:
            self._call_soon(lock.release)

    def _call_soon(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left who could mind
            self._loop.call_soon_threadsafe(function)

    async def _run_step(self, step: JobStep, key: SessionKey, ended: Callable[[], None] | None) -> None:
        await run_step(step, key, self._retry_delays_s)
        if ended is not None:
            # In the same turn of the loop in which the step ends, so that a submission by whoever it woke is not lost.
            ended()

    def _failed(self, workflow_id: str, job: str, key: SessionKey) -> None:
        self._jobs[job].on_failed(key)
        self._job_ended(workflow_id, job, key)()

    def _job_ended(self, workflow_id: str, job: str, key: SessionKey) -> Callable[[], None]:
        """Call what this returns on the application's loop."""

        def ended() -> None:
            self._ended.add(workflow_id)
            if workflow_id in self._again and not self._closing:
                self._jobs[job].on_again(key)
                # In a context of its own: in the workflow's, DBOS takes what is called for a part of the workflow.
                task = contextvars.Context().run(self._loop.create_task, self._run_again(workflow_id, job, key))
                self._resubmitting.add(task)
                task.add_done_callback(self._resubmitting.discard)

        return ended

    async def _run_again(self, workflow_id: str, job: str, key: SessionKey) -> None:
        async with self._submitting:
            if workflow_id not in self._again:  # the session was erased
                return
            self._again.discard(workflow_id)
            try:
                await self._enqueue(key, job, workflow_id)
            except VigiaError as exc:
                log.error("job not run again", extra={"job": job, "reason": exc.message})
                self._jobs[job].on_failed(key)

    def _on_loop(self, workflow_id: str, key: SessionKey, function: Callable[[], Awaitable[Result]]) -> Result:
        """Run a coroutine on the application's loop and wait for it, in a thread of DBOS."""
        tracked = self._tracked(workflow_id, key, function)
        try:
            future = asyncio.run_coroutine_threadsafe(tracked, self._loop)
        except RuntimeError:
            tracked.close()
            raise _Stopped from None
        while not concurrent.futures.wait([future], timeout=LOOP_CHECK_INTERVAL_S).done:
            if self._loop.is_closed():
                raise _Stopped
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise _Stopped from None

    async def _tracked(self, workflow_id: str, key: SessionKey, function: Callable[[], Awaitable[Result]]) -> Result:
        task = asyncio.current_task()
        if self._closing or key in self._stopping or task is None:
            raise asyncio.CancelledError
        self._running[workflow_id] = task
        try:
            return await function()
        finally:
            del self._running[workflow_id]


def _workflow_id(key: SessionKey, job: str) -> str:
    """The same for every run of a job, so that DBOS itself refuses a second one at the same time."""
    return "/".join(quote(part, safe="") for part in (job, key.owner, key.session_id))
