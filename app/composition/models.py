"""The adapters that the settings name, one a role, and how recognition uses them; nothing is loaded yet."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from app.application.listening.listening_options import ListeningOptions
from app.application.warm_up import ModelInUse, SilentSource
from app.composition.choice import check_models, resolved
from app.composition.memory import RESERVE_BYTES, memory_budget, memory_needs
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.diarization.gateway import Diarizer
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, TranscribeOptions
from app.domain.vad.endpointing import EndpointingOptions
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VoiceActivityDetector
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, Photo
from app.infrastructure import registry
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.runtime.cached_describer import CachedSceneDescriber
from app.infrastructure.runtime.cores import threads_for, usable_cores
from app.infrastructure.runtime.residency import Residency
from app.infrastructure.runtime.turnstile import Turnstile
from app.infrastructure.runtime.worker import ModelWorker
from app.settings import Settings

_GREY = Photo(np.full((64, 64, 3), 128, np.uint8), 64, 64, b"")
"""A photo of nothing, to see whether a describer answers."""


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
    """One adapter a role, all on one budget of memory and one set of cores.

    Attributes:
        vad: finds speech.
        transcriber: recognises words.
        diarizer: tells speakers apart.
        language_model: analyses.
        scene_describer: describes photos, and remembers for a while what it said.
        vad_name: the registry's.
        residency: which models are in memory.
    """

    vad: VoiceActivityDetector
    transcriber: Transcriber
    diarizer: Diarizer
    language_model: LanguageModel
    scene_describer: CachedSceneDescriber
    vad_name: str
    residency: Residency

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
            "scene_describer": ModelInUse(
                self.scene_describer.model_id,
                _worker(self.scene_describer.describer),
                lambda: self.scene_describer.describer.describe(_GREY, DescribeOptions("en")),
            ),
        }

    def close(self) -> None:
        """Stop the models' workers. Blocking."""
        adapters = (self.vad, self.transcriber, self.diarizer, self.language_model, self.scene_describer.describer)
        close_adapters(self.residency, *adapters)  # in reverse order


def build_models(settings: Settings) -> Models:
    """One adapter for each role; they share memory and cores.

    Raises:
        ConfigurationError: as for ``check_models`` and ``memory_budget``.
    """
    needs = memory_needs(settings)
    budget_bytes = memory_budget(settings, needs)
    models = Models(
        vad=build_vad(settings),
        transcriber=build_transcriber(settings),
        diarizer=build_diarizer(settings),
        language_model=build_language_model(settings),
        scene_describer=CachedSceneDescriber(build_scene_describer(settings)),
        vad_name=settings.models.vad,
        residency=Residency(budget_bytes, idle_unload_s=settings.models.idle_unload_s, server_bytes=RESERVE_BYTES),
    )
    turnstile = Turnstile(usable_cores())
    for role, model in models.in_use().items():
        if isinstance(model.worker, ModelWorker):
            model.worker.attach(models.residency, needs[role])
            threads = threads_for(role, settings.models.threads) // model.worker.lanes
            model.worker.share_cores(turnstile, max(1, threads))
    return models


def build_vad(settings: Settings) -> VoiceActivityDetector:
    """What finds speech; raises as ``build_models`` does."""
    return _made(settings, registry.VOICE_ACTIVITY_DETECTORS, settings.models.vad)


def build_transcriber(settings: Settings) -> Transcriber:
    """What recognises words; raises as ``build_models`` does."""
    return _made(settings, registry.TRANSCRIBERS, settings.models.transcriber)


def build_diarizer(settings: Settings) -> Diarizer:
    """What tells speakers apart; raises as ``build_models`` does."""
    return _made(settings, registry.DIARIZERS, settings.models.diarizer)


def build_language_model(settings: Settings) -> LanguageModel:
    """What analyses; raises as ``build_models`` does."""
    return _made(settings, registry.LANGUAGE_MODELS, settings.models.language_model)


def build_scene_describer(settings: Settings) -> SceneDescriber:
    """What describes photos; raises as ``build_models`` does."""
    check_models(settings)
    final = resolved(settings)
    return _made(final, registry.SCENE_DESCRIBERS, final.models.scene_describer)


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
    """Close those that hold a model or anything else, the last one first; one that fails keeps no other open. Blocking."""
    with contextlib.ExitStack() as stack:
        for adapter in adapters:
            if isinstance(adapter, Closable):
                stack.callback(adapter.close)


def _made(settings: Settings, known: Mapping[str, registry.Entry[registry.Port]], name: str) -> registry.Port:
    check_models(settings)
    return known[name].make(settings, Catalog.from_settings(settings).locate)


def _worker(adapter: object) -> "ModelWorker[Any] | None":
    """Where an adapter's model runs, if it needs loading."""
    return adapter.worker if isinstance(adapter, OnWorker) else None
