"""One model's place in memory: its state, what it needs, and who asks for it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from app.application.model_memory import MemoryState
from app.infrastructure.runtime.eviction import Candidate

log = logging.getLogger(__name__)
SMOOTHING = 0.5
"""Weight of the newest measurement: what else the process does meanwhile makes each of them uncertain."""
UNKNOWN_LOAD_S = 2.0
"""Guess before the first load; small models take one to three seconds."""


class Loadable(Protocol):
    """A model that can be loaded and unloaded; ``ModelWorker`` is one."""

    name: str

    def load_model(self) -> None:
        """Load it. Blocking; raises a ``VigiaError`` if that fails."""
        ...

    def unload_model(self) -> None:
        """Free it; no work runs on it. Blocking."""
        ...


class Resident:
    """What ``Residency`` knows of a model. Changed under its lock only."""

    def __init__(self, key: int, model: Loadable, declared_bytes: int) -> None:
        self.key = key
        self.model = model
        self.declared_bytes = declared_bytes
        self.expected_bytes = declared_bytes
        """Planned for it; see ``has_loaded`` and ``has_unloaded``."""
        self.measured_bytes: int | None = None
        self.state: MemoryState = "unloaded"
        self.loads = 0
        self.in_use = 0
        self.urgency: int | None = None
        """Of the most urgent work since it was loaded; None if there was none."""
        self.last_used: float | None = None
        self.load_s = UNKNOWN_LOAD_S
        self.run_s = 0.0
        """How long it is in use at a time, smoothed."""
        self._busy_since = 0.0

    @property
    def takes_memory(self) -> bool:
        """Whether it is in memory, or on its way in or out."""
        return self.state in {"loading", "loaded", "unloading"}

    def begin_use(self, urgency: int, now: float) -> None:
        """Work begins."""
        if not self.in_use:
            self._busy_since = now
        self.in_use += 1
        self.urgency = urgency if self.urgency is None else min(urgency, self.urgency)

    def end_use(self, now: float) -> None:
        """Work has ended."""
        self.in_use -= 1
        self.last_used = now
        if not self.in_use:
            self.run_s += SMOOTHING * (now - self._busy_since - self.run_s)

    def rest_of_use_s(self, now: float) -> float:
        """How much longer it will be in use, by how long it usually is."""
        return max(0.0, self.run_s - (now - self._busy_since)) if self.in_use else 0.0

    def has_loaded(self, took_bytes: int, took_s: float, now: float) -> None:
        """It was loaded. More than expected counts at once, less only after unloading (it grows while it works)."""
        self.state = "loaded"
        self.loads += 1
        self.urgency, self.last_used = None, now
        self.load_s = took_s if self.loads == 1 else self.load_s + SMOOTHING * (took_s - self.load_s)
        self.measured_bytes = max(0, took_bytes)
        self.expected_bytes = max(self.expected_bytes, self.measured_bytes)

    def has_unloaded(self, freed_bytes: int) -> None:
        """It was unloaded: what that freed is what it took in the end."""
        self.state = "evicted"
        took = max(self.measured_bytes or 0, freed_bytes)
        self.expected_bytes += int(SMOOTHING * (took - self.expected_bytes))

    def has_failed(self) -> None:
        """It could not be loaded."""
        self.state, self.loads = "unloaded", 0

    def idle_s(self, now: float) -> float | None:
        """Since its last work, or its load; None while it is in use."""
        return None if self.in_use or self.last_used is None else now - self.last_used

    def candidate(self, now: float, least_urgent: int) -> Candidate:
        """How it stands when room is looked for."""
        urgency = least_urgent if self.urgency is None else self.urgency
        return Candidate(self.key, self.expected_bytes, urgency, self.idle_s(now))


@dataclass(eq=False)
class Request:
    """Work that asks for its model to be in memory.

    Attributes:
        resident: the model.
        urgency: of the work, as it is now.
        cancelled: whether nobody waits for it any more.
        since: when it asked.
        longest_wait_s: before it is told to come back later.
        claims: keys of models that it waits for; less urgent work must not begin to use them.
        error: why the load that it started failed.
        entered: whether it uses the model that was loaded for it.
    """

    resident: Resident
    urgency: Callable[[], int]
    cancelled: Callable[[], bool]
    since: float
    longest_wait_s: float
    claims: frozenset[int] = field(default=frozenset())
    error: BaseException | None = None
    entered: bool = False
