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


Jobs: TypeAlias = Mapping[str, Sequence[JobStep]]
"""Steps by job name."""
