"""Which models the application uses, and loading them before they are needed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.application.model_memory import ModelMemory
from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.error_fields import error_fields
from app.domain.errors import VigiaError

log = logging.getLogger(__name__)


class LoadedModel(Protocol):
    """How a model stands; ``ModelWorker`` is one."""

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        ...

    @property
    def load_factor(self) -> float:
        """Waiting and running work over lanes."""
        ...

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        ...

    @property
    def weights_bytes(self) -> int:
        """Size of the weights that are in memory, as files; 0 while the model is not loaded."""
        ...

    @property
    def memory(self) -> ModelMemory | None:
        """Its place in the memory that all models share; None if it shares none."""
        ...


@dataclass(frozen=True)
class ModelInUse:
    """A model and its role.

    Attributes:
        model_id: its name as it appears in results.
        worker: where it runs; None for models that need no loading.
        probe: asks the model something small, which loads it.
    """

    model_id: str
    worker: LoadedModel | None
    probe: Callable[[], Awaitable[object]]

    @property
    def loaded(self) -> bool:
        """Whether it can answer at once."""
        return self.worker is None or self.worker.loaded

    @property
    def ready(self) -> bool:
        """Whether it is loaded, or was, and comes back by itself when work needs it."""
        memory = self.worker.memory if self.worker else None
        return self.loaded or (memory is not None and memory.loads > 0)


class WarmUp:
    """Loads the profile's models once, in the background, and remembers what failed."""

    def __init__(self, models: Mapping[str, ModelInUse], once_ready: Callable[[], object] = lambda: None) -> None:
        """Prepare.

        Args:
            models: by role.
            once_ready: called in a thread when every model has answered. Blocking.
        """
        self._models = models
        self._once_ready = once_ready
        self._task: asyncio.Task[None] | None = None
        self._errors: dict[str, str] = {}
        self._answered: set[str] = set()

    @property
    def ready(self) -> bool:
        """Whether every model has answered."""
        return self._answered == set(self._models)

    @property
    def errors(self) -> Mapping[str, str]:
        """Why a role's model cannot be used, by role."""
        return dict(self._errors)

    def start(self) -> None:
        """Begin, or begin again after a failure; does nothing while it runs or once it is done."""
        if not self.ready and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run(), name="warm-up")

    async def close(self) -> None:
        """Stop waiting for models."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        for role, model in self._models.items():
            await self._probe(role, model)
        if self.ready:
            await asyncio.to_thread(self._once_ready)

    async def _probe(self, role: str, model: ModelInUse) -> None:
        try:
            await model.probe()
        except VigiaError as error:
            log.warning("model does not answer", extra={"role": role, "error": error.message})
            self._errors[role] = error.message
        except Exception as error:
            log.error("model does not answer", extra={"role": role, **error_fields(error)})
            self._errors[role] = "the model failed; the server's log says why"
        else:
            self._errors.pop(role, None)
            self._answered.add(role)


class SilentSource(SampleSource):
    """A second of silence, to see whether a model answers."""

    @property
    def samples(self) -> int:
        """One second."""
        return SAMPLE_RATE_HZ

    def read(self, start: int, count: int) -> Waveform:
        """Zeros, up to the end."""
        return np.zeros(max(0, min(count, self.samples - start)), np.float32)
