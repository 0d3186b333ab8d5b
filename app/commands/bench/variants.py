"""Recordings with small changes that no listener would mind.

Whisper's words change with the rounding of its input: single runs on a few hundred words differ by more than a point, averages
over variants do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.commands.bench.references import reference_of
from app.composition.recordings import build_codec
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.audio.pcm import to_pcm16, wav_header

LONGEST_S = 3600.0
LEVEL, SHIFT_S, NOISE = 0.3, 0.15, 0.002
"""A third of the level, silence in front, and white noise (standard deviation, full scale 1): about -54 dB."""


def with_variants(
    paths: Sequence[Path], references: Mapping[str, str], folder: Path
) -> tuple[list[Path], dict[str, str]]:
    """Each recording as it is, quieter, later and with faint noise, written to ``folder`` as WAV; and what they say.

    Raises:
        InvalidInput: not a recording, or damaged.
        TooLarge: longer than an hour.
    """
    texts = dict(references)
    written: list[Path] = []
    for number, path in enumerate(paths):
        said = reference_of(path, references)
        for name, audio in _variants(_decoded(path)):
            place = folder / str(number) / f"{path.stem}{name}.wav"
            _write(place, audio)
            written.append(place)
            if said is not None:
                texts[f"{number}/{place.name}"] = said
    return written, texts


def _variants(audio: Waveform) -> Iterator[tuple[str, Waveform]]:
    noise = np.random.default_rng(0).normal(0, NOISE, audio.size).astype(np.float32)
    yield "", audio
    yield " quieter", LEVEL * audio
    yield " later", np.concatenate([np.zeros(round(SHIFT_S * SAMPLE_RATE_HZ), np.float32), audio])
    yield " with noise", audio + noise


def _decoded(path: Path) -> Waveform:
    return np.concatenate(list(build_codec().read_recording(path, max_duration_s=LONGEST_S)))


def _write(path: Path, audio: Waveform) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_header(audio.size) + to_pcm16(audio))
