"""A recogniser of tones: for tests and the dummy profile.

It "hears" one word in every burst of sound and names it by the burst's pitch, so that a test can speak numbered
words (``tones``) and assert that each is recognised once. A burst longer than a second counts as one word a second.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import InvalidInput
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, RecognizedSegment, TranscribeOptions, Transcription, Word

FRAME = 160
"""10 ms: the grid on which bursts are found."""
LOUD = 0.01
SHORTEST_BURST_S = 0.05
LONGEST_WORD_S = 1.0
BASE_HZ, STEP_HZ = 300.0, 10.0
"""Word n is a tone of ``BASE_HZ + n * STEP_HZ``: up to 700 words below 8 kHz."""
WORDS_PER_SEGMENT = 5


def tones(numbers: Iterable[int], *, word_s: float = 0.3, pause_s: float = 0.2, level: float = 0.2) -> Waveform:
    """Speak numbered words: what ``DummyTranscriber`` recognises as ``w1 w2 …``."""
    clock = np.arange(int(word_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    silence = np.zeros(int(pause_s * SAMPLE_RATE_HZ))
    parts = [
        part
        for number in numbers
        for part in (level * np.sin(2 * np.pi * (BASE_HZ + number * STEP_HZ) * clock), silence)
    ]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


class DummyTranscriber(Transcriber):
    """Deterministic; language ``en`` unless told otherwise."""

    model_id = "dummy-transcriber"

    async def transcribe(self, speech: Waveform, options: TranscribeOptions) -> Transcription:
        """See the port."""
        duration_s = speech.size / SAMPLE_RATE_HZ
        if speech.ndim != 1 or not 0.1 <= duration_s <= 30.0:
            raise InvalidInput("Speech must be mono and last 0.1 to 30 s")
        words = list(_words(speech))
        if options.purpose is Purpose.PARTIAL:
            groups = [words] if words else []
        else:
            groups = [words[i : i + WORDS_PER_SEGMENT] for i in range(0, len(words), WORDS_PER_SEGMENT)]
        language = options.language or options.prior_language or "en"
        return Transcription(language, 0.99, tuple(_segment(group, options.word_times) for group in groups))


def _segment(words: Sequence[Word], word_times: bool) -> RecognizedSegment:
    text = "".join(word.text for word in words).strip()
    return RecognizedSegment(words[0].start, words[-1].end, text, tuple(words) if word_times else (), -0.1, 0.01)


def _words(speech: Waveform) -> Iterator[Word]:
    frames = speech[: speech.size // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.sqrt(np.mean(np.square(frames), axis=1)) > LOUD
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    longest = int(LONGEST_WORD_S * SAMPLE_RATE_HZ)
    for first, last in zip(edges[::2] * FRAME, edges[1::2] * FRAME, strict=True):
        for begin in range(int(first), int(last), longest):
            end = min(begin + longest, int(last))
            if end - begin >= SHORTEST_BURST_S * SAMPLE_RATE_HZ:
                yield Word(
                    begin / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, f" w{_number(speech[begin:end])}", probability=0.9
                )


def _number(burst: Waveform) -> int:
    spectrum = np.abs(np.fft.rfft(burst * np.hanning(burst.size), n=SAMPLE_RATE_HZ))  # one bin a hertz
    return round((float(np.argmax(spectrum)) - BASE_HZ) / STEP_HZ)
