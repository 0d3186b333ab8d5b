"""What a client is told while a session's analysis is not there."""

from app.api.schemas.session import StatusJson
from app.application.container import Container
from app.domain.session.models import Session


def status_json(session: Session, container: Container) -> StatusJson:
    """The session's state and how far its post-session work is."""
    progress = container.feed.latest(session.key)
    return StatusJson(
        session_id=session.key.session_id,
        status="processing" if progress else session.state.value,
        stage=progress.stage if progress else None,
        progress=round(progress.fraction, 3) if progress else 0.0,
    )
