"""Which models a server with given settings loads."""

from collections.abc import Mapping
from pathlib import Path

from app.infrastructure.catalog.entries import ModelEntry
from app.settings import Settings

_BUNDLED_BY_ADAPTER = {"silero": "silero-vad", "onnx": "speaker-diarization"}


def models_used(settings: Settings) -> list[str]:
    """Catalog names or paths of every model that the settings' adapters load."""
    chosen = settings.models
    adapters = (chosen.vad, chosen.diarizer)
    names = [_BUNDLED_BY_ADAPTER[adapter] for adapter in adapters if adapter in _BUNDLED_BY_ADAPTER]
    if chosen.transcriber == "faster-whisper":
        names.append(chosen.transcriber_model)
    if chosen.language_model == "llama-cpp":
        names.append(chosen.language_model_weights)
    return names


def models_to_pull(settings: Settings, entries: Mapping[str, ModelEntry]) -> list[str]:
    """Those of ``models_used`` that do not come with the installation and were not given by a path that exists."""
    return [
        name
        for name in models_used(settings)
        if not (entries[name].bundled if name in entries else Path(name).expanduser().exists())
    ]
