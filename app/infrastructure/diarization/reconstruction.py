"""From windows with numbered voices to turns on the session's clock."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.diarization.models import SpeakerTurn
from app.infrastructure.diarization.clustering import Labels
from app.infrastructure.diarization.networks import FRAME_CENTRE, FRAME_STEP, WINDOW_FRAMES
from app.infrastructure.diarization.windows import Windows, frame_offset

FRAME_S = FRAME_STEP / SAMPLE_RATE_HZ
FIRST_FRAME_S = (FRAME_CENTRE - FRAME_STEP / 2) / SAMPLE_RATE_HZ
"""Where frame 0 begins when every frame stands for the time around its centre."""

OVERLAP_BIAS = 0.1
"""Added before the mean number of speakers is rounded: on meetings the segmentation network misses more overlapped
speech than it invents. Chosen on the recordings that docs/benchmarks names."""

MAX_PAUSE_S = 0.5
"""Shorter gaps inside one speaker's speech belong to the turn. Chosen on the recordings that docs/benchmarks names."""

MIN_TURN_S = 0.2
"""Shorter turns are breaths and noises."""

Speech = NDArray[np.bool_]
"""Who speaks in each frame of the session, shape ``(frames, voices)``."""


def speech_frames(windows: Windows, labels: Labels, length: int) -> Speech:
    """Overlay all windows and decide, frame by frame, how many speak and who.

    The number is the mean over the windows that cover the frame; the voices active in most windows fill it.

    Args:
        windows: of the first pass.
        labels: the voice of each of its samples; none if speech was too short to tell voices apart, which makes it
            one voice's.
        length: of the audio in samples.
    """
    offsets = [frame_offset(int(start)) for start in windows.starts]
    frames = max(frame_offset(length), offsets[-1] + WINDOW_FRAMES)
    speaking = np.zeros(frames, np.float32)
    covering = np.zeros(frames, np.float32)
    for offset, activity in zip(offsets, windows.activity, strict=True):
        covering[offset : offset + WINDOW_FRAMES] += 1
        speaking[offset : offset + WINDOW_FRAMES] += activity.sum(axis=1)
    number = np.floor(speaking / np.maximum(covering, 1) + 0.5 + OVERLAP_BIAS)
    if not len(labels):
        return number[:, None] > 0
    votes = np.zeros((frames, int(labels.max()) + 1), np.float32)
    for window, local, voice in zip(windows.samples.windows, windows.locals, labels, strict=True):
        offset = offsets[window]
        votes[offset : offset + WINDOW_FRAMES, voice] += windows.activity[window, :, local]
    rank = np.argsort(np.argsort(-votes, axis=1, kind="stable"), axis=1)
    return (rank < number[:, None]) & (votes > 0)


def speech_turns(speech: Speech, length: int) -> list[SpeakerTurn]:
    """Turns in time order; voices are named in the order in which they are first heard."""
    end_s = length / SAMPLE_RATE_HZ
    found: list[tuple[float, float, int]] = []
    for voice in range(speech.shape[1]):
        joined: list[list[int]] = []
        for first, beyond in runs(speech[:, voice]):
            if joined and (first - joined[-1][1]) * FRAME_S < MAX_PAUSE_S:
                joined[-1][1] = beyond
            else:
                joined.append([first, beyond])
        spans = ((frame_start_s(first), min(frame_start_s(beyond), end_s)) for first, beyond in joined)
        found.extend((start, end, voice) for start, end in spans if end - start >= MIN_TURN_S)
    names: dict[int, str] = {}
    return [
        SpeakerTurn(round(start, 3), round(end, 3), names.setdefault(voice, f"S{len(names) + 1}"))
        for start, end, voice in sorted(found)
    ]


def frame_start_s(frame: int) -> float:
    """Where a frame of the session begins, in seconds."""
    return frame * FRAME_S + FIRST_FRAME_S


def runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and one-past-last index of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
