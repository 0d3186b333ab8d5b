"""Second pass: short stretches of speech are compared with every voice, and frames that clearly belong to another move."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.infrastructure.diarization.clustering import Vectors
from app.infrastructure.diarization.features import FRAME, HOP, log_mel
from app.infrastructure.diarization.networks import DiarizationNetworks
from app.infrastructure.diarization.reconstruction import FRAME_S, Speech, frame_start_s, runs

PIECE = round(1.5 / FRAME_S)
PIECE_STEP = PIECE // 2
"""Length and step of the pieces in frames: the usual values of embedding-based diarization (Kaldi's x-vector recipes)."""

MIN_PIECE = round(0.6 / FRAME_S)
"""Shorter speech is not compared."""

CLEARER_BY = 0.1
"""Cosine by which the other voice must be nearer than the present one."""

BLOCK = 20 * SAMPLE_RATE_HZ
"""Samples read at once."""

Piece = tuple[int, int]
"""First and one-past-last frame of a stretch of speech."""


def resegment(
    speech: Speech,
    centroids: Vectors,
    audio: SampleSource,
    networks: DiarizationNetworks,
    between: Callable[[float], None],
) -> Speech:
    """Correct single-speaker frames by voice.

    Args:
        speech: who speaks when, by the first pass; not changed.
        centroids: the voices, unit length, in the order of ``speech``'s columns.
        audio: the whole session.
        networks: loaded.
        between: called between blocks with the fraction done; may raise to stop.
    """
    alone = speech.sum(axis=1) == 1
    pieces = _pieces(speech & alone[:, None])
    similarity = np.zeros(speech.shape, np.float32)
    compared = np.zeros(len(speech), np.float32)
    for (first, beyond), cosines in _compare(pieces, centroids, audio, networks, between):
        similarity[first:beyond] += cosines
        compared[first:beyond] += 1
    similarity /= np.maximum(compared, 1)[:, None]
    best = similarity.argmax(axis=1)
    gain = np.take_along_axis(similarity, best[:, None], 1)[:, 0] - (similarity * speech).sum(axis=1)
    moved = alone & (compared > 0) & (gain > CLEARER_BY)
    corrected = speech.copy()
    corrected[moved] = False
    corrected[moved, best[moved]] = True
    return corrected


def _pieces(alone: Speech) -> list[Piece]:
    """Overlapping pieces of every stretch where one voice speaks alone, in time order.

    They end where the speaker changes: the segmentation network knows the borders best.
    """
    pieces: list[Piece] = []
    for first, beyond in sorted(run for voice in alone.T for run in runs(voice)):
        for start in range(first, max(first, beyond - PIECE + PIECE_STEP - 1) + 1, PIECE_STEP):
            piece = (max(first, min(start, beyond - MIN_PIECE)), min(start + PIECE, beyond))
            if piece[1] - piece[0] >= MIN_PIECE:
                pieces.append(piece)
    return pieces


def _compare(
    pieces: list[Piece],
    centroids: Vectors,
    audio: SampleSource,
    networks: DiarizationNetworks,
    between: Callable[[float], None],
) -> Iterator[tuple[Piece, NDArray[np.float32]]]:
    """Every piece with its cosine to every voice; audio is read and filtered block by block."""
    block_start, block_end = 0, 0
    for number, (first, beyond) in enumerate(pieces):
        start, end = (round(frame_start_s(frame) * SAMPLE_RATE_HZ) for frame in (first, beyond))
        if end > block_end:
            between(number / len(pieces))
            block_start, block_end = start, start + BLOCK
            features = log_mel(audio.read(block_start, BLOCK))
        row = (start - block_start) // HOP
        rows = features[row : row + (end - start - FRAME) // HOP + 1]
        if len(rows):
            yield (first, beyond), centroids @ networks.embed(rows)
