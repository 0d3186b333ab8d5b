from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.diarization.alignment import name_speakers, transcript_lines
from app.domain.diarization.models import SpeakerTurn
from app.domain.session.models import Segment, TranscriptLine
from app.domain.transcription.models import Word

pytestmark = pytest.mark.unit


def segment(words: Sequence[tuple[float, float, str]], segment_id: str = "s1") -> Segment:
    spoken = tuple(Word(start, end, text, 0.9) for start, end, text in words)
    return Segment(segment_id, words[0][0], words[-1][1], "".join(word.text for word in spoken).strip(), spoken)


def said(lines: Sequence[TranscriptLine]) -> list[tuple[str, str | None, str]]:
    return [(line.segment_id, line.speaker, line.text) for line in lines]


QUESTION = segment(
    [(0.0, 0.4, " Can"), (0.4, 0.8, " you?"), (0.9, 1.2, " Yes,"), (1.2, 1.5, " I"), (1.5, 2.0, " can.")]
)


def test_segment_is_split_where_the_speaker_changes() -> None:
    lines = transcript_lines([QUESTION], [SpeakerTurn(0.0, 0.85, "S1"), SpeakerTurn(0.85, 2.0, "S2")])
    assert said(lines) == [("s1", "S1", "Can you?"), ("s1.2", "S2", "Yes, I can.")]
    assert (lines[0].start, lines[0].end) == (0.0, 0.8)
    assert (lines[1].start, lines[1].end) == (0.9, 2.0)


@pytest.mark.parametrize("error_s", [-0.2, -0.1, 0.1, 0.2])
def test_border_errors_do_not_move_words_over_the_end_of_a_sentence(error_s: float) -> None:
    border = 0.85 + error_s
    lines = transcript_lines([QUESTION], [SpeakerTurn(0.0, border, "S1"), SpeakerTurn(border, 2.0, "S2")])
    assert [line.text for line in lines] == ["Can you?", "Yes, I can."]


def test_one_word_in_mid_sentence_stays_unless_its_turn_covers_it() -> None:
    spoken = segment([(0.0, 0.5, " we"), (0.5, 0.8, " go"), (0.8, 1.2, " home"), (1.2, 1.6, " now")])
    flicker = [SpeakerTurn(0.0, 0.55, "S1"), SpeakerTurn(0.55, 0.8, "S2"), SpeakerTurn(0.8, 1.6, "S1")]
    assert said(transcript_lines([spoken], flicker)) == [("s1", "S1", "we go home now")]
    cut_in = segment([(0.0, 0.5, " we"), (0.5, 1.4, " absolutely"), (1.4, 1.8, " go"), (1.8, 2.2, " home")])
    covering = [SpeakerTurn(0.0, 0.5, "S1"), SpeakerTurn(0.5, 1.4, "S2"), SpeakerTurn(1.4, 2.2, "S1")]
    assert [line.speaker for line in transcript_lines([cut_in], covering)] == ["S1", "S2", "S1"]


def test_short_answer_between_sentences_gets_its_speaker() -> None:
    spoken = segment([(0.0, 0.5, " Vale?"), (0.7, 0.95, " Sí."), (1.1, 1.5, " Bien.")])
    turns = [SpeakerTurn(0.0, 0.6, "S1"), SpeakerTurn(0.65, 1.0, "S2"), SpeakerTurn(1.05, 1.5, "S1")]
    assert [line.speaker for line in transcript_lines([spoken], turns)] == ["S1", "S2", "S1"]


def test_overlapped_speech_keeps_the_speaker_who_covers_most() -> None:
    turns = [SpeakerTurn(0.0, 2.0, "S1"), SpeakerTurn(0.9, 1.5, "S2")]
    assert said(transcript_lines([QUESTION], turns)) == [("s1", "S1", "Can you? Yes, I can.")]


def test_segment_without_words_goes_to_the_largest_overlap() -> None:
    whole = Segment("s1", 0.0, 4.0, "no words here")
    turns = [SpeakerTurn(0.0, 1.5, "S1"), SpeakerTurn(1.5, 4.0, "S2")]
    assert said(transcript_lines([whole], turns)) == [("s1", "S2", "no words here")]


def test_words_that_do_not_spell_the_text_leave_the_segment_whole() -> None:
    odd = Segment("s1", 0.0, 2.0, "Can you? Yes, I can!", QUESTION.words)
    lines = transcript_lines([odd], [SpeakerTurn(0.0, 0.85, "S1"), SpeakerTurn(0.85, 2.0, "S2")])
    assert said(lines) == [("s1", "S2", "Can you? Yes, I can!")]


def test_without_turns_nearby_nobody_is_named() -> None:
    assert [line.speaker for line in transcript_lines([QUESTION], [])] == [None]
    assert [line.speaker for line in transcript_lines([QUESTION], [SpeakerTurn(60.0, 70.0, "S1")])] == [None]
    assert [line.speaker for line in transcript_lines([QUESTION], [SpeakerTurn(2.5, 3.0, "S1")])] == ["S1"]


def test_punctuation_stays_with_its_word() -> None:
    spoken = segment([(0.0, 0.9, " hola"), (0.9, 1.0, "."), (1.0, 1.0, " ¿"), (1.0, 1.8, "qué"), (1.8, 2.0, "?")])
    lines = transcript_lines([spoken], [SpeakerTurn(0.0, 0.9, "S1"), SpeakerTurn(0.9, 2.0, "S2")])
    assert [line.text for line in lines] == ["hola.", "¿qué?"]


def test_names_replace_labels() -> None:
    lines = transcript_lines([QUESTION], [SpeakerTurn(0.0, 0.85, "S1"), SpeakerTurn(0.85, 2.0, "S2")])
    assert [line.speaker for line in name_speakers(lines, {"S1": "Marta"})] == ["Marta", "S2"]
    nobody = transcript_lines([QUESTION], [])
    assert name_speakers(nobody, {"S1": "Marta"}) == nobody


times = st.floats(0, 30, allow_nan=False)
lengths = st.floats(0, 3, allow_nan=False)
texts = st.sampled_from(
    [" a", " word", ".", " end.", " ¿", "qué", "?", "-five", " 5", " —", "", " ", "字", " “", "ok”"]
)
turns_strategy = st.lists(
    st.builds(lambda a, d, n: SpeakerTurn(a, a + d, f"S{n}"), times, lengths, st.integers(1, 4)), max_size=12
)


@st.composite
def sessions(draw: st.DrawFn) -> list[Segment]:
    found: list[Segment] = []
    clock = 0.0
    for number in range(1, draw(st.integers(0, 5)) + 1):
        begin, words = clock, []
        for text in draw(st.lists(texts, max_size=8)):
            start = clock + draw(st.floats(0, 1))
            clock = start + draw(st.floats(0, 1))
            words.append(Word(start, clock, text, 0.5))
        spelled = "".join(word.text for word in words).strip() if draw(st.booleans()) else "something else"
        found.append(Segment(f"s{number}", begin, clock, spelled, tuple(words)))
    return found


def letters(text: str) -> str:
    return "".join(text.split())


@given(sessions(), turns_strategy)
def test_no_text_is_lost_and_order_is_kept(segments: list[Segment], turns: list[SpeakerTurn]) -> None:
    lines = transcript_lines(segments, turns)
    for each in segments:
        own = [line for line in lines if line.segment_id.split(".")[0] == each.segment_id]
        assert letters("".join(line.text for line in own)) == letters(each.text)
        assert own[0].start == each.start
        assert own[-1].end == each.end or len(own) > 1
    bases = [line.segment_id.split(".")[0] for line in lines]
    assert list(dict.fromkeys(bases)) == [each.segment_id for each in segments]
    assert all(line.start <= line.end for line in lines)


@given(sessions(), turns_strategy)
def test_ids_are_unique_and_stable(segments: list[Segment], turns: list[SpeakerTurn]) -> None:
    lines = transcript_lines(segments, turns)
    ids = [line.segment_id for line in lines]
    assert len(set(ids)) == len(ids)
    assert {each.segment_id for each in segments} <= set(ids)
    assert transcript_lines(segments, list(reversed(turns))) == lines
    assert transcript_lines(segments, turns) == lines
