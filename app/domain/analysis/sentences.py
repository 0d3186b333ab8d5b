"""Sentences of a transcript, each with the exact words of the segments it came from."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.analysis.models import Evidence
from app.domain.session.models import TranscriptLine

_MAX_CHARS = 360
"""Longer run-ons are cut at a comma or a space: recognisers sometimes leave punctuation out for minutes."""

_ABBREVIATIONS = frozenset(
    [
        *("mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "approx"),
        *("sr", "sra", "srta", "dra", "ud", "uds", "p.ej", "núm", "av", "pág", "art"),
    ]
)
_LONGEST_ABBREVIATION = 16
"""Characters before a full stop that are looked at; more than the longest abbreviation with its quotation marks."""
_NEXT = re.compile(r"\s*\S")
_END = re.compile(r"[.?!…]+[\"'»”)\]]*(?=\s|$)")


@dataclass(frozen=True)
class Sentence:
    """One sentence that one speaker said.

    Attributes:
        index: position in the transcript, from 0.
        text: the words, with single spaces.
        speaker: label, None if unknown.
        start: seconds, of the segment in which it begins.
        end: seconds, of the segment in which it ends.
        evidence: the segments it came from, each with its verbatim part.
    """

    index: int
    text: str
    speaker: str | None
    start: float
    end: float
    evidence: tuple[Evidence, ...]


def split_sentences(lines: Sequence[TranscriptLine]) -> tuple[Sentence, ...]:
    """Cut a transcript into sentences; one may span several segments of the same speaker."""
    sentences: list[Sentence] = []
    for run in _runs(lines):
        sentences.extend(_split_run(run, len(sentences)))
    return tuple(sentences)


def split_text(text: str) -> list[tuple[int, int]]:
    """Bounds of the sentences in ``text``, without surrounding space."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _ends_sentence(text, match):
            bounds.extend(_bounded(text, start, match.end()))
            start = match.end()
    bounds.extend(_bounded(text, start, len(text)))
    return bounds


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if match.group()[0] not in ".…":
        return True
    before = text[max(0, match.start() - _LONGEST_ABBREVIATION) : match.start()].rsplit(None, 1)
    last = before[-1].lower().strip("(\"'«“¿¡") if before else ""
    if match.group() == "." and (
        last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last not in "aeiouy")
    ):
        return False
    following = _NEXT.match(text, match.end())
    return following is None or not following.group().lstrip().islower()


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while True:
        while start < end and text[start].isspace():
            start += 1
        if end - start <= _MAX_CHARS:
            break
        window = text[start : start + _MAX_CHARS]
        cut = max(window.rfind(", "), window.rfind("; ")) + 1
        if cut < _MAX_CHARS // 3:
            cut = window.rfind(" ")
        cut = cut if cut > 0 else _MAX_CHARS
        yield start, start + cut
        start += cut
    if start < end and any(character.isalnum() for character in text[start:end]):
        yield start, end


def _runs(lines: Sequence[TranscriptLine]) -> Iterator[list[TranscriptLine]]:
    run: list[TranscriptLine] = []
    for line in lines:
        if run and line.speaker != run[-1].speaker:
            yield run
            run = []
        if line.text.strip():
            run.append(line)
    if run:
        yield run


def _split_run(run: Sequence[TranscriptLine], first_index: int) -> Iterator[Sentence]:
    joined = ""
    places: list[tuple[int, TranscriptLine, int]] = []  # offset in joined, line, offset in its text
    for line in run:
        text = line.text.rstrip()
        lead = len(text) - len(text.lstrip())
        joined += " " if joined else ""
        places.append((len(joined), line, lead))
        joined += text[lead:]
    begins = [offset for offset, _, _ in places]
    for number, (start, end) in enumerate(split_text(joined)):
        parts = tuple(_parts(places, begins, start, end))
        touched = [line for line, _ in parts]
        yield Sentence(
            index=first_index + number,
            text=" ".join(joined[start:end].split()),
            speaker=run[0].speaker,
            start=touched[0].start,
            end=touched[-1].end,
            evidence=tuple(Evidence(segment_id=line.segment_id, quote=quote) for line, quote in parts),
        )


def _parts(
    places: Sequence[tuple[int, TranscriptLine, int]], begins: Sequence[int], start: int, end: int
) -> Iterator[tuple[TranscriptLine, str]]:
    """What each line has of the text from ``start`` to ``end``; ``begins`` are the offsets of ``places``."""
    first = max(bisect_right(begins, start) - 1, 0)
    for offset, line, lead in places[first : bisect_left(begins, end)]:
        text = line.text.rstrip()
        begin = max(start - offset, 0) + lead
        stop = min(end - offset + lead, len(text))
        quote = text[begin:stop].strip() if begin < stop else ""
        if quote:
            yield line, quote
