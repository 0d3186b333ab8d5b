"""Which adapter a name in the settings means: one line each."""

from collections.abc import Callable, Mapping

from app.domain.diarization.gateway import Diarizer
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.vad.gateway import VoiceActivityDetector
from app.settings import Settings

TRANSCRIBERS: Mapping[str, Callable[[Settings], Transcriber]] = {}
VOICE_ACTIVITY_DETECTORS: Mapping[str, Callable[[Settings], VoiceActivityDetector]] = {}
DIARIZERS: Mapping[str, Callable[[Settings], Diarizer]] = {}
LANGUAGE_MODELS: Mapping[str, Callable[[Settings], LanguageModel]] = {}
