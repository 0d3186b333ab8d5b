"""Which adapter a name in the settings means: one line each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from app.domain.diarization.gateway import Diarizer
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.vad.gateway import VoiceActivityDetector
from app.infrastructure.diarization.dummy_diarizer import DummyDiarizer
from app.infrastructure.diarization.onnx_diarizer import OnnxDiarizer
from app.infrastructure.language.dummy_language_model import DummyLanguageModel
from app.infrastructure.language.llama_cpp_language_model import LlamaCppLanguageModel
from app.infrastructure.transcription.dummy import DummyTranscriber
from app.infrastructure.transcription.whisper import FasterWhisperTranscriber
from app.infrastructure.vad.dummy import DummyVad
from app.infrastructure.vad.silero import SileroVad
from app.settings import Settings

Locate: TypeAlias = Callable[[str], Path]
"""Finds a model's folder or file by catalog name (or takes a path as it is); raises ConfigurationError if it is not there.
Adapters call it when they load, never before."""

TRANSCRIBERS: Mapping[str, Callable[[Settings, Locate], Transcriber]] = {
    "dummy": lambda settings, locate: DummyTranscriber(),
    "faster-whisper": lambda settings, locate: FasterWhisperTranscriber(
        locate,
        settings.models.transcriber_model,
        beam_size=settings.listening.beam_size,
        threads=settings.models.threads,
        device="cuda" if settings.models.device_map.startswith("cuda") else "cpu",
    ),
}
VOICE_ACTIVITY_DETECTORS: Mapping[str, Callable[[Settings, Locate], VoiceActivityDetector]] = {
    "dummy": lambda settings, locate: DummyVad(),
    "silero": lambda settings, locate: SileroVad(),
}
DIARIZERS: Mapping[str, Callable[[Settings, Locate], Diarizer]] = {
    "dummy": lambda settings, locate: DummyDiarizer(),
    "onnx": lambda settings, locate: OnnxDiarizer(),
}
LANGUAGE_MODELS: Mapping[str, Callable[[Settings, Locate], LanguageModel]] = {
    "dummy": lambda settings, locate: DummyLanguageModel(settings.models.context_tokens),
    "llama-cpp": lambda settings, locate: LlamaCppLanguageModel(
        settings.models.language_model_weights,
        locate,
        context_tokens=settings.models.context_tokens,
        threads=settings.models.threads,
    ),
}
ROLES: Mapping[str, Mapping[str, Callable[[Settings, Locate], Any]]] = {
    "vad": VOICE_ACTIVITY_DETECTORS,
    "transcriber": TRANSCRIBERS,
    "diarizer": DIARIZERS,
    "language_model": LANGUAGE_MODELS,
}
"""Adapters by role; roles are named as in ``settings.models``."""
