"""Which models make room for another: the idle, least urgent, least recently used ones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Patience:
    """How long models and work are protected.

    Attributes:
        keep_s: less urgent work does not evict a model that rested less. Those of a live session, or of photos that come
            every few seconds, rest for one to five seconds between two pieces of work.
        ageing_s: who has waited that long for memory counts as one step more urgent, so that nothing waits for ever.
        hold_s: even more urgent work does not evict a model that was loaded more recently and has work to do; else loading,
            which takes one to three seconds, would be all that happens. It doubles with each time that its work had to stop.
        turn_s: the same for equally urgent work: some times what a change costs.
        rest_s: a model that rested for longer has no more work to do; one call follows another within milliseconds.
    """

    keep_s: float = 5.0
    ageing_s: float = 15.0
    hold_s: float = 2.0
    turn_s: float = 10.0
    rest_s: float = 0.25


USUAL_PATIENCE = Patience()


@dataclass(frozen=True)
class Candidate:
    """A loaded model that might make room.

    Attributes:
        key: of the model.
        bytes: that its eviction brings.
        urgency: of the most urgent work that it has done since it was loaded; lower is more urgent.
        idle_s: since its last work ended; None while it works.
        held_s: since it was loaded.
        hold_s: how long it may do its work even if more urgent work waits.
    """

    key: int
    bytes: int
    urgency: int
    idle_s: float | None
    held_s: float = inf
    hold_s: float = 0.0

    def is_held(self, urgency: int, patience: Patience) -> bool:
        """Whether work of at least its own urgency has to let it do some of its work first."""
        return self.held_s < (self.hold_s if urgency < self.urgency else max(self.hold_s, patience.turn_s))


@dataclass(frozen=True)
class Eviction:
    """What to evict now, or what to wait for.

    Attributes:
        now: models to evict at once; empty if that would not be enough.
        wait_for: models that are needed and cannot be evicted yet; nobody else should begin to use them.
    """

    now: tuple[int, ...] = ()
    wait_for: tuple[int, ...] = ()


def aged(urgency: int, waited_s: float, patience: Patience) -> int:
    """How urgent work is that has waited for memory."""
    return max(0, urgency - int(waited_s / patience.ageing_s))


def plan_eviction(missing_bytes: int, candidates: Sequence[Candidate], urgency: int, patience: Patience) -> Eviction:
    """Choose models whose eviction brings ``missing_bytes``, for work of this (aged) urgency."""

    def may_go(model: Candidate) -> bool:
        if model.idle_s is None or urgency > model.urgency:
            return model.idle_s is not None and model.idle_s >= patience.keep_s
        return not model.is_held(urgency, patience) or model.idle_s >= patience.rest_s

    ordered = _least_needed_first(candidates)
    free = [each for each in ordered if may_go(each)]
    if sum(each.bytes for each in free) >= missing_bytes:
        return Eviction(now=_enough(free, missing_bytes))
    return Eviction(wait_for=_enough(free + [each for each in ordered if each not in free], missing_bytes))


def plan_relief(missing_bytes: int, candidates: Sequence[Candidate]) -> tuple[int, ...]:
    """Choose idle models to evict because those that are loaded have grown; as many as there are if that is not enough."""
    return _enough(_least_needed_first([each for each in candidates if each.idle_s is not None]), missing_bytes)


def _least_needed_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (-each.urgency, -(each.idle_s or 0.0)))


def _enough(ordered: Sequence[Candidate], missing_bytes: int) -> tuple[int, ...]:
    """The first ones that bring enough together, without those that turn out not to be needed."""
    taken: list[Candidate] = []
    for each in ordered:
        if sum(one.bytes for one in taken) < missing_bytes:
            taken.append(each)
    for each in list(taken):
        if sum(one.bytes for one in taken) - each.bytes >= missing_bytes:
            taken.remove(each)
    return tuple(each.key for each in taken)
