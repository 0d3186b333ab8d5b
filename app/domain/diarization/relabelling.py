"""Keeps speakers' labels when a session is diarized again: names and older analyses refer to them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count

from app.domain.diarization.models import SpeakerTurn


def keep_labels(
    before: Sequence[SpeakerTurn], now: Sequence[SpeakerTurn], reserved: Collection[str] = ()
) -> tuple[SpeakerTurn, ...]:
    """``now`` with the labels of ``before``.

    Voices are matched by the time in which both speak, the longest first; one that matches none gets a label that nobody had.

    Args:
        before: by start time; empty if the session was never diarized.
        now: by start time, of the same session; its labels mean nothing outside it.
        reserved: labels that voices had earlier still, which no new voice gets.
    """
    kept: dict[str, str] = {}
    shared = _shared_s(before, now)
    for old, new in sorted(shared, key=lambda pair: -shared[pair]):
        if new not in kept and old not in kept.values():
            kept[new] = old
    if not before:
        return tuple(now)
    known = {*reserved, *(turn.speaker for turn in before)}
    unused = (label for number in count(1) if (label := f"S{number}") not in known)
    for turn in now:
        if turn.speaker not in kept:
            kept[turn.speaker] = next(unused)
    return tuple(replace(turn, speaker=kept[turn.speaker]) for turn in now)


def _shared_s(before: Sequence[SpeakerTurn], now: Sequence[SpeakerTurn]) -> Mapping[tuple[str, str], float]:
    """Seconds in which an old and a new voice both speak."""
    shared: defaultdict[tuple[str, str], float] = defaultdict(float)
    first = 0
    longest_s = max((turn.end - turn.start for turn in before), default=0.0)
    for turn in now:
        while first < len(before) and before[first].start + longest_s <= turn.start:
            first += 1
        for old in before[first:]:
            if old.start >= turn.end:
                break
            overlap_s = min(old.end, turn.end) - max(old.start, turn.start)
            if overlap_s > 0:
                shared[old.speaker, turn.speaker] += overlap_s
    return shared
