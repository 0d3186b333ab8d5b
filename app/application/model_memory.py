"""What can be told of a model's memory."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MemoryState: TypeAlias = Literal["unloaded", "loading", "loaded", "unloading", "evicted"]
"""``evicted`` was loaded, and is again as soon as work needs it."""


@dataclass(frozen=True)
class ModelMemory:
    """A model's place in the memory that all models share.

    Attributes:
        state: whether it is in memory.
        declared_bytes: what the catalog says that it needs.
        expected_bytes: what is planned for it: the most that it was seen to take, at least what was declared.
        measured_bytes: what its last load took; None before the first.
        loads: how often it was loaded; 0 if it never was, or could not be the last time.
        in_use: jobs that run on it; it is not evicted meanwhile.
        waiting: jobs that wait until there is room for it.
        idle_s: since its last work ended; None if it has not worked, or works.
        estimated_wait_s: until there is room and it is loaded; None if nothing waits for that.
        budget_bytes: of all models together.
        used_bytes: of that budget: expected for the models that are in memory, or what the process has beyond the server's own
            memory if that is more; may exceed the budget until idle models were evicted.
    """

    state: MemoryState
    declared_bytes: int
    expected_bytes: int
    measured_bytes: int | None
    loads: int
    in_use: int
    waiting: int
    idle_s: float | None
    estimated_wait_s: float | None
    budget_bytes: int
    used_bytes: int
