"""Nothing is claimed that was not said: the check of every quote and owner against the transcript."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from app.domain.session.models import TranscriptLine

_Check: TypeAlias = Callable[[Iterable[Evidence]], tuple[Evidence, ...]]


def grounded(
    evidence: Iterable[Evidence], texts: Mapping[str, str], frames: Container[str] = frozenset()
) -> tuple[Evidence, ...]:
    """The entries that cite a photo of the session, or whose quote stands verbatim in the segment that they cite.

    Args:
        evidence: what to check.
        texts: segment id to its text.
        frames: ids of the session's photos.
    """
    return tuple(
        entry
        for entry in evidence
        if (entry.frame_id is not None and entry.frame_id in frames)
        or (entry.segment_id is not None and bool(entry.quote) and str(entry.quote) in texts.get(entry.segment_id, ""))
    )


def check_findings(
    findings: Findings, lines: Sequence[TranscriptLine], names: Iterable[str] = (), frames: Container[str] = frozenset()
) -> Findings:
    """Drop every claim without grounded evidence, and every owner that is neither a speaker nor a name that was said.

    Args:
        findings: what was found.
        lines: the transcript it was found in.
        names: names that the user gave to speakers.
        frames: ids of the session's photos.
    """
    texts = {line.segment_id: line.text for line in lines}
    speakers = {line.speaker for line in lines if line.speaker} | set(names)
    said = " ".join(texts.values())

    def checked(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        return grounded(evidence, texts, frames)

    return replace(
        findings,
        decisions=_claims(findings.decisions, checked),
        open_questions=_claims(findings.open_questions, checked),
        risks=_claims(findings.risks, checked),
        action_items=tuple(_items(findings.action_items, checked, speakers, said)),
    )


def _claims(claims: Iterable[Claim], checked: _Check) -> tuple[Claim, ...]:
    held = (replace(claim, evidence=checked(claim.evidence)) for claim in claims)
    return tuple(claim for claim in held if claim.evidence and claim.text.strip())


def _items(items: Iterable[ActionItem], checked: _Check, speakers: set[str], said: str) -> Iterable[ActionItem]:
    for item in items:
        evidence = checked(item.evidence)
        if not evidence or not item.title.strip():
            continue
        known = item.owner is not None and (item.owner in speakers or was_said(item.owner, said))
        due_said = item.due_text is not None and item.due_text in said
        yield replace(
            item,
            evidence=evidence,
            owner=item.owner if known else None,
            due=item.due if due_said else None,
            due_text=item.due_text if due_said else None,
        )


def was_said(name: str, text: str) -> bool:
    """Whether ``name`` occurs in ``text`` as whole words, in any case."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
