"""First pass: who is active in each ten-second window, and the voice of each local speaker."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.infrastructure.diarization.clustering import Labels, VoiceSamples
from app.infrastructure.diarization.features import FRAME, HOP, Features, log_mel
from app.infrastructure.diarization.networks import (
    FRAME_CENTRE,
    FRAME_STEP,
    LOCAL_SPEAKERS,
    WINDOW,
    WINDOW_FRAMES,
    Activity,
    DiarizationNetworks,
)

STEPS = ((60, 1), (600, 2))
LONGEST_STEP_S = 3
"""Seconds of audio, and seconds between windows up to that length: close together while evidence is scarce and cost does
not matter. Cost falls with the step; how the error rate grows is in docs/benchmarks."""

BATCH = 4
"""Windows in one call of the segmentation network: larger is hardly faster and takes more memory."""

MIN_SPEECH_FRAMES = round(0.5 * SAMPLE_RATE_HZ / FRAME_STEP)
"""Half a second: voices are not told apart by less."""


@dataclass(frozen=True)
class Windows:
    """What the first pass found.

    Attributes:
        starts: first sample of each window.
        activity: of each window's local speakers; zero beyond the end of the audio.
        samples: the embedded local speakers.
        locals: which local speaker of its window each sample is.
    """

    starts: NDArray[np.int64]
    activity: Activity
    samples: VoiceSamples
    locals: Labels


def window_starts(length: int) -> NDArray[np.int64]:
    """Where windows begin, in samples: whole hops, the last one reaching the end of the audio."""
    last = math.ceil(max(0, length - WINDOW) / HOP) * HOP
    step_s = next((step_s for longest_s, step_s in STEPS if length <= longest_s * SAMPLE_RATE_HZ), LONGEST_STEP_S)
    regular = np.arange(0, last + 1, step_s * SAMPLE_RATE_HZ)
    return regular if regular[-1] == last else np.append(regular, last)


def hear_windows(
    audio: SampleSource,
    networks: DiarizationNetworks,
    between: Callable[[float], None],
) -> Windows:
    """Run both networks over the audio, a batch of windows at a time.

    Args:
        audio: at least one sample.
        networks: loaded.
        between: called before each batch with the fraction done; may raise to stop.
    """
    starts = window_starts(audio.samples)
    activity = np.zeros((len(starts), WINDOW_FRAMES, LOCAL_SPEAKERS), np.uint8)
    coverage = _coverage(starts)
    vectors: list[NDArray[np.float32]] = []
    found: list[tuple[float, float, int, int]] = []
    for first in range(0, len(starts), BATCH):
        between(first / len(starts))
        batch = starts[first : first + BATCH]
        heard = audio.read(int(batch[0]), int(batch[-1] - batch[0]) + WINDOW)
        padded = np.pad(heard, (0, int(batch[-1] - batch[0]) + WINDOW - len(heard)))
        features = log_mel(padded)
        pieces = np.stack([padded[start : start + WINDOW] for start in batch - batch[0]])
        activity[first : first + len(batch)] = networks.activity(pieces)
        for window, start in enumerate(batch, start=first):
            inside = int(start) + FRAME_CENTRE + FRAME_STEP * np.arange(WINDOW_FRAMES) < audio.samples
            activity[window] *= inside[:, None].astype(np.uint8)
            rows = features[(start - batch[0]) // HOP :][: (WINDOW - FRAME) // HOP + 1]
            for local in range(LOCAL_SPEAKERS):
                frames = _usable(activity[window], local)
                if frames.sum() >= MIN_SPEECH_FRAMES:
                    vectors.append(networks.embed(_speech_rows(rows, frames)))
                    seconds = float(frames.sum()) * FRAME_STEP / SAMPLE_RATE_HZ
                    found.append((seconds, 1 / float(coverage[window][frames].mean()), window, local))
    columns = np.array(found, np.float64).reshape(-1, 4)
    samples = VoiceSamples(
        np.stack(vectors) if vectors else np.zeros((0, 1), np.float32),
        columns[:, 0].astype(np.float32),
        columns[:, 1].astype(np.float32),
        columns[:, 2].astype(np.intp),
    )
    return Windows(starts, activity, samples, columns[:, 3].astype(np.intp))


def frame_offset(start: int) -> int:
    """The frame of the whole session on which a window's first frame falls."""
    return round(start / FRAME_STEP)


def _coverage(starts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """For each window, how many windows cover each of its frames."""
    counts = np.zeros(frame_offset(int(starts[-1])) + WINDOW_FRAMES, np.int64)
    for start in starts:
        counts[frame_offset(int(start)) :][:WINDOW_FRAMES] += 1
    return [counts[frame_offset(int(start)) :][:WINDOW_FRAMES] for start in starts]


def _usable(activity: NDArray[np.uint8], local: int) -> NDArray[np.bool_]:
    """Frames where only this local speaker speaks; all of their frames if those are too few."""
    active = activity[:, local] > 0
    alone = active & (activity.sum(axis=1) == 1)
    return alone if alone.sum() >= MIN_SPEECH_FRAMES else active


def _speech_rows(rows: Features, frames: NDArray[np.bool_]) -> Features:
    """The filter-bank rows whose centres fall on the chosen segmentation frames."""
    centres = np.arange(len(rows)) * HOP + FRAME // 2
    nearest = np.clip(np.round((centres - FRAME_CENTRE) / FRAME_STEP), 0, WINDOW_FRAMES - 1).astype(np.intp)
    return rows[frames[nearest]]
