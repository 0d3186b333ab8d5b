"""The bundled recordings with what is said in them, for tests on the embedded models."""

import json
from pathlib import Path

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.infrastructure.audio.av_codec import AvAudioCodec

DEMO = Path(__file__).parents[1] / "app" / "demo"


def demo_audio(language: str) -> Waveform:
    """A whole bundled recording."""
    return np.concatenate(list(AvAudioCodec().read_recording(DEMO / f"{language}.ogg", max_duration_s=600)))


def demo_lines(language: str) -> list[tuple[float, float, str]]:
    """Start, end and text of each line."""
    lines = json.loads((DEMO / f"{language}.json").read_text(encoding="utf-8"))["transcript"]
    return [(line["start"], line["end"], line["text"]) for line in lines]


def demo_line(language: str, number: int, *, margin_s: float = 0.3) -> tuple[Waveform, str]:
    """One line and its audio."""
    start, end, text = demo_lines(language)[number]
    first, last = int((start - margin_s) * SAMPLE_RATE_HZ), int((end + margin_s) * SAMPLE_RATE_HZ)
    return demo_audio(language)[max(0, first) : last], text
