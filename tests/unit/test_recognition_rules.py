"""Blocks, the gate, partial texts, languages: the pure rules of recognition."""

import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan
from app.domain.transcription.blocks import Block, BlockBuilder, BlockOptions
from app.domain.transcription.gate import believable
from app.domain.transcription.language import SpokenLanguage
from app.domain.transcription.models import RecognizedSegment, Transcription, Word
from app.domain.transcription.partials import joined, presentable
from app.domain.vad.endpointing import Utterance

pytestmark = pytest.mark.unit
SPEECH = (TimeSpan(0, 10),)


def said(start: float, end: float, *, pause: bool = True) -> Utterance:
    begin, stop = int(start * SAMPLE_RATE_HZ), int(end * SAMPLE_RATE_HZ)
    return Utterance(begin, stop, begin, stop, pause)


def durations(blocks: list[Block]) -> list[float]:
    return [sum(part.duration_s for part in block.utterances) for block in blocks]


def test_short_utterances_are_gathered_until_there_is_enough() -> None:
    builder = BlockBuilder(BlockOptions(enough_s=12, most_s=18))
    blocks = [block for at in range(0, 60, 4) for block in builder.add(said(at, at + 3))]
    assert durations(blocks) == [12, 12, 12]
    assert durations(builder.finish()) == [9]


def test_a_block_never_exceeds_the_most_and_ends_at_a_pause_if_it_can() -> None:
    builder = BlockBuilder(BlockOptions(enough_s=12, most_s=18))
    blocks = builder.add(said(0, 8)) + builder.add(said(8, 15, pause=False)) + builder.add(said(15, 22, pause=False))
    assert durations(blocks) == [8]
    blocks += builder.add(said(22, 29, pause=False)) + builder.finish()
    assert durations(blocks) == [8, 14, 7]


def test_a_long_pause_ends_a_block() -> None:
    builder = BlockBuilder(BlockOptions(long_pause_s=2))
    assert builder.add(said(0, 1)) == []
    assert builder.silent_until(int(2.9 * SAMPLE_RATE_HZ)) == []
    assert durations(builder.silent_until(int(3.1 * SAMPLE_RATE_HZ))) == [1]
    assert builder.silent_until(10**9) == builder.finish() == []


def test_times_go_back_to_the_sessions_clock() -> None:
    block = Block((said(10, 12), said(20, 23)))
    words = (Word(0.5, 2.0, " a", 1.0), Word(2.0, 2.4, " b", 1.0), Word(4.9, 5.3, " c", 1.0))
    moved = block.on_session_clock(RecognizedSegment(0.5, 5.3, "a b c", words))
    assert (moved.start, moved.end) == (10.5, 23.0)
    assert [(word.start, word.end) for word in moved.words] == [(10.5, 12.0), (20.0, 20.4), (22.9, 23.0)]
    assert block.speech() == (TimeSpan(0, 2), TimeSpan(2, 5))


@pytest.mark.parametrize(
    ("segment", "kept"),
    [
        (RecognizedSegment(0, 0.4, "Sí.", (), -0.4, 0.3), True),
        (RecognizedSegment(0, 0.3, "no", (), -0.65, 0.5), True),
        (RecognizedSegment(0, 3, "Thanks for watching!", (), -0.6, 0.7), False),
        (RecognizedSegment(0, 3, "Thanks for watching!", (), -0.3, 0.1), True),
        (RecognizedSegment(20, 25, "far from any voice", (), -0.3, 0.1), False),
        (RecognizedSegment(8, 25, "mostly beyond the voice", (), -0.8, 0.1), False),
        (RecognizedSegment(0, 3, "hardly", (), -1.2, 0.1), False),
        (RecognizedSegment(0, 3, "…", (), -0.1, 0.1), False),
        (RecognizedSegment(0, 9, "and then we go " * 12, (), -0.1, 0.1), False),
    ],
)
def test_the_gate(segment: RecognizedSegment, kept: bool) -> None:
    assert believable(segment, SPEECH) is kept


def test_partial_texts_are_fit_to_be_shown() -> None:
    assert presentable("We meet on...", unfinished=True) == "We meet on"
    assert presentable("We meet.", unfinished=False) == "We meet."
    assert presentable("go there. Go there, go there go there", unfinished=True) == "go there."[:-1]
    assert presentable("no, no", unfinished=True) == "no, no"
    assert presentable("", unfinished=True) == ""


def test_long_partial_texts_keep_their_end() -> None:
    assert joined(["a", "", "b"]) == "a b"
    long = joined(["word"] * 1000)
    assert len(long) <= 1000
    assert long.startswith("… word")
    assert long.endswith("word")


def transcription(language: str, probability: float, spoken_s: float = 5) -> Transcription:
    return Transcription(language, probability, (RecognizedSegment(0, spoken_s, "x"),) if spoken_s else ())


def test_the_first_confident_language_is_kept() -> None:
    language = SpokenLanguage(None)
    for found in (transcription("nn", 0.9, 0), transcription("cy", 0.9, 1), transcription("en", 0.4)):
        language.heard(found)
        assert language.kept is None
    language.heard(transcription("es", 0.8))
    language.heard(transcription("en", 0.99))
    assert language.kept == "es"


def test_the_best_guess_is_taken_at_the_end() -> None:
    language = SpokenLanguage(None)
    language.settle()
    assert language.kept is None
    language.heard(transcription("en", 0.3))
    language.heard(transcription("es", 0.5))
    language.settle()
    assert language.kept == "es"
