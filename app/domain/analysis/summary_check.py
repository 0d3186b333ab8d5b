"""The check of a summary that a model wrote: every sentence must be borne out by one of the notes it was made from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.analysis.evidence import was_said
from app.domain.analysis.labels import Label
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.wording import capitalised
from app.domain.analysis.words import overlap, stems

_SENTENCE = re.compile(r"[^.!?;]+[.!?;]+")
_SUPPORT = 0.6
"""Least share of a sentence's content words that one note must have."""
_SAME = 0.8
"""Share of content words from which a sentence only repeats an earlier one."""


@dataclass(frozen=True)
class Note:
    """One line of what a summary is made from.

    Attributes:
        kind: None for what was merely said.
        text: what it says.
        owner: of a task; a sentence about it must say so too.
    """

    kind: Label | None
    text: str
    owner: str | None = None


@dataclass(frozen=True)
class CheckedSummary:
    """The sentences that hold, and how many of the items they tell."""

    text: str
    told: int


def check_summary(written: str, notes: Sequence[Note], lexicon: Lexicon) -> CheckedSummary:
    """Keep the sentences that one note bears out, drop repetitions and a cut-off end.

    A sentence that states what was asked, or turns a "not" around, is not borne out.
    """
    kept: list[str] = []
    contents: list[frozenset[str]] = []
    told: set[int] = set()
    known = [stems(note.text, lexicon) for note in notes]
    for match in _SENTENCE.finditer(written):
        sentence = match.group().strip()
        content = stems(sentence, lexicon)
        if not content or any(overlap(content, earlier) >= _SAME for earlier in contents):
            continue
        shares = [len(content & note) / len(content) for note in known]
        best = max(range(len(notes)), key=lambda index: shares[index], default=None)
        if best is None or shares[best] < _SUPPORT or not _agrees(sentence, notes[best], lexicon):
            continue
        kept.append(capitalised(sentence.rstrip(";") + "." * sentence.endswith(";")))
        contents.append(content)
        if notes[best].kind is not None:
            told.add(best)
    return CheckedSummary(" ".join(kept), len(told))


def _agrees(sentence: str, note: Note, lexicon: Lexicon) -> bool:
    if note.kind is Label.QUESTION and not sentence.endswith("?") and not lexicon.says("unknowns", sentence):
        return False
    if note.owner is not None and not was_said(note.owner, sentence):
        return False
    return lexicon.says("negations", sentence) == lexicon.says("negations", note.text)
