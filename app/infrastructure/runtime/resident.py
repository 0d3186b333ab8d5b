"""One model's place in memory: its state, what it needs, and who asks for it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from app.application.model_memory import MemoryState
from app.infrastructure.runtime.eviction import Candidate, Patience

log = logging.getLogger(__name__)
SMOOTHING = 0.5
"""Weight of the newest measured time."""
MOST_DOUBLINGS = 6
"""Of the time that a model is held: two minutes, which is longer than any job may take."""
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
        """Planned for it: the most that it was ever seen to take, at least what was declared. What it needs for the largest
        photo or the longest recording may not have been seen yet, and must not be planned for others."""
        self.present_bytes = 0
        """What it takes now, as far as that is known."""
        self.measured_bytes: int | None = None
        self.state: MemoryState = "unloaded"
        self.loads = 0
        self.urgency: int | None = None
        """Of the most urgent work since it was loaded; None if there was none."""
        self.last_used: float | None = None
        self.load_s = UNKNOWN_LOAD_S
        self.run_s = 0.0
        """How long it is in use at a time, smoothed."""
        self.uses: list[Request] = []
        """Work that runs on it."""
        self._displaced = 0
        """How often in a row its work had to stop for more urgent work."""
        self._doublings = 0
        """The same when it was loaded: who made it stop must not wait for longer because of that."""
        self._busy_since = self._loaded_at = 0.0

    @property
    def takes_memory(self) -> bool:
        """Whether it is in memory, or on its way in or out."""
        return self.state in {"loading", "loaded", "unloading"}

    @property
    def in_use(self) -> int:
        """How many jobs run on it."""
        return len(self.uses)

    def begin_use(self, request: "Request", now: float) -> None:
        """Work begins."""
        if not self.in_use:
            self._busy_since = now
        self.uses.append(request)
        urgency = request.urgency()
        self.urgency = urgency if self.urgency is None else min(urgency, self.urgency)

    def end_use(self, request: "Request", now: float) -> None:
        """Work has ended."""
        self.uses.remove(request)
        self.last_used = now
        if not request.displaced:
            self._displaced = 0
        if not self.in_use:
            self.run_s += SMOOTHING * (now - self._busy_since - self.run_s)

    def rest_of_use_s(self, now: float) -> float:
        """How much longer it will be in use, by how long it usually is."""
        return max(0.0, self.run_s - (now - self._busy_since)) if self.in_use else 0.0

    def has_loaded(self, took_bytes: int, took_s: float, now: float) -> None:
        """It was loaded."""
        self.state = "loaded"
        self.loads += 1
        self.urgency, self.last_used, self._loaded_at = None, now, now
        self._doublings = min(self._displaced, MOST_DOUBLINGS)
        self.load_s = took_s if self.loads == 1 else self.load_s + SMOOTHING * (took_s - self.load_s)
        self.measured_bytes = max(0, took_bytes)
        self.has_changed(took_bytes)

    def has_changed(self, present_bytes: int) -> None:
        """It was seen to take so much now."""
        self.present_bytes = max(0, present_bytes)
        self.expected_bytes = max(self.expected_bytes, self.present_bytes)

    def has_unloaded(self, freed_bytes: int) -> None:
        """It was unloaded: what that freed is what it took in the end."""
        self.state = "evicted"
        self.has_changed(freed_bytes)
        self.present_bytes = 0

    def has_failed(self) -> None:
        """It could not be loaded."""
        self.state, self.loads, self.present_bytes = "unloaded", 0, 0

    def idle_s(self, now: float) -> float | None:
        """Since its last work, or its load; None while it is in use."""
        return None if self.in_use or self.last_used is None else now - self.last_used

    def candidate(self, now: float, least_urgent: int, patience: Patience) -> Candidate:
        """How it stands when room is looked for."""
        urgency = least_urgent if self.urgency is None else self.urgency
        held_s = now - self._loaded_at
        hold_s = patience.hold_s * 2.0**self._doublings
        return Candidate(self.key, self.expected_bytes, urgency, self.idle_s(now), held_s, hold_s)

    def can_stop(self, urgency: int, now: float, patience: Patience) -> bool:
        """Whether all work on it may be asked to stop for work of that urgency, since it has had some time."""
        mine = self.candidate(now, urgency, patience)
        less_urgent = all(use.stop is not None and use.urgency() > urgency for use in self.uses)
        return less_urgent and mine.held_s >= mine.hold_s

    def stop(self) -> None:
        """Ask all work on it to stop at its next step, and to begin anew when there is room again."""
        asked = [use for use in self.uses if use.stop is not None and not use.displaced]
        self._displaced += bool(asked)
        for use in asked:
            use.displaced = True
            if use.stop is not None:
                use.stop()


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
        stop: asks the work to stop and begin anew later; None if it cannot.
        error: why the load that it started failed.
        entered: whether it uses the model.
        displaced: whether it was asked to stop.
    """

    resident: Resident
    urgency: Callable[[], int]
    cancelled: Callable[[], bool]
    since: float
    longest_wait_s: float
    stop: Callable[[], None] | None = None
    claims: frozenset[int] = field(default=frozenset())
    error: BaseException | None = None
    entered: bool = False
    displaced: bool = False
