"""What comes out of a session: analysis, transcript, timeline; and the names of its speakers."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from app.api.dependencies import ContainerDep, SessionKeyDep
from app.api.routes import Route
from app.api.schemas.analysis import AnalysisJson, analysis_json, line_json
from app.api.schemas.session import SpeakerNames, StatusJson, TranscriptJson
from app.api.schemas.timeline import TimelineJson, timeline_json
from app.api.status import status_json
from app.application.sessions.end_session import ANALYZE_JOB
from app.application.sessions.export_transcript import EXPORTS
from app.domain.session.models import SessionState

router = APIRouter(tags=["results"], route_class=Route)
_BEING_MADE: dict[int | str, dict[str, Any]] = {
    202: {"model": StatusJson, "description": "The analysis is being made, or the session has not ended."}
}

_AS_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {"schema": {"type": "string"}} for _, media_type in EXPORTS.values()}}
}


@router.get("/session/{session_id}/analysis", response_model=AnalysisJson, responses=_BEING_MADE, summary="Analysis")
async def read_analysis(
    key: SessionKeyDep,
    container: ContainerDep,
    version: Annotated[int | None, Query(ge=1, le=2**31, description="An older version; absent = the newest.")] = None,
) -> Response | AnalysisJson:
    """The analysis; 202 with the progress while it is being made. Older versions stay readable."""
    session = await container.sessions.get(key)
    being_made = session.state is not SessionState.FINISHED or container.feed.latest(key) is not None
    if version is None and being_made:
        return JSONResponse(status_json(session, container).model_dump(), 202)
    return analysis_json(await container.read_session.report(key, version))


@router.post("/session/{session_id}/analysis", status_code=202, summary="Analyse again")
async def make_analysis(key: SessionKeyDep, container: ContainerDep) -> StatusJson:
    """Make the analysis again, as a new version: after speakers were named, gaps filled, or the model changed."""
    return status_json(await container.analyze_again(key, ANALYZE_JOB), container)


@router.patch("/session/{session_id}/speakers", summary="Name speakers")
async def name_speakers(names: SpeakerNames, key: SessionKeyDep, container: ContainerDep) -> dict[str, str | None]:
    """Name speakers by label, such as ``{"S1": "Marta"}``; null or an empty name gives the label back. Answers all speakers."""
    await container.rename_speakers(key, names)
    return dict(await container.read_session.speakers(key))


@router.get("/session/{session_id}/transcript", response_model=TranscriptJson, responses=_AS_TEXT, summary="Transcript")
async def read_transcript(
    key: SessionKeyDep,
    container: ContainerDep,
    format: Annotated[
        Literal["json", "txt", "srt", "vtt", "md"], Query(description="JSON, text, subtitles or Markdown.")
    ] = "json",
) -> Response | TranscriptJson:
    """What was said so far, by whom."""
    transcript = await container.read_session.transcript(key)
    if format != "json":
        export, media_type = EXPORTS[format]
        return Response(export(transcript.lines), media_type=f"{media_type}; charset=utf-8")
    return TranscriptJson(
        session_id=key.session_id,
        language=transcript.session.language,
        duration_s=round(transcript.session.audio_s, 3),
        segments=[line_json(line) for line in transcript.lines],
    )


@router.get("/session/{session_id}/timeline", summary="Timeline")
async def read_timeline(key: SessionKeyDep, container: ContainerDep) -> TimelineJson:
    """Transcript, photos, gaps and risks on one clock, merged and by kind."""
    return timeline_json(await container.read_timeline(key))
