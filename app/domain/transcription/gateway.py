"""Port for speech recognition."""

from typing import Protocol

from app.domain.audio.models import Waveform
from app.domain.transcription.models import TranscribeOptions, Transcription


class Transcriber(Protocol):
    """Recognises speech."""

    @property
    def model_id(self) -> str:
        """The model's name as it appears in results, such as ``faster-whisper-base-int8``."""
        ...

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        """Recognise one stretch of speech.

        Args:
            speech: mono float32 in [-1, 1] at 16 kHz, 0.1 to 30 s (Whisper's window, arXiv:2212.04356).
            options: language, vocabulary, purpose.

        Returns:
            Segments in time order, in seconds from the start of ``speech``; none for silence or noise.

        Raises:
            InvalidInput: wrong length.
            GatewayBusy: the worker's queue is full; the caller may retry.
            GatewayTimeout: not done by the worker's deadline.
            GatewayUnavailable: the model cannot be loaded.
        """
        ...
