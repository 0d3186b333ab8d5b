"""The analysis JSON of protocol.md."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import BaseModel, Field

from app.application.sessions.publish_analysis import STAGES
from app.application.sessions.read_session import SessionReport
from app.domain.analysis.models import ActionItem, AnalysedPhoto, Claim, Evidence
from app.domain.audio.models import TimeSpan
from app.domain.session.models import TranscriptLine

MAX_FINAL_BYTES = 1024 * 1024
"""A larger ``final_result`` carries ``analysis_url`` instead of the analysis."""
TIMINGS = (*STAGES, "end_to_final")
ROLES = ("transcriber", "diarizer", "language_model", "scene_describer")


class LineJson(BaseModel):
    """One line of the transcript; times in seconds on the session's clock."""

    id: str
    speaker: str | None = Field(description="Label (S1, S2, …), or the name that was given to it.")
    start: float
    end: float
    text: str


class EvidenceJson(BaseModel):
    """Where a claim comes from: words that were said, verbatim, or a photo."""

    segment_id: str | None = Field(None, exclude_if=lambda value: value is None)
    quote: str | None = Field(None, exclude_if=lambda value: value is None)
    frame_id: str | None = Field(None, exclude_if=lambda value: value is None)


class ActionItemJson(BaseModel):
    """Something that someone will do."""

    title: str
    description: str
    steps: list[str]
    owner: str | None
    due: str | None = Field(description="ISO 8601 date or time if the words allow one.")
    due_text: str | None = Field(description="What was said about the time.")
    evidence: list[EvidenceJson]


class EvidenceByKind(BaseModel):
    """Runs parallel to the lists of the same names."""

    decisions: list[list[EvidenceJson]]
    open_questions: list[list[EvidenceJson]]
    risks: list[list[EvidenceJson]]


class SpanJson(BaseModel):
    """A stretch of the session's clock, in seconds."""

    start: float
    end: float


class PhotoJson(BaseModel):
    """A photo as the analysis knew it."""

    frame_id: str
    captured_at: float = Field(description="Unix seconds.")
    offset_s: float = Field(description="Seconds on the session's clock; negative if taken before it began.")
    description: str = Field(description="Empty if the photo could not be described.")
    risks: list[str] = Field(description="The most severe first.")


class QualityJson(BaseModel):
    """Whether every stage worked, and if not, why."""

    complete: bool
    notes: list[str]


class AnalysisJson(BaseModel):
    """What a session comes to."""

    session_id: str
    version: int
    language: str = Field(description="Of the transcript, ISO 639-1.")
    summary_language: str = Field(description="Of the analysis, ISO 639-1.")
    duration_s: float
    started_at: float
    transcript: list[LineJson]
    summary: str
    decisions: list[str]
    open_questions: list[str]
    action_items: list[ActionItemJson]
    risks: list[str]
    evidence: EvidenceByKind
    photos: list[PhotoJson] = Field(description="Photos of the session, in the order of its clock.")
    gaps: list[SpanJson]
    models: dict[str, str | None]
    timings_ms: dict[str, int]
    quality: QualityJson


def line_json(line: TranscriptLine) -> LineJson:
    """One line as clients read it."""
    return LineJson(
        id=line.segment_id, speaker=line.speaker, start=round(line.start, 3), end=round(line.end, 3), text=line.text
    )


def gaps_json(gaps: Sequence[TimeSpan]) -> list[SpanJson]:
    """Gaps as clients read them; what rounds to nothing is left out."""
    spans = [SpanJson(start=round(gap.start, 3), end=round(gap.end, 3)) for gap in gaps]
    return [span for span in spans if span.start < span.end]


def photo_json(photo: AnalysedPhoto) -> PhotoJson:
    """One photo as clients read it."""
    return PhotoJson(
        frame_id=photo.frame_id,
        captured_at=round(photo.captured_at, 3),
        offset_s=round(photo.offset_s, 3),
        description=photo.description,
        risks=list(photo.risks),
    )


def analysis_json(report: SessionReport) -> AnalysisJson:
    """A session's report as clients read it."""
    session, analysis, findings = report.session, report.analysis, report.analysis.findings
    return AnalysisJson(
        session_id=session.key.session_id,
        version=analysis.version,
        language=session.language or findings.language,
        summary_language=findings.language,
        duration_s=round(session.audio_s, 3),
        started_at=session.started_at,
        transcript=[line_json(line) for line in report.lines],
        summary=findings.summary,
        decisions=[claim.text for claim in findings.decisions],
        open_questions=[claim.text for claim in findings.open_questions],
        action_items=[_action(item) for item in findings.action_items],
        risks=[claim.text for claim in findings.risks],
        evidence=EvidenceByKind(
            decisions=_evidence_lists(findings.decisions),
            open_questions=_evidence_lists(findings.open_questions),
            risks=_evidence_lists(findings.risks),
        ),
        photos=[photo_json(photo) for photo in analysis.photos],
        gaps=gaps_json(report.analysis.gaps),
        models={role: analysis.models.get(role) for role in ROLES} | dict(analysis.models),
        timings_ms=dict.fromkeys(TIMINGS, 0) | dict(analysis.timings_ms),
        quality=QualityJson(complete=analysis.complete, notes=list(analysis.notes)),
    )


def final_message(report: SessionReport) -> dict[str, Any]:
    """The ``final_result`` message; with ``analysis_url`` if the analysis makes it larger than 1 MiB."""
    message = {
        "type": "final_result",
        "text": report.analysis.findings.summary,
        "analysis": analysis_json(report).model_dump(mode="json"),
    }
    if len(orjson.dumps(message)) > MAX_FINAL_BYTES:
        del message["analysis"]
        message["analysis_url"] = f"/session/{report.session.key.session_id}/analysis?version={report.analysis.version}"
    return message


def _action(item: ActionItem) -> ActionItemJson:
    return ActionItemJson(
        title=item.title,
        description=item.description,
        steps=list(item.steps),
        owner=item.owner,
        due=item.due,
        due_text=item.due_text,
        evidence=_evidence(item.evidence),
    )


def _evidence(items: Sequence[Evidence]) -> list[EvidenceJson]:
    return [EvidenceJson(segment_id=item.segment_id, quote=item.quote, frame_id=item.frame_id) for item in items]


def _evidence_lists(claims: Sequence[Claim]) -> list[list[EvidenceJson]]:
    return [_evidence(claim.evidence) for claim in claims]
