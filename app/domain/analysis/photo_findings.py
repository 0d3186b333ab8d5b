"""The analysis takes photos into account: what was seen is a risk, proves what was said, and is told in the summary.

Pure, and quick enough for a few thousand photos; whoever runs it beside live sessions does so in a thread.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from app.domain.analysis.album import Album, Look, SeenRisk, content_words
from app.domain.analysis.lexicon import Lexicon, lexicon_for
from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from app.domain.analysis.photo_summary import Sight, summary_with_photos
from app.domain.session.models import TranscriptLine
from app.domain.vision.alerts import spoken_risks
from app.domain.vision.models import SeenPhoto, Severity

NEAR_S = 20.0
"""How long before or after a photo somebody may speak about it: people stay with a thing that they look at for a few sentences (of 3 to
5 s each), and glasses send a photo every 5 to 30 s."""
MAX_RISKS = 12
"""Risks that come from photos alone: a list that can be read at a glance; the gravest stay."""
MAX_FRAMES = 50
"""Photos that one risk cites: enough to find every place, and bounds the analysis of a day of photos."""
_MAX_CITED = 2
"""Photos that an item which was said cites: the one spoken of, and one more from the other side."""
_UNDETERMINED = "und"
"""ISO 639-3: nothing was said, so nobody knows the language."""
_UNUSUAL = "unusual"

Item = TypeVar("Item", Claim, ActionItem)


def merge_photos(
    findings: Findings, lines: Sequence[TranscriptLine], photos: Sequence[SeenPhoto], language: str
) -> Findings:
    """Join what was found in the words with what was seen.

    - A danger seen in photos is a risk that cites all photos of its kind, in its gravest wording. What is only good to know counts
      if it is unusual or seen more than once. A risk that was also said, near in time and of the same kind or in shared words, stays one
      risk with both evidences.
    - Decisions, questions, tasks and risks that were said cite the photo that they speak about: it shows something that they name,
      or they point at something while it is taken.
    - The summary tells what matters of the photos, within its bound.

    Args:
        findings: of the words alone; empty if nothing was said.
        lines: the transcript.
        photos: the session's, near-duplicates included, as far as possible described in the language of the findings.
        language: ISO 639-1 of the transcript.

    Returns:
        Findings whose new evidence cites only the given photos. If no language was known, they take that of the photos.
    """
    if not photos:
        return findings
    album = Album(photos)
    if findings.language == _UNDETERMINED and album.looks:
        findings = replace(findings, language=album.looks[0].scene.language)
    speech = _Speech(lines, album, language, findings.language)
    risks, seen = _joined_risks(findings.risks, album.risks(findings.language), speech)
    merged = replace(
        findings,
        decisions=tuple(speech.citing(claim, claim.text) for claim in findings.decisions),
        open_questions=tuple(speech.citing(claim, claim.text) for claim in findings.open_questions),
        action_items=tuple(speech.citing(item, item.title) for item in findings.action_items),
        risks=tuple(sorted([*risks, *map(_claim, seen)], key=speech.moment)),
    )
    sights = [Sight(risk.text, risk.offset_s, risk.severity) for risk in seen]
    summary = summary_with_photos(findings.summary, album, sights, _cited(merged), len(photos), findings.language)
    return replace(merged, summary=summary)


def _joined_risks(
    said: Iterable[Claim], seen: Iterable[SeenRisk], speech: "_Speech"
) -> tuple[list[Claim], list[SeenRisk]]:
    """Risks that were said, with the photos that show them; and those that were only seen, by time."""
    left = list(seen)
    risks: list[Claim] = []
    for claim in said:
        same = [risk for risk in left if speech.tells_of(claim, risk)]
        left = [risk for risk in left if risk not in same]
        shown = tuple(evidence for risk in same for evidence in _frames(risk))
        joined = replace(claim, evidence=_united(claim.evidence, shown))
        risks.append(joined if shown else speech.citing(joined, claim.text))
    worth = [
        risk for risk in left if risk.severity is not Severity.INFO or len(risk.looks) > 1 or risk.kind == _UNUSUAL
    ]
    worth = sorted(worth, key=lambda risk: (-risk.severity.rank, -len(risk.looks), risk.offset_s))[:MAX_RISKS]
    return risks, sorted(worth, key=lambda risk: risk.offset_s)


class _Speech:
    """Where claims were said, and which photos they speak about."""

    def __init__(self, lines: Iterable[TranscriptLine], album: Album, spoken: str, written: str) -> None:
        self._album = album
        self._spoken, self._written = spoken, written
        self._lexicon: Lexicon = lexicon_for(spoken)
        self._spans: dict[str, tuple[float, float]] = {}
        for line in lines:
            start, end = self._spans.get(line.segment_id, (line.start, line.end))
            self._spans[line.segment_id] = (min(start, line.start), max(end, line.end))
        self._seen_at = {look.frame_id: look.offset_s for look in album.looks}

    def moment(self, claim: Claim) -> float:
        """When a claim's first evidence is."""
        moments = [self._spans[e.segment_id][0] for e in claim.evidence if e.segment_id in self._spans]
        moments += [self._seen_at[e.frame_id] for e in claim.evidence if e.frame_id in self._seen_at]
        return min(moments, default=0.0)

    def citing(self, item: Item, text: str) -> Item:
        """The item with the photos that it speaks about; ``text`` is what it says."""
        shared: dict[str, tuple[int, float]] = {}
        pointed: dict[str, float] = {}
        for evidence, (start, end) in self._quotes(item):
            quote = evidence.quote or ""
            words = self._words(quote, text)
            for look in self._album.near(start, end, NEAR_S):
                distance = abs(look.offset_s - (start + end) / 2)
                common = len(words & look.words)
                if common:
                    shared[look.frame_id] = max(shared.get(look.frame_id, (0, 0.0)), (common, -distance))
                if self._lexicon.says("pointers", quote):
                    pointed[look.frame_id] = min(pointed.get(look.frame_id, distance), distance)
        chosen = sorted(shared, key=lambda frame_id: shared[frame_id], reverse=True)[:_MAX_CITED]
        if not chosen and pointed:
            chosen = [min(pointed, key=lambda frame_id: pointed[frame_id])]
        chosen.sort(key=lambda frame_id: self._seen_at[frame_id])
        return replace(item, evidence=_united(item.evidence, [Evidence(frame_id=frame_id) for frame_id in chosen]))

    def tells_of(self, claim: Claim, risk: SeenRisk) -> bool:
        """Whether a risk that was said is one that was seen at about that time."""
        for evidence, (start, end) in self._quotes(claim):
            if not any(start - NEAR_S <= look.offset_s <= end + NEAR_S for look in risk.looks):
                continue
            named = (_topics(danger.kind) for danger in spoken_risks(evidence.quote or "", self._spoken))
            if (
                _topics(risk.kind) & frozenset().union(*named)
                or self._words(evidence.quote or "", claim.text) & risk.words
            ):
                return True
        return False

    def _quotes(self, item: Claim | ActionItem) -> list[tuple[Evidence, tuple[float, float]]]:
        return [(e, self._spans[e.segment_id]) for e in item.evidence if e.segment_id in self._spans]

    def _words(self, quote: str, text: str) -> frozenset[str]:
        return content_words(quote, self._spoken) | content_words(text, self._written)


def _topics(kind: str) -> frozenset[str]:
    """What kinds with something in common share: ``vehicle`` of ``vehicle_near`` and ``vehicle_beside``."""
    return frozenset(kind.split("_")) - {"near", ""}


def _claim(risk: SeenRisk) -> Claim:
    return Claim(risk.text, _frames(risk))


def _frames(risk: SeenRisk) -> tuple[Evidence, ...]:
    looks: Sequence[Look] = risk.looks
    if len(looks) > MAX_FRAMES:  # evenly, the first and the last among them
        looks = [looks[place * (len(looks) - 1) // (MAX_FRAMES - 1)] for place in range(MAX_FRAMES)]
    return tuple(Evidence(frame_id=look.frame_id) for look in looks)


def _united(one: Iterable[Evidence], other: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def _cited(findings: Findings) -> frozenset[str]:
    """Photos that something which was said cites."""
    items: list[Claim | ActionItem] = [
        *findings.decisions,
        *findings.open_questions,
        *findings.action_items,
        *findings.risks,
    ]
    spoken = (item.evidence for item in items if any(evidence.segment_id for evidence in item.evidence))
    return frozenset(e.frame_id for evidence in spoken for e in evidence if e.frame_id is not None)
