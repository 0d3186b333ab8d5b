"""Which found items are the planted ones: pure functions, no model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.analysis.models import Claim, Evidence, Findings
from app.domain.session.models import TranscriptLine

KINDS = ("decisions", "open_questions", "action_items", "risks")


@dataclass(frozen=True)
class Planted:
    """An item that a human notes.

    Attributes:
        kind: one of ``KINDS``.
        text: the item in other words.
        line_ids: the lines that say it; any of them counts.
        owner: of an action item: speaker label, name, or None if nobody took it.
    """

    kind: str
    text: str
    line_ids: frozenset[str]
    owner: str | None = None


@dataclass(frozen=True)
class Found:
    """An item of an analysis, in the same terms."""

    kind: str
    text: str
    evidence: tuple[Evidence, ...]
    owner: str | None = None

    @property
    def line_ids(self) -> frozenset[str]:
        """The lines that it cites."""
        return frozenset(entry.segment_id for entry in self.evidence if entry.segment_id is not None)


@dataclass(frozen=True)
class Match:
    """Pairs of a planted and a found item, and what is left over."""

    pairs: tuple[tuple[Planted, Found], ...]
    missed: tuple[Planted, ...]
    false: tuple[Found, ...]


def found_items(findings: Findings) -> tuple[Found, ...]:
    """The items of an analysis."""

    def claims(kind: str, items: Sequence[Claim]) -> list[Found]:
        return [Found(kind, item.text, item.evidence) for item in items]

    tasks = [
        Found("action_items", f"{item.title} {item.description}", item.evidence, item.owner)
        for item in findings.action_items
    ]
    return (
        *claims("decisions", findings.decisions),
        *claims("open_questions", findings.open_questions),
        *tasks,
        *claims("risks", findings.risks),
    )


def match(planted: Sequence[Planted], found: Sequence[Found], lines: Sequence[TranscriptLine]) -> Match:
    """Pair planted with found items, one to one, as many as possible.

    A pair has the same kind, and the found item cites a line of the planted one, or the line beside it in the same turn.
    Where a cited line holds several planted items of that kind, the words of both must have something in common.
    A found item of another kind, or a second one for the same planted item, is false.
    """
    neighbours = turn_neighbours(lines)
    candidates = [_candidates(item, found, planted, neighbours) for item in planted]
    owner_of: dict[int, int] = {}  # index of found → index of planted
    for index in range(len(planted)):
        _augment(index, candidates, owner_of, set())
    pairs = sorted((planted_index, found_index) for found_index, planted_index in owner_of.items())
    return Match(
        pairs=tuple((planted[i], found[j]) for i, j in pairs),
        missed=tuple(item for i, item in enumerate(planted) if i not in owner_of.values()),
        false=tuple(item for j, item in enumerate(found) if j not in owner_of),
    )


def turn_neighbours(lines: Sequence[TranscriptLine]) -> Mapping[str, frozenset[str]]:
    """For each line its own id and those of the lines directly beside it that the same speaker says."""
    near: dict[str, frozenset[str]] = {}
    for index, line in enumerate(lines):
        beside = [*lines[max(index - 1, 0) : index], *lines[index + 1 : index + 2]]
        near[line.segment_id] = frozenset(
            [line.segment_id, *(other.segment_id for other in beside if other.speaker == line.speaker)]
        )
    return near


def word_overlap(one: str, other: str) -> float:
    """Share of the content words of the text with fewer of them that the other has too; words of 1 to 3 letters do not count.

    Words are compared by their first five letters, so that inflected forms meet.
    """
    first, second = _stems(one), _stems(other)
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def owner_is_right(planted: str | None, found: str | None, names: Mapping[str, str | None]) -> bool:
    """Whether both name the same person; a label and its speaker's name are the same. None is right only for None."""
    return _person(planted, names) == _person(found, names)


def ungrounded(found: Sequence[Found], lines: Sequence[TranscriptLine]) -> list[Evidence]:
    """Evidence without a known line, or whose quote does not stand verbatim in it; an item without any counts once."""
    texts = {line.segment_id: line.text for line in lines}
    wrong = [
        entry
        for item in found
        for entry in item.evidence
        if entry.segment_id is None or not entry.quote or entry.quote not in texts.get(entry.segment_id, "")
    ]
    return wrong + [Evidence() for item in found if not item.evidence]


def _candidates(
    item: Planted, found: Sequence[Found], planted: Sequence[Planted], neighbours: Mapping[str, frozenset[str]]
) -> list[int]:
    scored = []
    for index, other in enumerate(found):
        if other.kind != item.kind:
            continue
        touched = [line for line in other.line_ids if neighbours.get(line, frozenset()) & item.line_ids]
        rivals = [
            rival
            for rival in planted
            if rival is not item and rival.kind == item.kind and rival.line_ids & other.line_ids & item.line_ids
        ]
        overlap = word_overlap(item.text, other.text)
        if touched and (overlap > 0 or not rivals):
            exact = bool(other.line_ids & item.line_ids)
            scored.append((not exact, -overlap, index))
    return [index for _, _, index in sorted(scored)]


def _augment(item: int, candidates: Sequence[Sequence[int]], owner_of: dict[int, int], tried: set[int]) -> bool:
    """One step of Kuhn's algorithm for maximum bipartite matching (Naval Research Logistics 2, 1955)."""
    for candidate in candidates[item]:
        if candidate in tried:
            continue
        tried.add(candidate)
        if candidate not in owner_of or _augment(owner_of[candidate], candidates, owner_of, tried):
            owner_of[candidate] = item
            return True
    return False


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in re.findall(r"\w{4,}", text.lower()))


def _person(owner: str | None, names: Mapping[str, str | None]) -> str | None:
    if owner is None:
        return None
    return (names.get(owner) or owner).strip().lower()
