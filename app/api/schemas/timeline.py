"""The timeline of a session, as JSON."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.schemas.analysis import LineJson, SpanJson, gaps_json, line_json
from app.application.sessions.read_timeline import Timeline
from app.domain.vision.models import Severity
from app.domain.vision.timeline import EntryKind, TimelineEntry


class TimelinePhotoJson(BaseModel):
    """A photo on the session's clock."""

    frame_id: str
    captured_at: float = Field(description="Unix seconds, as the client said; else when it arrived.")
    offset_s: float = Field(description="On the session's clock; the client's clock is corrected if it is off.")
    status: Literal["waiting", "described", "failed"]
    description: str | None
    risks: list[str]
    duplicate_of: str | None


class TimelineRiskJson(BaseModel):
    """A danger that was seen or told of."""

    start: float
    text: str
    severity: Severity | None = Field(description="Null if it was only said.")
    segment_id: str | None
    frame_id: str | None


class EntryJson(BaseModel):
    """One thing that happened."""

    kind: EntryKind
    start: float
    end: float
    text: str
    speaker: str | None = None
    segment_id: str | None = None
    frame_id: str | None = None
    severity: Severity | None = None


class TimelineJson(BaseModel):
    """What happened when: everything in ``entries``, by time; and each kind by itself. Times in seconds on the session's clock."""

    session_id: str
    started_at: float
    duration_s: float
    clock_skew_s: float = Field(
        description="How far the client's clock is taken to be ahead; photos are corrected by it."
    )
    entries: list[EntryJson]
    segments: list[LineJson]
    gaps: list[SpanJson]
    photos: list[TimelinePhotoJson]
    risks: list[TimelineRiskJson]


def timeline_json(timeline: Timeline) -> TimelineJson:
    """A timeline as clients read it."""
    session = timeline.session
    return TimelineJson(
        session_id=session.key.session_id,
        started_at=session.started_at,
        duration_s=round(session.audio_s, 3),
        clock_skew_s=round(timeline.clock_skew_s, 3),
        entries=[_entry(entry) for entry in timeline.entries],
        segments=[line_json(line) for line in timeline.lines],
        gaps=gaps_json(timeline.gaps),
        photos=_photos(timeline),
        risks=[
            TimelineRiskJson(
                start=round(entry.start, 3),
                text=entry.text,
                severity=entry.severity,
                segment_id=entry.segment_id,
                frame_id=entry.frame_id,
            )
            for entry in timeline.entries
            if entry.kind is EntryKind.RISK
        ],
    )


def _photos(timeline: Timeline) -> list[TimelinePhotoJson]:
    return [
        TimelinePhotoJson(
            frame_id=photo.frame.frame_id,
            captured_at=photo.frame.captured_at,
            offset_s=round(photo.offset_s, 3),
            status=photo.frame.state.value,
            description=photo.told.scene.description if photo.told else None,
            risks=[risk.text for risk in photo.told.scene.risks] if photo.told else [],
            duplicate_of=photo.frame.photo.duplicate_of,
        )
        for photo in timeline.photos
    ]


def _entry(entry: TimelineEntry) -> EntryJson:
    return EntryJson(
        kind=entry.kind,
        start=round(entry.start, 3),
        end=round(entry.end, 3),
        text=entry.text,
        speaker=entry.speaker,
        segment_id=entry.segment_id,
        frame_id=entry.frame_id,
        severity=entry.severity,
    )
