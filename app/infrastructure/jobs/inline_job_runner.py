"""Jobs as plain tasks of the event loop; they do not survive the process."""

import asyncio
import logging
from collections.abc import Sequence

from app.domain.session.gateway import JobRunner
from app.domain.session.jobs import Job, Jobs
from app.domain.session.models import SessionKey
from app.infrastructure.jobs.steps import RETRY_DELAYS_S, SessionLocks, StepFailed, job_named, run_step

log = logging.getLogger(__name__)


class InlineJobRunner(JobRunner):
    """Keeps nothing: after a restart the sessions that were being processed must be submitted again."""

    def __init__(self, jobs: Jobs, *, concurrency: int = 2, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> None:
        self._jobs = jobs
        self._retry_delays_s = tuple(retry_delays_s)
        self._slots = asyncio.Semaphore(concurrency)
        self._locks = SessionLocks()
        self._running: dict[tuple[SessionKey, str], asyncio.Task[None]] = {}
        self._begun: set[tuple[SessionKey, str]] = set()
        self._again: set[tuple[SessionKey, str]] = set()

    async def start(self) -> None:
        """Nothing to resume."""
        log.info("jobs run in memory only")

    async def submit(self, key: SessionKey, job: str, *, again: bool = False) -> None:
        """Starts a task."""
        found = job_named(self._jobs, job)
        if (key, job) not in self._running:
            self._start(key, job, found)
        elif again and (key, job) in self._begun:
            self._again.add((key, job))

    def _start(self, key: SessionKey, name: str, job: Job) -> None:
        self._running[key, name] = asyncio.create_task(self._run(key, name, job))

    async def forget(self, key: SessionKey) -> None:
        """Cancels the tasks and waits for them."""
        await self._stop([(owner, job) for owner, job in self._running if owner == key])

    async def close(self) -> None:
        """Stop what runs."""
        await self._stop(list(self._running))

    async def _stop(self, running: Sequence[tuple[SessionKey, str]]) -> None:
        tasks = [self._running.pop(entry) for entry in running]
        self._again.difference_update(running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: SessionKey, name: str, job: Job) -> None:
        lock = await self._locks.acquire(key)
        try:
            async with self._slots:
                self._begun.add((key, name))
                for step in job.steps:
                    await run_step(step, key, self._retry_delays_s)
        except StepFailed as exc:
            log.error("job failed", extra={"job": name, "session_id": key.session_id, "reason": str(exc)})
            job.on_failed(key)
        finally:
            lock.release()
            self._begun.discard((key, name))
            # In the same turn of the loop in which the last step ends, so that a submission by whoever it woke is not lost.
            if self._running.get((key, name)) is asyncio.current_task():
                del self._running[key, name]
                if (key, name) in self._again:
                    self._again.discard((key, name))
                    job.on_again(key)
                    self._start(key, name, job)
