"""Log-mel filter banks as Kaldi computes them (``compute-fbank-feats``), which is what CAM++ was trained on."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform

HOP = 160
"""10 ms between frames (Kaldi's default)."""

FRAME = 400
"""25 ms a frame (Kaldi's default)."""

MELS = 80
"""CAM++'s input size (3D-Speaker, ``fbank_dim``)."""

_FFT = 512
_LOWEST_HZ = 20.0
_PRE_EMPHASIS = 0.97
_POVEY_POWER = 0.85  # Kaldi's own window: a Hann window to this power

Features = NDArray[np.float32]
"""Shape ``(frames, MELS)``; frame ``i`` starts at sample ``i * HOP``."""


def log_mel(samples: Waveform) -> Features:
    """Filter banks without dither, without padding at the edges, without mean normalisation.

    Args:
        samples: mono float32 in [-1, 1] at 16 kHz.

    Returns:
        One row for each whole frame; no rows if there are fewer than ``FRAME`` samples.
    """
    if len(samples) < FRAME:
        return np.zeros((0, MELS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP].astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    first = frames[:, :1] * (1 - _PRE_EMPHASIS)
    emphasised = np.concatenate([first, frames[:, 1:] - _PRE_EMPHASIS * frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft(emphasised * _window(), _FFT, axis=1)
    power = np.square(np.abs(spectrum)).astype(np.float32)
    energies: Features = np.log(np.maximum(power @ _mel_weights(), np.finfo(np.float32).eps))
    return energies


@lru_cache(maxsize=1)
def _window() -> Features:
    return (np.hanning(FRAME) ** _POVEY_POWER).astype(np.float32)


@lru_cache(maxsize=1)
def _mel_weights() -> Features:
    """Triangles, evenly spaced on the mel scale ``1127 ln(1 + f / 700)``, shape ``(bins, MELS)``."""
    bins_mel = _mel(np.arange(_FFT // 2) * SAMPLE_RATE_HZ / _FFT)
    edges = np.linspace(_mel(np.array(_LOWEST_HZ)), _mel(np.array(SAMPLE_RATE_HZ / 2)), MELS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins_mel[:, None] - left) / (centre - left)
    falling = (right - bins_mel[:, None]) / (right - centre)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return np.concatenate([weights, np.zeros((1, MELS))]).astype(np.float32)  # Kaldi leaves the Nyquist bin out


def _mel(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(frequency_hz / 700.0))
