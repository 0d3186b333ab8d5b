"""Loading and unloading a model while watching what that does to the process's memory."""

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.error_fields import error_fields
from app.infrastructure.runtime import memory
from app.infrastructure.runtime.resident import Resident

log = logging.getLogger(__name__)
_MISSED_BYTES = 100_000_000
"""If so much less came back than expected, cycles may hold it. Collecting them stops all threads for a tenth of a second and more."""


@dataclass(frozen=True)
class MemoryChange:
    """The process's memory before and after.

    Attributes:
        before: in bytes.
        after: in bytes.
        error: why the load failed.
    """

    before: int
    after: int
    error: Exception | None = None


def load(resident: Resident, process_bytes: Callable[[], int]) -> MemoryChange:
    """Load the model. Blocking; raises nothing."""
    before, error = process_bytes(), None
    try:
        with memory.blocks_apart():
            resident.model.load_model()
    except Exception as failure:  # raised again where the load was asked for
        error = failure
    return MemoryChange(before, process_bytes(), error)


def unload(resident: Resident, process_bytes: Callable[[], int]) -> MemoryChange:
    """Unload the model, and give back what that freed. Blocking; raises nothing."""
    before = process_bytes()
    try:
        resident.model.unload_model()
    except Exception as failure:  # its references are gone all the same
        log.error("model was not freed properly", extra={"model": resident.model.name, **error_fields(failure)})
    memory.give_back()
    after = process_bytes()
    if resident.present_bytes - (before - after) > _MISSED_BYTES:
        gc.collect()
        memory.give_back()
        after = process_bytes()
    return MemoryChange(before, after)
