import pytest

from app.domain.analysis.models import Claim, Evidence
from app.domain.audio.models import TimeSpan
from app.domain.session.models import TranscriptLine
from app.domain.vision.models import Severity
from app.domain.vision.timeline import EntryKind, merge_timeline
from tests.unit.vision.seen_photos import danger, info, seen, warning

pytestmark = pytest.mark.unit

LINES = [
    TranscriptLine("s1", "S1", 0.0, 4.0, "Vamos por aquí."),
    TranscriptLine("s2", None, 6.0, 9.0, "Cuidado con el coche."),
]


def test_everything_lies_on_one_clock() -> None:
    photos = [seen("f2", 30.0, None), seen("f1", 5.0, "Una calle."), seen("f0", -3.0, "Un portal.")]
    entries = merge_timeline(LINES, photos, [TimeSpan(4.0, 6.0)])
    assert [(entry.kind.value, entry.start, entry.end, entry.text) for entry in entries] == [
        ("photo", -3.0, -3.0, "Un portal."),
        ("segment", 0.0, 4.0, "Vamos por aquí."),
        ("gap", 4.0, 6.0, ""),
        ("photo", 5.0, 5.0, "Una calle."),
        ("segment", 6.0, 9.0, "Cuidado con el coche."),
        ("photo", 30.0, 30.0, ""),
    ]
    assert [(entry.speaker, entry.segment_id, entry.frame_id) for entry in entries[:2]] == [
        (None, None, "f0"),
        ("S1", "s1", None),
    ]


def test_risks_lie_where_they_first_show() -> None:
    photos = [
        seen("f1", 5.0, "Una calle.", warning("vehicle_near", "Coche cerca.")),
        seen("f2", 8.0, "Una calle.", danger("vehicle_near", "Coche encima.")),
    ]
    spoken = Claim("Viene un coche.", (Evidence("s2", "Cuidado con el coche."), Evidence(frame_id="f2")))
    shown = Claim("Coche cerca.", (Evidence(frame_id="f1"),))
    erased = Claim("Algo.", (Evidence(frame_id="f9"), Evidence("s9", "x")))
    entries = merge_timeline(LINES, photos, [], [spoken, shown, erased])
    risks = [entry for entry in entries if entry.kind is EntryKind.RISK]
    assert [(risk.text, risk.start, risk.segment_id, risk.frame_id, risk.severity) for risk in risks] == [
        ("Coche cerca.", 5.0, None, "f1", Severity.WARNING),
        ("Viene un coche.", 6.0, "s2", "f2", Severity.DANGER),
    ]
    assert entries[entries.index(risks[0]) - 1].frame_id == "f1"


def test_before_there_is_an_analysis_photos_tell_their_own_risks() -> None:
    risk = danger("fire", "Fuego en la cocina.")
    photos = [
        seen("f1", 5.0, "Una cocina.", risk, info("crowd", "Hay gente.")),
        seen("f2", 9.0, "Una cocina.", risk, duplicate_of="f1"),
    ]
    risks = [entry for entry in merge_timeline([], photos, []) if entry.kind is EntryKind.RISK]
    assert [(entry.text, entry.start, entry.frame_id, entry.severity) for entry in risks] == [
        ("Fuego en la cocina.", 5.0, "f1", Severity.DANGER)
    ]
