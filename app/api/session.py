"""``/session``: make, list, read, end and erase sessions."""

import re
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.dependencies import ContainerDep, PrincipalDep, SessionKeyDep
from app.api.routes import Route
from app.api.schemas.fields import SESSION_ID_PATTERN
from app.api.schemas.session import (
    CreatedSession,
    CreateSession,
    SearchJson,
    SearchResultJson,
    SessionDetailJson,
    SessionPage,
    StatusJson,
    session_json,
)
from app.api.status import status_json
from app.domain.errors import InvalidInput
from app.domain.session.models import SessionKey, SessionKind

router = APIRouter(tags=["sessions"], route_class=Route)


@router.post("/session", status_code=201, summary="Make a session")
async def create_session(
    principal: PrincipalDep, container: ContainerDep, wanted: CreateSession | None = None
) -> CreatedSession:
    """Make a session that a socket may attach to, or that recordings are uploaded into."""
    wanted = wanted or CreateSession()
    kind = wanted.kind or SessionKind.RECORDING
    opened = await container.open_session.create(principal.owner, wanted.session_id, wanted.session_config(), kind)
    return CreatedSession(session_id=opened.session.key.session_id, resume_token=opened.resume_token)


@router.get("/session", summary="List sessions")
async def list_sessions(
    principal: PrincipalDep,
    container: ContainerDep,
    limit: Annotated[int, Query(ge=1, le=500, description="Sessions a page.")] = 50,
    before: Annotated[str | None, Query(max_length=128, description="``next_before`` of the page before.")] = None,
) -> SessionPage:
    """Newest first, in pages."""
    created_at, last = _place(principal.owner, before) if before else (None, None)
    found = await container.sessions.list(principal.owner, before=created_at, before_key=last, limit=limit)
    next_before = f"{found[-1].created_at!r},{found[-1].key.session_id}" if len(found) == limit else None
    return SessionPage(sessions=[session_json(session) for session in found], next_before=next_before)


@router.get("/session/{session_id}", summary="Read a session")
async def read_session(key: SessionKeyDep, container: ContainerDep) -> SessionDetailJson:
    """A session and its speakers."""
    session = await container.read_session.session(key)
    speakers = await container.read_session.speakers(key)
    return SessionDetailJson(**session_json(session).model_dump(), speakers=dict(speakers))


@router.delete("/session/{session_id}", status_code=204, summary="Erase a session")
async def erase_session(key: SessionKeyDep, container: ContainerDep) -> None:
    """Erase everything of a session: audio, transcript, analyses and what search knows. Work on it is stopped."""
    await container.erase_session(key)


@router.post("/session/{session_id}/finish", status_code=202, summary="End a session")
async def finish_session(key: SessionKeyDep, container: ContainerDep) -> StatusJson:
    """End a session that has no socket, and have it analysed. A session that has ended already stays as it is."""
    await container.live.wait_left(key)
    with container.live.claim(key):  # nobody can resume it from here on
        return status_json(await container.end_session.end(key), container)


@router.get("/search", summary="Search everything that was said")
async def search(
    principal: PrincipalDep,
    container: ContainerDep,
    q: Annotated[str, Query(min_length=1, max_length=200, description='Words and "phrases".')],
    limit: Annotated[int, Query(ge=1, le=200, description="Results at most.")] = 50,
) -> SearchJson:
    """Full-text search over transcripts and summaries."""
    hits = await container.search.search(principal.owner, q, limit=limit)
    return SearchJson(query=q, results=[SearchResultJson.of(hit) for hit in hits])


def _place(owner: str, cursor: str) -> tuple[float, SessionKey]:
    """Where a page ended: time and id of its last session."""
    time, _, session_id = cursor.partition(",")
    if re.fullmatch(r"\d+(\.\d+)?(e[+-]?\d{1,2})?", time, re.ASCII) and re.fullmatch(SESSION_ID_PATTERN, session_id):
        return float(time), SessionKey(owner, session_id)
    raise InvalidInput("before must be next_before of another page", code="invalid_cursor", param="before")
