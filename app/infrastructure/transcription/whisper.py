"""Whisper (arXiv:2212.04356) of any size by faster-whisper and CTranslate2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import ConfigurationError, InvalidInput
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, TranscribeOptions, Transcription
from app.infrastructure.runtime.cores import threads_for
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority
from app.infrastructure.transcription.whisper_decoding import decode_final, decode_partial

LANES = 2
"""Decodes at once. Two lanes of one thread finish more on two cores than one of two threads; more lanes only add memory."""
BACKGROUND_DEADLINE_S = 3600.0
"""For a block of an uploaded recording: it waits for as long as live sessions keep both lanes busy."""


class FasterWhisperTranscriber(Transcriber):
    """A CTranslate2 whisper folder on the CPU (int8), or on a GPU (float16) if ``device`` is ``cuda``."""

    def __init__(
        self,
        locate: Callable[[str], Path],
        model: str = "whisper-base",
        *,
        beam_size: int = 5,
        threads: int = 0,
        device: str = "cpu",
        queue_size: int = 64,
        deadline_s: float = 180.0,
    ) -> None:
        """Prepare; the model is loaded by the first work.

        Args:
            locate: finds the model's folder by name or path.
            model: catalog name or path of a CTranslate2 whisper folder.
            beam_size: of final decodes; partials are greedy.
            threads: of all lanes together; 0 = one for each core.
            device: ``cpu`` or ``cuda``.
            queue_size: decodes that may wait.
            deadline_s: bound on waiting and decoding one block.
        """
        self._locate = locate
        self._model = model
        self._beam_size = beam_size
        self._device = device
        self._compute_type = "float16" if device == "cuda" else "int8"
        cores = threads_for("transcriber", threads)
        self._lanes = min(LANES, cores)
        self._threads_per_lane = max(1, cores // self._lanes)
        self._without_weights: Any = None
        self.worker: ModelWorker[Any] = ModelWorker(
            "transcriber",
            self._load,
            queue_size=queue_size,
            deadline_s=deadline_s,
            lanes=self._lanes,
            unload=self._unload,
        )

    @property
    def model_id(self) -> str:
        """``faster-<model>-<type of its numbers>``."""
        return f"faster-{Path(self._model).name}-{self._compute_type}"

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        """See the port."""
        duration_s = speech.size / SAMPLE_RATE_HZ
        if speech.ndim != 1 or not 0.1 <= duration_s <= 30.0:
            raise InvalidInput("Speech must be mono and last 0.1 to 30 s")
        if options.purpose is Purpose.PARTIAL:
            return await self.worker.run(
                lambda model, token: decode_partial(model, speech, options), priority=Priority.LIVE_PARTIAL
            )

        def final(model: Any, token: CancelToken) -> Transcription:
            return decode_final(model, speech, options, beam_size=self._beam_size, check=token.check)

        if options.purpose is Purpose.BACKGROUND:
            return await self.worker.run(final, priority=Priority.POST_SESSION, deadline_s=BACKGROUND_DEADLINE_S)
        return await self.worker.run(final, priority=Priority.LIVE_FINAL)

    def close(self) -> None:
        """Stop the worker and let go of the model."""
        self.worker.close()

    def _load(self) -> Any:
        folder = self._locate(self._model)
        missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
        if missing:
            raise ConfigurationError(
                f"{folder} is not a complete CTranslate2 whisper folder: {', '.join(missing)} is missing",
                param="transcriber_model",
            )
        model = self._reloaded() or self._made(folder)
        if model.model.n_mels != model.feature_extractor.mel_filters.shape[0]:
            raise ConfigurationError(
                f"{folder} needs its preprocessor_config.json: the model takes {model.model.n_mels} mel bands",
                param="transcriber_model",
            )
        self.worker.weights_bytes = (folder / "model.bin").stat().st_size
        return model

    def _made(self, folder: Path) -> Any:
        import faster_whisper

        return faster_whisper.WhisperModel(
            str(folder),
            device=self._device,
            compute_type=self._compute_type,
            cpu_threads=self._threads_per_lane,
            num_workers=self._lanes,
            local_files_only=True,
        )

    def _reloaded(self) -> Any:
        """The unloaded model with its weights again, if there is one."""
        model, self._without_weights = self._without_weights, None
        if model is not None:
            model.model.load_model()
        return model

    def _unload(self, model: Any) -> None:
        """Free the weights and keep the tokenizer (some 20 MB): making it stops all threads for 60 ms."""
        model.model.unload_model()
        self._without_weights = model
