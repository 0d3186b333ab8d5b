import pytest

from app.api.schemas.analysis import analysis_json
from app.application.sessions.read_session import SessionReport
from app.domain.analysis.models import AnalysedPhoto, Analysis, Claim, Evidence, Findings
from app.domain.session.models import Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.infrastructure.sqlite.serialization import analysis_from_json, from_json, to_json

pytestmark = pytest.mark.unit

PHOTO = AnalysedPhoto("f2", 1763710031.0004, 31.00049, "Una calle.", ("Coche cerca.",))
RISK = Claim("Coche cerca.", (Evidence("s1", "un coche"), Evidence(frame_id="f2")))
ANALYSIS = Analysis(Findings("es", "", risks=(RISK,)), (), (), {}, {}, photos=(PHOTO,))


def test_photos_and_what_they_prove_are_told_as_the_protocol_says() -> None:
    session = Session(SessionKey("a", "s"), SessionKind.RECORDING, SessionState.FINISHED, SessionConfig(), "", 1.0)
    told = analysis_json(SessionReport(session, ANALYSIS, ())).model_dump(mode="json")
    assert told["photos"] == [
        {
            "frame_id": "f2",
            "captured_at": 1763710031.0,
            "offset_s": 31.0,
            "description": "Una calle.",
            "risks": ["Coche cerca."],
        }
    ]
    assert told["risks"] == ["Coche cerca."]
    assert told["evidence"]["risks"] == [[{"segment_id": "s1", "quote": "un coche"}, {"frame_id": "f2"}]]


def test_analyses_from_before_there_were_photos_can_be_read() -> None:
    assert analysis_from_json(to_json(ANALYSIS), 0) == ANALYSIS
    old = from_json(to_json(ANALYSIS))
    del old["photos"]
    assert analysis_from_json(to_json(old), 3).photos == ()
