"""What every job runner does the same way: retries, and one job at a time for a session."""

import asyncio
import logging
import weakref
from collections.abc import Sequence

from app.domain.error_fields import error_fields
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.session.jobs import Job, Jobs, JobStep
from app.domain.session.models import SessionKey
from app.telemetry import session_context, stage

RETRY_DELAYS_S = (0.5, 5.0, 30.0)
"""Pauses between attempts of a failing step. Steps handle failing models themselves, so what fails here is the disk;
a disk that is full for longer is left to the next submission. Chosen, not measured: the first outlasts a moment's refusal, the
last lets somebody make room; longer ones would keep a job's place from other sessions."""

_PERMANENT = (NotFound, InvalidInput, Conflict)
log = logging.getLogger(__name__)


class StepFailed(Exception):
    """A step failed for good. Its message names the step and the kind of error, never content."""


def job_named(jobs: Jobs, job: str) -> Job:
    """The job of that name.

    Raises:
        InvalidInput: there is no such job.
    """
    if job not in jobs:
        raise InvalidInput(f"There is no job named {job!r}; known are {', '.join(sorted(jobs))}.", param="job")
    return jobs[job]


async def run_step(step: JobStep, key: SessionKey, retry_delays_s: Sequence[float]) -> None:
    """Run one step, with retries.

    Raises:
        StepFailed: the last attempt failed, or the error is one that no repetition cures.
    """
    with session_context(key.session_id), stage(f"job step {step.name}", log):
        for delay_s in (*retry_delays_s, None):
            try:
                return await step.run(key)
            except Exception as exc:
                log.warning("job step failed", extra={"step": step.name, **error_fields(exc)})
                if delay_s is None or isinstance(exc, _PERMANENT):
                    # The cause is dropped: its message may quote what was said, and runners record this error.
                    raise StepFailed(f"step {step.name} failed with {type(exc).__name__}") from None
            await asyncio.sleep(delay_s)


class SessionLocks:
    """A lock for each session that has work; use it on one event loop only."""

    def __init__(self) -> None:
        self._locks: weakref.WeakValueDictionary[SessionKey, asyncio.Lock] = weakref.WeakValueDictionary()

    async def acquire(self, key: SessionKey) -> asyncio.Lock:
        """Wait for the session's lock; the caller keeps it and releases it."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        await lock.acquire()
        return lock
