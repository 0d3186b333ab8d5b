"""Who waits for memory, and who of them goes first."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from app.domain.errors import GatewayBusy
from app.infrastructure.runtime.eviction import Candidate, Patience, aged
from app.infrastructure.runtime.resident import Request, Resident
from app.infrastructure.runtime.work import Priority, WorkCancelled

log = logging.getLogger(__name__)
Rank: TypeAlias = tuple[int, float]
"""Aged urgency and the time of asking; lower goes first."""


class WaitingLine:
    """Work that waits until its model is in memory. Changed under the residency's lock only."""

    def __init__(self, residents: Sequence[Resident], patience: Patience, clock: Callable[[], float]) -> None:
        """Nobody waits.

        Args:
            residents: all models by their keys; may grow.
            patience: how waiting makes more urgent, and how long models are held.
            clock: seconds that only grow.
        """
        self._residents = residents
        self._patience = patience
        self._clock = clock
        self._requests: list[Request] = []

    def __bool__(self) -> bool:
        return bool(self._requests)

    def __contains__(self, request: Request) -> bool:
        return request in self._requests

    def join(self, request: Request) -> None:
        """It waits from now on."""
        self._requests.append(request)

    def leave(self, request: Request) -> None:
        """It waits no more."""
        self._requests.remove(request)

    def for_model(self, resident: Resident) -> list[Request]:
        """Who waits for that model."""
        return [request for request in self._requests if request.resident is resident]

    def rank(self, request: Request) -> Rank:
        """Where it stands."""
        return aged(request.urgency(), self._clock() - request.since, self._patience), request.since

    def models_ahead_of(self, request: Request) -> set[Resident]:
        """Other models that are not in memory and go first."""
        models = {each.resident for each in self._ahead_of(request) if not each.resident.takes_memory}
        return models - {request.resident}

    def candidates(self) -> list[Candidate]:
        """What might make room."""
        now = self._clock()
        loaded = [each for each in self._residents if each.state == "loaded"]
        return [each.candidate(now, Priority.POST_SESSION, self._patience) for each in loaded]

    def see(self, request: Request) -> None:
        """Have it go on waiting, if there is reason to.

        Raises:
            GatewayBusy: it has waited for long enough.
            WorkCancelled: nobody waits for the work.
            VigiaError: the model cannot be loaded.
        """
        if request.entered:
            return
        if request.error is not None:
            raise request.error
        if request.cancelled():
            raise WorkCancelled
        waited_s = self._clock() - request.since
        if waited_s > request.longest_wait_s and not request.resident.takes_memory:
            wait_s = max(1.0, self.estimated_wait_s(request))
            name = request.resident.model.name
            log.warning("no room for a model", extra={"model": name, "waited_s": round(waited_s, 1)})
            raise GatewayBusy(f"there is no room in memory for {name} while others are in use", retry_after_s=wait_s)

    def estimated_wait_s(self, request: Request) -> float:
        """Until there is room and the model is loaded, by how long that usually takes."""
        now = self._clock()
        rests = [0.0]
        for key in request.claims:
            model = self._residents[key]
            idle_s = model.idle_s(now)
            rests.append(model.rest_of_use_s(now) if idle_s is None else max(0.0, self._patience.keep_s - idle_s))
        return max(rests) + request.resident.load_s

    def claims(self, request: Request) -> bool:
        """Whether somebody who goes first waits for the memory of the request's model, which has had its time."""
        model = request.resident.candidate(self._clock(), Priority.POST_SESSION, self._patience)
        claimants = [other for other in self._ahead_of(request) if model.key in other.claims]
        return any(not model.is_held(self.rank(other)[0], self._patience) for other in claimants)

    def _ahead_of(self, request: Request) -> list[Request]:
        mine = self.rank(request)
        return [other for other in self._requests if other is not request and self.rank(other) < mine]
