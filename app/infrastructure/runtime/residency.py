"""Which models are in memory: loaded on demand, evicted when others need the room, planned in bytes."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from app.application.model_memory import ModelMemory
from app.infrastructure.runtime import measured_loads, memory
from app.infrastructure.runtime.eviction import USUAL_PATIENCE, Patience, plan_eviction, plan_relief
from app.infrastructure.runtime.footprint import Footprint
from app.infrastructure.runtime.resident import Loadable, Request, Resident
from app.infrastructure.runtime.waiting_line import WaitingLine

log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 0.1
"""Cancellation, ageing and rest come with time alone; whoever waits for memory looks that often."""
LOOK_S = 1.0
"""Between two looks at what models have grown to; each takes a tenth of a millisecond."""
_RETURNED_BYTES = 16_000_000
"""Growth after which free memory is given back once everything rests: it takes milliseconds, and work has to allocate anew."""


class Residency:
    """Shares a budget of bytes among models. Safe to use from any thread; all loads happen one after the other in one.

    That thread is not niced, so that pools which a library makes while loading serve urgent work as well; and what a load
    takes can be measured only while no other one runs.
    """

    def __init__(
        self,
        budget_bytes: int,
        *,
        idle_unload_s: float = 0.0,
        patience: Patience = USUAL_PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        process_bytes: Callable[[], int] = memory.process_bytes,
        server_bytes: int = 0,
        look_s: float = LOOK_S,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            budget_bytes: for all models together; one that needs more is loaded only while no other one is.
            idle_unload_s: models that rest for longer are unloaded; 0 = never.
            patience: how long models and work are protected.
            clock: seconds that only grow.
            process_bytes: measures the process's memory.
            server_bytes: that the process may take beside the budget; at least what it takes now.
            look_s: between two looks at the process's memory while models work.
        """
        self.budget_bytes = budget_bytes
        self._idle_unload_s = idle_unload_s
        self._patience = patience
        self._clock = clock
        self._process_bytes = process_bytes
        self._footprint = Footprint(process_bytes, server_bytes)
        self._look_s, self._looked_at = look_s, clock()
        self._changed = threading.Condition()
        self._residents: list[Resident] = []
        self._waiting = WaitingLine(self._residents, patience, clock)
        self._loads: queue.SimpleQueue[tuple[Request, Sequence[Resident]] | None] = queue.SimpleQueue()
        self._loader = threading.Thread(target=self._serve, name="model-loader", daemon=True)
        self._loader.start()

    def attach(self, model: Loadable, declared_bytes: int) -> Resident:
        """Make room for a model when it is needed; it must not be loaded yet."""
        with self._changed:
            resident = Resident(len(self._residents), model, declared_bytes)
            self._residents.append(resident)
            return resident

    def detach(self, resident: Resident) -> None:
        """The model is closed and frees its memory itself."""
        with self._changed:
            resident.state = "unloaded"
            self._changed.notify_all()

    def close(self) -> None:
        """Stop loading. Blocking; safe to call twice."""
        self._loads.put(None)
        self._loader.join(timeout=10.0)

    def acquire(
        self,
        resident: Resident,
        urgency: Callable[[], int],
        cancelled: Callable[[], bool],
        longest_wait_s: float,
        stop: Callable[[], None] | None = None,
    ) -> Request:
        """Have the model in memory, and keep it there until ``release`` of what is returned. Blocking.

        Args:
            resident: the model.
            urgency: of the work, as it is now.
            cancelled: whether nobody waits for the work any more.
            longest_wait_s: for room.
            stop: asks the work to stop soon and begin anew later, when more urgent work needs the memory; None if it cannot.

        Raises:
            GatewayBusy: there was no room for it within ``longest_wait_s``; says when there may be.
            WorkCancelled: ``cancelled`` came true.
            VigiaError: it cannot be loaded.
        """
        request = Request(resident, urgency, cancelled, self._clock(), longest_wait_s, stop)
        with self._changed:
            if self._entered(request):
                return request
            self._waiting.join(request)
            try:
                while not self._entered(request):
                    self._start_load(request)
                    self._changed.wait(_LOOK_AGAIN_S)
                    self._waiting.see(request)
            finally:
                self._waiting.leave(request)
                self._changed.notify_all()
        return request

    def release(self, request: Request) -> None:
        """The work has ended."""
        with self._changed:
            self._look()
            request.resident.end_use(request, self._clock())
            if self._waiting:
                self._changed.notify_all()

    def view(self, resident: Resident) -> ModelMemory:
        """What can be told of it."""
        with self._changed:
            waiting = self._waiting.for_model(resident)
            return ModelMemory(
                state=resident.state,
                declared_bytes=resident.declared_bytes,
                expected_bytes=resident.expected_bytes,
                measured_bytes=resident.measured_bytes,
                loads=resident.loads,
                in_use=resident.in_use,
                waiting=len(waiting),
                idle_s=resident.idle_s(self._clock()),
                estimated_wait_s=max((self._waiting.estimated_wait_s(request) for request in waiting), default=None),
                budget_bytes=self.budget_bytes,
                used_bytes=self._used_bytes(),
            )

    def _entered(self, request: Request) -> bool:
        """Begin to use the model if it is in memory and nobody more urgent waits for its memory."""
        resident = request.resident
        if request.entered:
            return True
        if resident.state != "loaded" or (self._waiting and self._waiting.claims(request)):
            return False
        self._begin(request)
        return True

    def _begin(self, request: Request) -> None:
        request.entered = True
        request.resident.begin_use(request, self._clock())
        self._footprint.ran(request.resident)

    def _start_load(self, request: Request) -> None:
        """Hand the load over if there is room, or enough to evict; else claim what it waits for."""
        resident = request.resident
        if resident.takes_memory:
            return
        ahead = self._waiting.models_ahead_of(request)
        missing = self._missing_bytes(resident)
        if ahead and missing + sum(self._need_bytes(each) for each in ahead) > 0:
            return
        victims: list[Resident] = []
        if missing > 0:
            victims = self._victims(request, missing)
            if not victims:
                return
        for victim in victims:
            victim.state = "unloading"
        resident.state = "loading"
        self._loads.put((request, victims))

    def _missing_bytes(self, resident: Resident) -> int:
        """What others must make room for: no more than they have, for a model alone always gets its room."""
        others = [each for each in self._residents if each.takes_memory]
        missing = self._need_bytes(resident) - (self.budget_bytes - self._used_bytes())
        return min(missing, sum(each.expected_bytes for each in others))

    def _victims(self, request: Request, missing_bytes: int) -> list[Resident]:
        now = self._clock()
        candidates = self._waiting.candidates()
        plan = plan_eviction(missing_bytes, candidates, self._waiting.rank(request)[0], self._patience)
        request.claims = frozenset(plan.wait_for)
        in_use = [self._residents[key] for key in plan.wait_for if self._residents[key].in_use]
        if all(each.can_stop(request.urgency(), now, self._patience) for each in in_use):
            for each in in_use:
                each.stop()
        return [self._residents[key] for key in plan.now]

    def _need_bytes(self, resident: Resident) -> int:
        return min(resident.expected_bytes, self.budget_bytes)

    def _used_bytes(self) -> int:
        planned = sum(self._need_bytes(each) for each in self._residents if each.takes_memory)
        return max(planned, self._footprint.models_bytes)

    def _serve(self) -> None:
        idle_s = max(0.02, self._idle_unload_s / 4) if self._idle_unload_s else self._look_s
        while True:
            try:
                task = self._loads.get(timeout=min(idle_s, self._look_s))
            except queue.Empty:
                self._give_back()
                if self._idle_unload_s:
                    self._unload_idle()
            else:
                if task is None:
                    return
                self._load(*task)
            self._relieve()

    def _look(self, *, now: bool = False) -> None:
        """See what models have grown to, if it is time; under the lock."""
        at = self._clock()
        if (now or at - self._looked_at >= self._look_s) and not self._is_changing():
            self._looked_at = at
            self._footprint.look(self._residents)

    def _is_changing(self) -> bool:
        return any(each.state in {"loading", "unloading"} for each in self._residents)

    def _give_back(self) -> None:
        """Have glibc let go of what the last work has freed, once everything rests."""
        with self._changed:
            self._look()
            if self._footprint.grown_bytes < _RETURNED_BYTES or any(each.in_use for each in self._residents):
                return
        memory.give_back()
        with self._changed:
            self._look(now=True)
            self._footprint.has_returned()

    def _relieve(self) -> None:
        """Evict idle models if those that are loaded take more than was planned, but not the last one."""
        with self._changed:
            if self._is_changing():
                return
            self._look()
            candidates = self._waiting.candidates()
            keys = plan_relief(self._used_bytes() - self.budget_bytes, candidates)
            if len(keys) == sum(each.takes_memory for each in self._residents):
                keys = keys[:-1]
            victims = [self._residents[key] for key in keys]
            for victim in victims:
                victim.state = "unloading"
        for victim in victims:
            self._unload(victim, "evicted")

    def _load(self, request: Request, victims: Sequence[Resident]) -> None:
        for victim in victims:
            self._unload(victim, "evicted")
        resident = request.resident
        began = self._clock()
        change = measured_loads.load(resident, self._process_bytes)
        took_bytes, error, now = change.after - change.before, change.error, self._clock()
        with self._changed:
            self._footprint.see(self._residents, change.after)
            if error is None:
                resident.has_loaded(took_bytes, now - began, now)
                if request in self._waiting:  # else a third one might evict it before its first use
                    self._begin(request)
            else:
                resident.has_failed()
                request.error = error
            self._changed.notify_all()
        if error is None:
            known = {"model": resident.model.name, "duration_ms": int((now - began) * 1000)}
            log.info("model loaded", extra={**known, "bytes": took_bytes, "declared_bytes": resident.declared_bytes})

    def _unload_idle(self) -> None:
        with self._changed:
            now = self._clock()
            idle = [each for each in self._residents if each.state == "loaded"]
            idle = [each for each in idle if (each.idle_s(now) or 0.0) >= self._idle_unload_s]
            for each in idle:
                each.state = "unloading"
        for each in idle:
            self._unload(each, "idle")

    def _unload(self, resident: Resident, reason: str) -> None:
        change = measured_loads.unload(resident, self._process_bytes)
        freed = change.before - change.after
        with self._changed:
            resident.has_unloaded(freed)
            self._footprint.see(self._residents, change.after)
            self._footprint.has_returned()
            self._changed.notify_all()
        log.info("model unloaded", extra={"model": resident.model.name, "reason": reason, "bytes": freed})
