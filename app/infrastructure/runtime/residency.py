"""Which models are in memory: loaded on demand, evicted when others need the room, planned in bytes."""

import gc
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from app.application.model_memory import ModelMemory
from app.domain.error_fields import error_fields
from app.domain.errors import GatewayBusy
from app.infrastructure.runtime import memory
from app.infrastructure.runtime.eviction import USUAL_PATIENCE, Patience, aged, plan_eviction
from app.infrastructure.runtime.resident import Loadable, Request, Resident
from app.infrastructure.runtime.work import Priority, WorkCancelled

log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 0.1
"""Cancellation, ageing and rest come with time alone; whoever waits for memory looks that often."""
_MISSED_BYTES = 100_000_000
"""If so much less came back than expected, cycles may hold it. Collecting them stops all threads for a tenth of a second and more."""


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
    ) -> None:
        """Nothing is loaded yet.

        Args:
            budget_bytes: for all models together; one that needs more is loaded only while no other one is.
            idle_unload_s: models that rest for longer are unloaded; 0 = never.
            patience: how long models and work are protected.
            clock: seconds that only grow.
            process_bytes: measures the process's memory.
        """
        self.budget_bytes = budget_bytes
        self._idle_unload_s = idle_unload_s
        self._patience = patience
        self._clock = clock
        self._process_bytes = process_bytes
        self._changed = threading.Condition()
        self._residents: list[Resident] = []
        self._waiting: list[Request] = []
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
        self, resident: Resident, urgency: Callable[[], int], cancelled: Callable[[], bool], longest_wait_s: float
    ) -> None:
        """Have the model in memory, and keep it there until ``release``. Blocking.

        Raises:
            GatewayBusy: there was no room for it within ``longest_wait_s``; says when there may be.
            WorkCancelled: ``cancelled`` came true.
            VigiaError: it cannot be loaded.
        """
        request = Request(resident, urgency, cancelled, self._clock(), longest_wait_s)
        with self._changed:
            if self._entered(request):
                return
            self._waiting.append(request)
            try:
                while not self._entered(request):
                    self._start_load(request)
                    self._changed.wait(_LOOK_AGAIN_S)
                    self._see(request)
            finally:
                self._waiting.remove(request)
                self._changed.notify_all()

    def release(self, resident: Resident) -> None:
        """The work has ended."""
        with self._changed:
            resident.end_use(self._clock())
            if self._waiting:
                self._changed.notify_all()

    def view(self, resident: Resident) -> ModelMemory:
        """What can be told of it."""
        with self._changed:
            waiting = [request for request in self._waiting if request.resident is resident]
            return ModelMemory(
                state=resident.state,
                declared_bytes=resident.declared_bytes,
                expected_bytes=resident.expected_bytes,
                measured_bytes=resident.measured_bytes,
                loads=resident.loads,
                in_use=resident.in_use,
                waiting=len(waiting),
                idle_s=resident.idle_s(self._clock()),
                estimated_wait_s=max((self._estimated_wait_s(request) for request in waiting), default=None),
                budget_bytes=self.budget_bytes,
                used_bytes=self._used_bytes(),
            )

    def _entered(self, request: Request) -> bool:
        """Begin to use the model if it is in memory and nobody more urgent waits for its memory."""
        resident = request.resident
        if request.entered:
            return True
        if resident.state != "loaded" or (self._waiting and self._is_claimed(request)):
            return False
        resident.begin_use(request.urgency(), self._clock())
        return True

    def _is_claimed(self, request: Request) -> bool:
        return any(request.resident.key in other.claims for other in self._ahead_of(request))

    def _ahead_of(self, request: Request) -> list[Request]:
        mine = self._rank(request)
        return [other for other in self._waiting if other is not request and self._rank(other) < mine]

    def _rank(self, request: Request) -> tuple[int, float]:
        return aged(request.urgency(), self._clock() - request.since, self._patience), request.since

    def _start_load(self, request: Request) -> None:
        """Hand the load over if there is room, or enough to evict; else claim what it waits for."""
        resident = request.resident
        if resident.takes_memory:
            return
        missing = self._need_bytes(resident) - (self.budget_bytes - self._used_bytes())
        victims: list[Resident] = []
        if missing > 0:
            if any(not other.resident.takes_memory for other in self._ahead_of(request)):
                return
            now = self._clock()
            loaded = [each for each in self._residents if each.state == "loaded"]
            candidates = [each.candidate(now, Priority.POST_SESSION) for each in loaded]
            plan = plan_eviction(missing, candidates, self._rank(request)[0], self._patience)
            request.claims = frozenset(plan.wait_for)
            victims = [self._residents[key] for key in plan.now]
            if not victims:
                return
        for victim in victims:
            victim.state = "unloading"
        resident.state = "loading"
        self._loads.put((request, victims))

    def _see(self, request: Request) -> None:
        if request.entered:
            return
        if request.error is not None:
            raise request.error
        if request.cancelled():
            raise WorkCancelled
        waited_s = self._clock() - request.since
        if waited_s > request.longest_wait_s and not request.resident.takes_memory:
            wait_s = max(1.0, self._estimated_wait_s(request))
            name = request.resident.model.name
            log.warning("no room for a model", extra={"model": name, "waited_s": round(waited_s, 1)})
            raise GatewayBusy(f"there is no room in memory for {name} while others are in use", retry_after_s=wait_s)

    def _estimated_wait_s(self, request: Request) -> float:
        now = self._clock()
        rests = [0.0]
        for key in request.claims:
            model = self._residents[key]
            idle_s = model.idle_s(now)
            rests.append(model.rest_of_use_s(now) if idle_s is None else max(0.0, self._patience.keep_s - idle_s))
        return max(rests) + request.resident.load_s

    def _need_bytes(self, resident: Resident) -> int:
        return min(resident.expected_bytes, self.budget_bytes)

    def _used_bytes(self) -> int:
        return sum(self._need_bytes(each) for each in self._residents if each.takes_memory)

    def _serve(self) -> None:
        every_s = min(30.0, max(0.02, self._idle_unload_s / 4)) if self._idle_unload_s else None
        while True:
            try:
                task = self._loads.get(timeout=every_s)
            except queue.Empty:
                self._unload_idle()
                continue
            if task is None:
                return
            self._load(*task)

    def _load(self, request: Request, victims: Sequence[Resident]) -> None:
        for victim in victims:
            self._unload(victim, "evicted")
        resident, error = request.resident, None
        before, began = self._process_bytes(), self._clock()
        try:
            with memory.blocks_apart():
                resident.model.load_model()
        except Exception as failure:  # raised again where the load was asked for
            error = failure
        took_bytes, now = self._process_bytes() - before, self._clock()
        with self._changed:
            if error is None:
                resident.has_loaded(took_bytes, now - began, now)
                if request in self._waiting:  # else a third one might evict it before its first use
                    resident.begin_use(request.urgency(), now)
                    request.entered = True
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
        before = self._process_bytes()
        try:
            resident.model.unload_model()
        except Exception as failure:  # its references are gone all the same
            log.error("model was not freed properly", extra={"model": resident.model.name, **error_fields(failure)})
        memory.give_back()
        freed = before - self._process_bytes()
        if resident.expected_bytes - freed > _MISSED_BYTES:
            gc.collect()
            memory.give_back()
            freed = before - self._process_bytes()
        with self._changed:
            resident.has_unloaded(freed)
            self._changed.notify_all()
        log.info("model unloaded", extra={"model": resident.model.name, "reason": reason, "bytes": freed})
