"""What the settings say about models: the adapters they name, one a role, and how recognition uses them."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from app.application.listening.listening_options import ListeningOptions
from app.application.warm_up import ModelInUse, SilentSource
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.diarization.gateway import Diarizer
from app.domain.errors import ConfigurationError
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, TranscribeOptions
from app.domain.vad.endpointing import EndpointingOptions
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VoiceActivityDetector
from app.infrastructure import registry
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.registry import Locate
from app.infrastructure.runtime.worker import ModelWorker
from app.settings import Settings

Adapter = TypeVar("Adapter")


@runtime_checkable
class OnWorker(Protocol):
    """An adapter whose model runs on a worker."""

    worker: ModelWorker[Any]


@runtime_checkable
class Closable(Protocol):
    """An adapter that holds something until it is closed."""

    def close(self) -> None:
        """Let go of it. Blocking."""
        ...


@dataclass(frozen=True)
class Models:
    """One adapter a role; ``names`` are the registry's."""

    vad: VoiceActivityDetector
    transcriber: Transcriber
    diarizer: Diarizer
    language_model: LanguageModel
    vad_name: str

    def in_use(self) -> Mapping[str, ModelInUse]:
        """Every model by role, with something small to ask it."""
        frame = np.zeros(VAD_FRAME_SAMPLES, np.float32)
        second = np.zeros(SAMPLE_RATE_HZ, np.float32)
        options = TranscribeOptions(purpose=Purpose.PARTIAL, language="en")
        return {
            "vad": ModelInUse(self.vad_name, _worker(self.vad), lambda: self.vad.probabilities(frame, None)),
            "transcriber": ModelInUse(
                self.transcriber.model_id,
                _worker(self.transcriber),
                lambda: self.transcriber.transcribe(second, options),
            ),
            "diarizer": ModelInUse(
                self.diarizer.model_id, _worker(self.diarizer), lambda: self.diarizer.diarize(SilentSource())
            ),
            "language_model": ModelInUse(
                self.language_model.model_id,
                _worker(self.language_model),
                lambda: self.language_model.count_tokens("ready?"),
            ),
        }

    def close(self) -> None:
        """Stop the models' workers. Blocking."""
        close_adapters(self.vad, self.transcriber, self.diarizer, self.language_model)


def build_models(settings: Settings) -> Models:
    """The adapters that the settings name; nothing is loaded yet.

    Raises:
        ConfigurationError: a name that the registry does not know.
    """
    names, catalog = settings.models, Catalog.from_settings(settings)

    def made(role: str, known: Mapping[str, Callable[[Settings, Locate], Adapter]], name: str) -> Adapter:
        if name not in known:
            raise ConfigurationError(f"no {role} is called {name!r}; known are {', '.join(known)}", param=role)
        return known[name](settings, catalog.locate)

    return Models(
        vad=made("vad", registry.VOICE_ACTIVITY_DETECTORS, names.vad),
        transcriber=made("transcriber", registry.TRANSCRIBERS, names.transcriber),
        diarizer=made("diarizer", registry.DIARIZERS, names.diarizer),
        language_model=made("language_model", registry.LANGUAGE_MODELS, names.language_model),
        vad_name=names.vad,
    )


def listening_options(settings: Settings) -> ListeningOptions:
    """How audio is listened to, live or as a file."""
    listening, usual = settings.listening, EndpointingOptions()
    silence_s = listening.silence_duration_ms / 1000
    return ListeningOptions(
        endpointing=replace(
            usual,
            threshold=listening.vad_threshold,
            silence_s=silence_s,
            long_silence_s=silence_s * usual.long_silence_s / usual.silence_s,
        ),
        partial_interval_s=listening.partial_interval_ms / 1000,
    )


def close_adapters(*adapters: object) -> None:
    """Close those that hold a model or anything else; one that fails keeps no other open. Blocking."""
    with contextlib.ExitStack() as stack:
        for adapter in adapters:
            if isinstance(adapter, Closable):
                stack.callback(adapter.close)


def _worker(adapter: object) -> "ModelWorker[Any] | None":
    """Where an adapter's model runs, if it needs loading."""
    return adapter.worker if isinstance(adapter, OnWorker) else None
