from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.analysis.sentences import split_sentences, split_text
from app.domain.session.models import TranscriptLine

pytestmark = pytest.mark.unit


def line(number: int, text: str, speaker: str | None = "S1") -> TranscriptLine:
    return TranscriptLine(f"s{number}", speaker, number * 2.0, number * 2.0 + 2, text)


def texts(*lines: TranscriptLine) -> list[str]:
    return [sentence.text for sentence in split_sentences(lines)]


def test_splits_at_sentence_ends() -> None:
    assert texts(line(1, "We meet on Monday. Who brings the ladder? ¡Yo! Bien.")) == [
        "We meet on Monday.",
        "Who brings the ladder?",
        "¡Yo!",
        "Bien.",
    ]


def test_numbers_abbreviations_and_ellipses_do_not_split() -> None:
    assert texts(line(1, "Dr. Vega paid 3.5 euros... or so. Fine.")) == ["Dr. Vega paid 3.5 euros... or so.", "Fine."]


def test_a_sentence_spans_segments_of_one_speaker_with_exact_quotes() -> None:
    (sentence,) = split_sentences([line(1, "I will send "), line(2, " the drawings on Friday.")])
    assert sentence.text == "I will send the drawings on Friday."
    assert [(e.segment_id, e.quote) for e in sentence.evidence] == [
        ("s1", "I will send"),
        ("s2", "the drawings on Friday."),
    ]
    assert (sentence.start, sentence.end) == (2.0, 6.0)


def test_speakers_are_never_joined() -> None:
    assert texts(line(1, "and then"), line(2, "we left", "S2")) == ["and then", "we left"]


def test_text_without_punctuation_is_cut() -> None:
    parts = split_text("word " * 500)
    assert len(parts) > 3
    assert all(end - start <= 360 for start, end in parts)


def test_nothing_but_marks_is_no_sentence() -> None:
    assert texts(line(1, "... ?!"), line(2, "   ")) == []


@given(st.lists(st.text(alphabet="ab .?!,¿áñ\n", max_size=60), max_size=6), st.booleans())
def test_quotes_are_verbatim_and_no_word_is_lost(parts: list[str], alternate: bool) -> None:
    lines = [line(number, text, "S2" if alternate and number % 2 else "S1") for number, text in enumerate(parts)]
    by_id = {entry.segment_id: entry.text for entry in lines}
    sentences = split_sentences(lines)
    for sentence in sentences:
        for entry in sentence.evidence:
            assert entry.segment_id
            assert entry.quote
            assert entry.quote in by_id[entry.segment_id]
    letters = [c for sentence in sentences for c in sentence.text if c.isalpha()]
    assert letters == [c for text in parts for c in text if c.isalpha()]


class WatchedLine(TranscriptLine):
    """Counts how often its words are read."""

    reads: ClassVar[int] = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "text":
            WatchedLine.reads += 1
        return super().__getattribute__(name)


@pytest.mark.parametrize("count", [10, 1000])
def test_each_line_is_read_a_few_times_however_long_its_speaker_talks(count: int) -> None:
    talk = [line(number, "So then we painted the other side. And later that day, as ever,") for number in range(count)]
    watched = [WatchedLine(**vars(each)) for each in talk]
    WatchedLine.reads = 0
    assert len(split_sentences(watched)) > count
    assert WatchedLine.reads <= 10 * count
