"""What a session's post-session work consists of: named steps, run in order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.session.models import SessionKey


@dataclass(frozen=True)
class JobStep:
    """One step of a job.

    A step that was interrupted is run again, a step that ended is not; so steps must be idempotent.

    Attributes:
        name: unique in its job and stable across versions: the records of running jobs refer to it.
        run: does the work. It gets the session's key and nothing else, so that no content is kept with the job.
    """

    name: str
    run: Callable[[SessionKey], Awaitable[None]]


@dataclass(frozen=True)
class Job:
    """Steps to be run in order.

    Attributes:
        steps: at least one.
        on_failed: hears, on the event loop, that a step failed for good and the job was given up; it may be submitted again.
        on_again: hears, in the turn of the event loop in which the job ends, that it will be run once more.
    """

    steps: Sequence[JobStep]
    on_failed: Callable[[SessionKey], None] = lambda key: None
    on_again: Callable[[SessionKey], None] = lambda key: None


Jobs: TypeAlias = Mapping[str, Job]
"""Jobs by name."""
