"""Silero VAD (https://github.com/snakers4/silero-vad, MIT) by onnxruntime, from the file that faster-whisper ships."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import Waveform
from app.domain.errors import ConfigurationError, InvalidInput
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VadState, VoiceActivityDetector
from app.infrastructure.runtime.worker import CancelToken, ModelWorker, Priority

CONTEXT_SAMPLES = 64
"""End of the previous frame that the model takes in front of each frame (Silero v5 and later, at 16 kHz)."""
HIDDEN = 128
"""Size of the LSTM's hidden and cell vectors: inputs ``h`` and ``c`` of the v6 graph are ``(1, 1, 128)``."""
ASSET = Path("assets") / "silero_vad_v6.onnx"


def bundled_model() -> Path:
    """The ONNX file inside the installed faster-whisper wheel, found without importing it.

    Raises:
        ConfigurationError: faster-whisper is not installed, or ships another version.
    """
    spec = importlib.util.find_spec("faster_whisper")
    path = Path(spec.origin).parent / ASSET if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ConfigurationError(
            "The voice activity model is missing: reinstall faster-whisper as pinned in requirements.txt"
        )
    return path


class SileroVad(VoiceActivityDetector):
    """State: context samples, hidden and cell vector, in one row. A call of many frames costs far less than many calls."""

    def __init__(self, *, queue_size: int = 256) -> None:
        self.worker: ModelWorker[Any] = ModelWorker("silero-vad", self._load, queue_size=queue_size, deadline_s=60.0)

    async def probabilities(self, audio: Waveform, state: VadState | None) -> tuple[NDArray[np.float32], VadState]:
        """See the port."""
        if audio.ndim != 1 or audio.size % VAD_FRAME_SAMPLES:
            raise InvalidInput(f"Audio must be a whole number of frames of {VAD_FRAME_SAMPLES} samples")
        if state is None:
            state = np.zeros(CONTEXT_SAMPLES + 2 * HIDDEN, np.float32)
        if audio.size == 0:
            return np.zeros(0, np.float32), state
        before = state

        def work(session: Any, token: CancelToken) -> tuple[NDArray[np.float32], VadState]:
            return _run(session, audio, before)

        return await self.worker.run(work, priority=Priority.LIVE_FINAL)

    def close(self) -> None:
        """Stop the worker."""
        self.worker.close()

    def _load(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        path = bundled_model()
        self.worker.weights_bytes = path.stat().st_size
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: Any, audio: Waveform, state: VadState) -> tuple[NDArray[np.float32], VadState]:
    frames = audio.reshape(-1, VAD_FRAME_SAMPLES)
    context = np.vstack([state[:CONTEXT_SAMPLES], frames[:-1, -CONTEXT_SAMPLES:]])
    hidden, cell = state[CONTEXT_SAMPLES:].reshape(2, 1, 1, HIDDEN)
    speech, hidden, cell = session.run(
        None, {"input": np.hstack([context, frames]).astype(np.float32, copy=False), "h": hidden, "c": cell}
    )
    after = np.concatenate([frames[-1, -CONTEXT_SAMPLES:], hidden.ravel(), cell.ravel()]).astype(np.float32, copy=False)
    return speech.reshape(-1).astype(np.float32, copy=False), after
