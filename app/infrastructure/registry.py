"""Which adapter a name in the settings means, and what it needs: one entry each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from app.domain.diarization.gateway import Diarizer
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.vad.gateway import VoiceActivityDetector
from app.domain.vision.gateway import SceneDescriber
from app.infrastructure.diarization.dummy_diarizer import DummyDiarizer
from app.infrastructure.diarization.onnx_diarizer import OnnxDiarizer
from app.infrastructure.language.dummy_language_model import DummyLanguageModel
from app.infrastructure.language.llama_cpp_language_model import LlamaCppLanguageModel
from app.infrastructure.transcription.dummy import DummyTranscriber
from app.infrastructure.transcription.whisper import FasterWhisperTranscriber
from app.infrastructure.vad.dummy import DummyVad
from app.infrastructure.vad.silero import SileroVad
from app.infrastructure.vision.composed_describer import ComposedSceneDescriber
from app.infrastructure.vision.dummy_describer import DummySceneDescriber
from app.infrastructure.vision.llama_cpp_describer import LlamaCppSceneDescriber
from app.infrastructure.vision.openai_describer import OpenAiSceneDescriber
from app.settings import Settings

Locate: TypeAlias = Callable[[str], Path]
"""Finds a model's folder or file by catalog name (or takes a path as it is); raises ConfigurationError if it is not there.
Adapters call it when they load, never before."""

Port = TypeVar("Port", covariant=True)


@dataclass(frozen=True)
class Entry(Generic[Port]):
    """An adapter that the settings can name, and what it needs.

    Attributes:
        make: makes it; nothing is loaded yet.
        model: catalog name or path of the model that it loads; None if it needs none.
        packages: what it imports when it loads: module name to the name of the distribution.
        also: catalog names of what it loads besides.
        if_installed: catalog names of what it loads besides if it is in the models folder.
    """

    make: Callable[[Settings, Locate], Port]
    model: Callable[[Settings], str] | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    if_installed: tuple[str, ...] = ()


VOICE_ACTIVITY_DETECTORS: Mapping[str, Entry[VoiceActivityDetector]] = {
    "dummy": Entry(lambda settings, locate: DummyVad()),
    "silero": Entry(
        lambda settings, locate: SileroVad(),
        model=lambda settings: "silero-vad",
        packages={"onnxruntime": "onnxruntime", "faster_whisper": "faster-whisper"},
    ),
}
TRANSCRIBERS: Mapping[str, Entry[Transcriber]] = {
    "dummy": Entry(lambda settings, locate: DummyTranscriber()),
    "faster-whisper": Entry(
        lambda settings, locate: FasterWhisperTranscriber(
            locate,
            settings.models.transcriber_model,
            beam_size=settings.listening.beam_size,
            threads=settings.models.threads,
            device="cuda" if settings.models.device_map.startswith("cuda") else "cpu",
        ),
        model=lambda settings: settings.models.transcriber_model,
        packages={"ctranslate2": "ctranslate2", "faster_whisper": "faster-whisper"},
    ),
}
DIARIZERS: Mapping[str, Entry[Diarizer]] = {
    "dummy": Entry(lambda settings, locate: DummyDiarizer()),
    "onnx": Entry(
        lambda settings, locate: OnnxDiarizer(threads=settings.models.threads),
        model=lambda settings: "speaker-diarization",
        packages={"onnxruntime": "onnxruntime"},
    ),
}
LANGUAGE_MODELS: Mapping[str, Entry[LanguageModel]] = {
    "dummy": Entry(lambda settings, locate: DummyLanguageModel(settings.models.context_tokens)),
    "llama-cpp": Entry(
        lambda settings, locate: LlamaCppLanguageModel(
            settings.models.language_model_weights,
            locate,
            context_tokens=settings.models.context_tokens,
            threads=settings.models.threads,
        ),
        model=lambda settings: settings.models.language_model_weights,
        packages={"llama_cpp": "llama-cpp-python"},
    ),
}
SCENE_DESCRIBERS: Mapping[str, Entry[SceneDescriber]] = {
    "dummy": Entry(lambda settings, locate: DummySceneDescriber()),
    "llama-cpp": Entry(
        lambda settings, locate: LlamaCppSceneDescriber(
            settings.vision.describer_model,
            locate,
            projector=settings.vision.projector,
            context_tokens=settings.models.context_tokens,
            image_tokens=settings.vision.image_tokens,
            threads=settings.models.threads,
            deadline_s=settings.vision.timeout_s,
        ),
        model=lambda settings: settings.vision.describer_model,
        packages={"llama_cpp": "llama-cpp-python"},
    ),
    "openai": Entry(
        lambda settings, locate: OpenAiSceneDescriber(
            settings.vision.server_url,
            settings.vision.server_model,
            key=settings.vision.server_key.get_secret_value() if settings.vision.server_key else None,
            key_header=settings.vision.server_key_header,
            streaming=settings.vision.server_streaming,
            deadline_s=settings.vision.timeout_s,
        ),
        packages={"httpx2": "httpx2", "PIL": "pillow"},
    ),
    "composed": Entry(
        lambda settings, locate: ComposedSceneDescriber(locate, threads=settings.models.threads),
        model=lambda settings: "nanodet-g",
        packages={"onnxruntime": "onnxruntime", "rapidocr": "rapidocr", "cv2": "opencv-python-headless"},
        also=("pp-ocrv6",),
        if_installed=("yolox-nano", "street-segmentation"),
    ),
}
ROLES: Mapping[str, Mapping[str, Entry[Any]]] = {
    "vad": VOICE_ACTIVITY_DETECTORS,
    "transcriber": TRANSCRIBERS,
    "diarizer": DIARIZERS,
    "language_model": LANGUAGE_MODELS,
    "scene_describer": SCENE_DESCRIBERS,
}
"""Adapters by role; roles are named as in ``settings.models``."""
