"""What was said, seen and missed in a session, and what is dangerous, as one list on one clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.analysis.models import Claim, Evidence
from app.domain.audio.models import TimeSpan
from app.domain.session.models import TranscriptLine
from app.domain.vision.models import SeenPhoto, Severity


class EntryKind(StrEnum):
    """What an entry of the timeline is; of entries at the same moment, the earlier kind comes first."""

    GAP = "gap"
    SEGMENT = "segment"
    PHOTO = "photo"
    RISK = "risk"

    @property
    def rank(self) -> int:
        """For sorting."""
        return list(EntryKind).index(self)


@dataclass(frozen=True)
class TimelineEntry:
    """One entry.

    Attributes:
        kind: what it is.
        start: seconds on the session's clock.
        end: the same; equal to ``start`` for what has no length.
        text: the words, the photo's description, or the risk; empty for a gap and for a photo without description.
        speaker: of a segment, if known.
        segment_id: of a segment; of a risk, the first one that tells of it.
        frame_id: of a photo; of a risk, the first one that shows it.
        severity: of a risk that was seen; None if it was only said.
    """

    kind: EntryKind
    start: float
    end: float
    text: str = ""
    speaker: str | None = None
    segment_id: str | None = None
    frame_id: str | None = None
    severity: Severity | None = None


def merge_timeline(
    lines: Iterable[TranscriptLine],
    photos: Sequence[SeenPhoto],
    gaps: Iterable[TimeSpan],
    risks: Sequence[Claim] = (),
) -> tuple[TimelineEntry, ...]:
    """Merge a session's parts.

    Args:
        lines: of the transcript.
        photos: placed on the session's clock.
        gaps: stretches that no audio covers.
        risks: those of the newest analysis; empty while there is none. Each lies where its first evidence is. Risks in photos that
            none of them cites, of a session that goes on or of a photo that came later, are told as well, but those for information.

    Returns:
        Entries by time.
    """
    lines = tuple(lines)
    cited = {evidence.frame_id for claim in risks for evidence in claim.evidence if evidence.frame_id is not None}
    entries = [
        *(TimelineEntry(EntryKind.GAP, gap.start, gap.end) for gap in gaps),
        *(TimelineEntry(EntryKind.SEGMENT, o.start, o.end, o.text, o.speaker, o.segment_id) for o in lines),
        *(_photo_entry(photo) for photo in photos),
        *_claimed(risks, lines, {photo.frame_id: photo for photo in photos}),
        *(entry for photo in photos if photo.frame_id not in cited for entry in _seen(photo)),
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.start, entry.kind.rank, entry.end)))


def _photo_entry(photo: SeenPhoto) -> TimelineEntry:
    text = photo.scene.description if photo.scene is not None else ""
    return TimelineEntry(EntryKind.PHOTO, photo.offset_s, photo.offset_s, text, frame_id=photo.frame_id)


def _seen(photo: SeenPhoto) -> Iterator[TimelineEntry]:
    if photo.scene is None or photo.duplicate_of is not None:
        return
    for risk in photo.scene.risks:
        if risk.severity is not Severity.INFO:
            at = photo.offset_s
            yield TimelineEntry(EntryKind.RISK, at, at, risk.text, frame_id=photo.frame_id, severity=risk.severity)


def _claimed(
    risks: Iterable[Claim], lines: Iterable[TranscriptLine], photos: Mapping[str, SeenPhoto]
) -> Iterator[TimelineEntry]:
    starts: dict[str, float] = {}
    for line in lines:
        starts[line.segment_id] = min(line.start, starts.get(line.segment_id, line.start))

    def moment(evidence: Evidence) -> float | None:
        if evidence.frame_id is not None:
            return photos[evidence.frame_id].offset_s if evidence.frame_id in photos else None
        return starts.get(evidence.segment_id or "")

    for claim in risks:
        placed = [(at, evidence) for evidence in claim.evidence if (at := moment(evidence)) is not None]
        if not placed:
            continue  # its evidence was erased
        at = min(when for when, _ in placed)
        yield TimelineEntry(
            EntryKind.RISK,
            at,
            at,
            claim.text,
            segment_id=_first(placed, [evidence.segment_id for _, evidence in placed]),
            frame_id=_first(placed, [evidence.frame_id for _, evidence in placed]),
            severity=_severity(claim, photos),
        )


def _first(placed: Sequence[tuple[float, Evidence]], ids: Sequence[str | None]) -> str | None:
    known = [(at, name) for (at, _), name in zip(placed, ids, strict=True) if name is not None]
    return min(known, key=lambda entry: entry[0])[1] if known else None


def _severity(claim: Claim, photos: Mapping[str, SeenPhoto]) -> Severity | None:
    """The gravest of the cited photos' risks with the claim's words; of any of their risks if it was worded by somebody who spoke."""
    cited = [
        photos[evidence.frame_id] for evidence in claim.evidence if evidence.frame_id and evidence.frame_id in photos
    ]
    risks = [risk for photo in cited if photo.scene is not None for risk in photo.scene.risks]
    same = [risk for risk in risks if risk.text == claim.text] or risks
    return max((risk.severity for risk in same), key=lambda severity: severity.rank, default=None)
