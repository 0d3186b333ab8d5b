"""What an analysis is worth: counts over dialogues, and the ratios made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.commands.bench.dialogues import Dialogue
from app.commands.bench.matching import KINDS, Found, Match, found_items, match, owner_is_right, ungrounded
from app.domain.analysis.models import Findings

MAX_SUMMARY_WORDS = 120


@dataclass(frozen=True)
class Tally:
    """Counts of one kind of item, or of all."""

    planted: int = 0
    found: int = 0
    matched: int = 0

    @property
    def recall(self) -> float | None:
        """Share of the planted items that were found; None without any."""
        return self.matched / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Share of the found items that were planted; None without any."""
        return self.matched / self.found if self.found else None

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.planted + other.planted, self.found + other.found, self.matched + other.matched)


@dataclass(frozen=True)
class DialogueScore:
    """How the analysis of one dialogue went."""

    dialogue: Dialogue
    findings: Findings
    match: Match
    found: tuple[Found, ...]
    owners_right: int
    ungrounded: int
    cost: "Cost"

    @property
    def owners(self) -> int:
        """Matched action items."""
        return sum(planted.kind == "action_items" for planted, _ in self.match.pairs)

    def tally(self, kind: str) -> Tally:
        """Counts of one kind."""
        return Tally(
            planted=sum(item.kind == kind for item in self.dialogue.planted),
            found=sum(item.kind == kind for item in self.found),
            matched=sum(planted.kind == kind for planted, _ in self.match.pairs),
        )

    @property
    def total(self) -> Tally:
        """Counts of all kinds."""
        return sum((self.tally(kind) for kind in KINDS), Tally())

    @property
    def summary_words(self) -> int:
        """Length of the summary."""
        return len(self.findings.summary.split())


@dataclass(frozen=True)
class Cost:
    """What an analysis took.

    Attributes:
        wall_s: seconds on the clock.
        cpu_s: seconds of all threads of this process.
        sentences: number of sentences analysed.
        longest_silence_s: longest time without news of the progress.
    """

    wall_s: float
    cpu_s: float
    sentences: int
    longest_silence_s: float


def score(dialogue: Dialogue, findings: Findings, cost: Cost) -> DialogueScore:
    """Compare an analysis with what was planted."""
    found = found_items(findings)
    matched = match(dialogue.planted, found, dialogue.lines)
    owners_right = sum(
        owner_is_right(planted.owner, other.owner, dialogue.names)
        for planted, other in matched.pairs
        if planted.kind == "action_items"
    )
    return DialogueScore(dialogue, findings, matched, found, owners_right, len(ungrounded(found, dialogue.lines)), cost)


def ratio(part: float, whole: float) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole else None


def total_of(scores: Iterable[DialogueScore], kind: str | None = None) -> Tally:
    """Counts over dialogues, of one kind or of all."""
    return sum((entry.total if kind is None else entry.tally(kind) for entry in scores), Tally())


def report(scores: Sequence[DialogueScore]) -> dict[str, Any]:
    """All figures, ready for JSON."""
    wall_s = sum(entry.cost.wall_s for entry in scores)
    owners = sum(entry.owners for entry in scores)
    return {
        "kinds": {kind: _tally(total_of(scores, kind)) for kind in KINDS},
        "total": _tally(total_of(scores)),
        "by_language": {
            language: _tally(total_of([entry for entry in scores if entry.dialogue.language == language]))
            for language in sorted({entry.dialogue.language for entry in scores})
        },
        "owners": {
            "matched_tasks": owners,
            "right": sum(entry.owners_right for entry in scores),
            "share": ratio(sum(entry.owners_right for entry in scores), owners),
        },
        "ungrounded_quotes": sum(entry.ungrounded for entry in scores),
        "found_where_nothing_was_planted": sum(len(entry.found) for entry in scores if not entry.dialogue.planted),
        "summary_words_max": max((entry.summary_words for entry in scores), default=0),
        "summaries_too_long": sum(entry.summary_words > MAX_SUMMARY_WORDS for entry in scores),
        "summaries_missing": sum(not entry.summary_words and bool(entry.dialogue.planted) for entry in scores),
        "seconds": {
            "wall": wall_s,
            "cpu": sum(entry.cost.cpu_s for entry in scores),
            "wall_per_sentence": ratio(wall_s, sum(entry.cost.sentences for entry in scores)),
            "wall_per_session_second": ratio(wall_s, sum(entry.dialogue.duration_s for entry in scores)),
            "longest_silence": max((entry.cost.longest_silence_s for entry in scores), default=0.0),
        },
        "dialogues": [_dialogue(entry) for entry in scores],
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {**asdict(tally), "recall": tally.recall, "precision": tally.precision}


def _dialogue(entry: DialogueScore) -> dict[str, Any]:
    return {
        "id": entry.dialogue.dialogue_id,
        "language": entry.dialogue.language,
        "duration_s": entry.dialogue.duration_s,
        **_tally(entry.total),
        "owners_right": f"{entry.owners_right}/{entry.owners}",
        "ungrounded_quotes": entry.ungrounded,
        "summary": entry.findings.summary,
        "summary_words": entry.summary_words,
        "cost": asdict(entry.cost),
        "pairs": [
            {**_found(found), "planted": planted.text, "planted_owner": planted.owner}
            for planted, found in entry.match.pairs
        ],
        "missed": [
            {"kind": item.kind, "text": item.text, "lines": sorted(item.line_ids)} for item in entry.match.missed
        ],
        "false": [_found(item) for item in entry.match.false],
    }


def _found(item: Found) -> dict[str, Any]:
    return {"kind": item.kind, "text": item.text, "owner": item.owner, "lines": sorted(item.line_ids)}
