"""Nothing is claimed that was not said: the check of every quote and owner against the transcript."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from app.domain.session.models import TranscriptLine


def grounded(evidence: Iterable[Evidence], texts: Mapping[str, str]) -> tuple[Evidence, ...]:
    """The entries whose quote stands verbatim in the segment that they cite.

    Args:
        evidence: what to check; entries that cite a photo are kept as they are.
        texts: segment id to its text.
    """
    return tuple(
        entry
        for entry in evidence
        if entry.frame_id is not None
        or (entry.segment_id is not None and bool(entry.quote) and str(entry.quote) in texts.get(entry.segment_id, ""))
    )


def check_findings(findings: Findings, lines: Sequence[TranscriptLine], names: Iterable[str] = ()) -> Findings:
    """Drop every claim without grounded evidence, and every owner that is neither a speaker nor a name that was said.

    Args:
        findings: what was found.
        lines: the transcript it was found in.
        names: names that the user gave to speakers.
    """
    texts = {line.segment_id: line.text for line in lines}
    speakers = {line.speaker for line in lines if line.speaker} | set(names)
    said = " ".join(texts.values())
    return replace(
        findings,
        decisions=_claims(findings.decisions, texts),
        open_questions=_claims(findings.open_questions, texts),
        risks=_claims(findings.risks, texts),
        action_items=tuple(_items(findings.action_items, texts, speakers, said)),
    )


def _claims(claims: Iterable[Claim], texts: Mapping[str, str]) -> tuple[Claim, ...]:
    checked = (replace(claim, evidence=grounded(claim.evidence, texts)) for claim in claims)
    return tuple(claim for claim in checked if claim.evidence and claim.text.strip())


def _items(
    items: Iterable[ActionItem], texts: Mapping[str, str], speakers: set[str], said: str
) -> Iterable[ActionItem]:
    for item in items:
        evidence = grounded(item.evidence, texts)
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
