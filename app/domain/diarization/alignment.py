"""Speakers for recognised words: who said what, from segments with word times and speaker turns.

Word times of a recogniser and borders of speaker turns are each off by a few tenths of a second, so a word is not
simply given to the turn that covers its middle. The words of a segment are labelled together instead: the labelling
that leaves the least speech outside its speaker's turns wins, and a change of speaker has a price that is low where
people really change (after a sentence, after a pause) and high elsewhere (Viterbi, 1967).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.domain.diarization.models import SpeakerTurn
from app.domain.session.models import Segment, TranscriptLine
from app.domain.transcription.models import Word

REACH_S = 2.0
"""A turn further away than this says nothing about a segment. Longer than the longest pause inside an utterance."""

CHANGE_INSIDE_SENTENCE_S = 0.25
"""Price of a change between two words of a sentence: the size of usual errors of word times and turn borders (0.2 to
0.25 s, the collar of diarization scoring, NIST RT-03), so that an error of that size does not tear a word off."""

CHANGE_AT_PAUSE_S = 0.1
"""Price of a change at a pause inside a sentence."""

CHANGE_AFTER_SENTENCE_S = 0.02
"""Price of a change after a sentence; above zero so that overlapped speech does not flicker."""

PAUSE_S = 0.3
"""Silence between two words that counts as a pause: above the brief pauses inside phrases (under 0.2 s in Campione and
Véronis, 2002, "A large-scale multilingual study of silent pause duration") by the error of word times."""

DISTANCE_WEIGHT = 0.05
"""Decides words that no turn covers: a second of distance to the speaker's nearest turn costs as much as 50 ms uncovered."""

SENTENCE_ENDS = ".?!…。？！"
OPENING_MARKS = "¿¡([{«“‘"


def transcript_lines(segments: Sequence[Segment], turns: Sequence[SpeakerTurn]) -> tuple[TranscriptLine, ...]:
    """Give every segment its speaker, and split segments where the speaker changes.

    A pure function of its arguments: the same segments and turns give the same lines and ids.

    Args:
        segments: as recognised, in the order to keep.
        turns: of a diarizer, in any order; turns of different speakers may overlap.

    Returns:
        Lines in the order of ``segments``. The first part of segment ``s3`` has id ``s3``, later parts ``s3.2``,
        ``s3.3``, …. No text is lost or repeated. ``speaker`` is None where no turn is within ``REACH_S``.
    """
    index = _TurnIndex(turns)
    return tuple(line for segment in segments for line in _segment_lines(segment, index.near(segment)))


def name_speakers(lines: Iterable[TranscriptLine], names: Mapping[str, str]) -> tuple[TranscriptLine, ...]:
    """Put names in the place of speaker labels; labels without a name stay."""
    return tuple(
        replace(line, speaker=names.get(line.speaker, line.speaker)) if line.speaker is not None else line
        for line in lines
    )


class _TurnIndex:
    """Finds the turns near a stretch of time without looking at all of them."""

    def __init__(self, turns: Sequence[SpeakerTurn]) -> None:
        self._turns = sorted(
            (turn for turn in turns if turn.end > turn.start), key=lambda turn: (turn.start, turn.end, turn.speaker)
        )
        self._starts = [turn.start for turn in self._turns]
        self._longest_s = max((turn.end - turn.start for turn in self._turns), default=0.0)

    def near(self, segment: Segment) -> dict[str, list[SpeakerTurn]]:
        """Turns within ``REACH_S`` of the segment, by speaker."""
        first = bisect_left(self._starts, segment.start - REACH_S - self._longest_s)
        last = bisect_right(self._starts, segment.end + REACH_S)
        found: dict[str, list[SpeakerTurn]] = {}
        for turn in self._turns[first:last]:
            if turn.end >= segment.start - REACH_S:
                found.setdefault(turn.speaker, []).append(turn)
        return found


@dataclass(frozen=True)
class _Unit:
    """What cannot be split: a word with the punctuation that belongs to it."""

    start: float
    end: float
    text: str


def _segment_lines(segment: Segment, near: Mapping[str, Sequence[SpeakerTurn]]) -> list[TranscriptLine]:
    units = _units(segment)
    labels = _label(units, near)
    changes = [0, *(at for at in range(1, len(units)) if labels[at] != labels[at - 1]), len(units)]
    if len(changes) == 2:
        return [TranscriptLine(segment.segment_id, labels[0], segment.start, segment.end, segment.text)]
    lines = []
    for part, (first, beyond) in enumerate(pairwise(changes), start=1):
        start = segment.start if part == 1 else units[first].start
        end = segment.end if beyond == len(units) else units[beyond - 1].end
        text = "".join(unit.text for unit in units[first:beyond]).strip()
        line_id = segment.segment_id if part == 1 else f"{segment.segment_id}.{part}"
        lines.append(TranscriptLine(line_id, labels[first], start, max(start, end), text))
    return lines


def _units(segment: Segment) -> list[_Unit]:
    """The segment's words with their punctuation; the whole segment as one if the words do not spell its text."""
    spelled = "".join(word.text for word in segment.words)
    if not spelled.strip() or "".join(spelled.split()) != "".join(segment.text.split()):
        return [_Unit(segment.start, segment.end, segment.text)]
    units: list[_Unit] = []
    for word in segment.words:
        if units and _belongs_to(units[-1].text, word):
            units[-1] = _Unit(units[-1].start, max(units[-1].end, word.end), units[-1].text + word.text)
        else:
            units.append(_Unit(word.start, word.end, word.text))
    return units


def _belongs_to(before: str, word: Word) -> bool:
    """Whether ``word`` may not be parted from the text before it."""
    text = word.text.strip()
    if not text or not any(map(str.isalnum, before)):
        return True
    if all(mark in OPENING_MARKS for mark in text):
        return False
    closing_only = not any(map(str.isalnum, text))
    continues = not word.text[0].isspace() and not text[0].isalnum() and text[0] not in OPENING_MARKS
    return closing_only or continues


def _label(units: Sequence[_Unit], near: Mapping[str, Sequence[SpeakerTurn]]) -> list[str | None]:
    """The cheapest labelling of the units."""
    speakers = sorted(near, key=lambda speaker: (near[speaker][0].start, speaker))
    if not speakers:
        return [None] * len(units)
    costs = [_cost(units[0], near[speaker]) for speaker in speakers]
    came_from: list[list[int]] = []
    for before, unit in pairwise(units):
        cheapest = min(range(len(speakers)), key=costs.__getitem__)
        change = costs[cheapest] + _change_price(before, unit)
        came_from.append([at if cost <= change else cheapest for at, cost in enumerate(costs)])
        costs = [min(cost, change) + _cost(unit, near[speaker]) for speaker, cost in zip(speakers, costs, strict=True)]
    at = min(range(len(speakers)), key=costs.__getitem__)
    path = [at]
    for previous in reversed(came_from):
        at = previous[at]
        path.append(at)
    return [speakers[at] for at in reversed(path)]


def _cost(unit: _Unit, turns: Sequence[SpeakerTurn]) -> float:
    """Seconds of the unit that the speaker's turns leave uncovered, and a little for the distance."""
    start, end = unit.start, max(unit.end, unit.start + 0.05)  # recognisers give some words no length
    covered = sum(max(0.0, min(turn.end, end) - max(turn.start, start)) for turn in turns)
    distance = min(max(turn.start - end, start - turn.end, 0.0) for turn in turns)
    return max(0.0, end - start - covered) + DISTANCE_WEIGHT * distance


def _change_price(before: _Unit, after: _Unit) -> float:
    text = before.text.rstrip().rstrip("\"'”’»)]")
    if text and text[-1] in SENTENCE_ENDS:
        return CHANGE_AFTER_SENTENCE_S
    return CHANGE_AT_PAUSE_S if after.start - before.end >= PAUSE_S else CHANGE_INSIDE_SENTENCE_S
