"""The two networks: who is active in ten seconds of audio, and what a voice sounds like."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.errors import ConfigurationError
from app.infrastructure.diarization.features import Features

WEIGHTS_DIR = Path(__file__).parent / "weights"

SHA256 = {
    "segmentation-3.0.onnx": "aa263c52fbbbf99fffb49e8e0e46861842ffd76e6cbd32d651d6dc5d5a3d989c",
    "campplus-zh-en.onnx": "436f6a5d4183c9461b9d905a8cee2325241b2bd96121958543a7d15bfc3adb35",
}
"""What ``tools/convert_diarization.py`` made and ``weights/README.md`` describes."""

WINDOW = 10 * SAMPLE_RATE_HZ
"""Samples the segmentation network hears at once: what it was trained on (arXiv:2310.13025)."""

WINDOW_FRAMES = 589
"""Frames it answers for one window."""

FRAME_STEP = 270
"""Samples between frames: the strides of its front end, 10 · 3 · 3 · 3."""

FRAME_CENTRE = 495
"""Centre of frame 0 in samples: half its receptive field of 991."""

LOCAL_SPEAKERS = 3
"""Speakers the segmentation network tells apart inside one window."""

_POWERSET = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], np.uint8
)  # its seven classes: nobody, one of three speakers, two of three (arXiv:2310.13025, section 2)

Activity = NDArray[np.uint8]
"""1 where a local speaker speaks, shape ``(windows, WINDOW_FRAMES, LOCAL_SPEAKERS)``."""


class DiarizationNetworks:
    """Both networks, loaded; not safe to use from two threads at once."""

    def __init__(self, *, threads: int, weights_dir: Path = WEIGHTS_DIR) -> None:
        """Load the weights after checking them.

        Args:
            threads: that one call may use.
            weights_dir: where the two files lie.

        Raises:
            ConfigurationError: a file is missing or damaged.
        """
        self._segmentation = _open(weights_dir / "segmentation-3.0.onnx", threads)
        self._embedding = _open(weights_dir / "campplus-zh-en.onnx", threads)
        self.weights_bytes = sum((weights_dir / name).stat().st_size for name in SHA256)
        """Size of both files."""

    def activity(self, windows: NDArray[np.float32]) -> Activity:
        """Who is active, window by window; speakers of different windows have nothing to do with one another.

        Args:
            windows: shape ``(windows, WINDOW)``.
        """
        scores = self._segmentation.run(None, {"waveform": windows[:, None, :]})[0]
        activity: Activity = _POWERSET[scores.argmax(axis=-1)]
        return activity

    def embed(self, features: Features) -> NDArray[np.float32]:
        """A voice as a vector of unit length: vectors of the same voice have a high dot product.

        Args:
            features: of one speaker's speech, at least half a second to be of use; the mean is removed here.
        """
        centred = features - features.mean(axis=0, keepdims=True)
        vector: NDArray[np.float32] = self._embedding.run(None, {"fbank": centred[None]})[0][0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _open(path: Path, threads: int) -> Any:
    import onnxruntime

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name} is missing beside the diarizer; reinstall the application") from error
    if hashlib.sha256(content).hexdigest() != SHA256[path.name]:
        raise ConfigurationError(f"{path.name} is damaged (wrong checksum); reinstall the application")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # it keeps what the largest batch took, for as long as the session lives
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # live sessions need the cores more
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
