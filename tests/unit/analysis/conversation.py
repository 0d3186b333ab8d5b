"""Short conversations for tests."""

from collections.abc import Sequence

from app.domain.analysis.sentences import Sentence, split_sentences
from app.domain.session.models import TranscriptLine


def conversation(*turns: str) -> list[TranscriptLine]:
    """Lines of turns like ``"S1: Good morning."``."""
    lines: list[TranscriptLine] = []
    for number, turn in enumerate(turns, 1):
        speaker, text = turn.split(": ", 1)
        lines.append(TranscriptLine(f"s{number}", speaker, number * 4.0, number * 4.0 + 3.5, text))
    return lines


def sentences(*turns: str) -> Sequence[Sentence]:
    """The sentences of such turns."""
    return split_sentences(conversation(*turns))
