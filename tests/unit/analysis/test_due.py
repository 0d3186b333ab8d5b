from datetime import datetime, timezone

import pytest

from app.domain.analysis.due import find_due, resolve_due

pytestmark = pytest.mark.unit

FRIDAY = datetime(2025, 11, 21, 10, 0, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("language", "text", "due_text", "due"),
    [
        ("en", "I'll bring the ladder by Tuesday.", "by Tuesday", "2025-11-25"),
        ("en", "Send it tomorrow morning, please.", "tomorrow morning", "2025-11-22"),
        ("en", "We need it by the end of May.", "by the end of May", "2026-05-31"),
        ("en", "I'll have it in two weeks.", "in two weeks", "2025-12-05"),
        ("en", "Let's open on the third of March.", "on the third of March", "2026-03-03"),
        ("en", "Do it as soon as possible.", "as soon as possible", None),
        ("en", "She comes on Friday at 5 pm.", "on Friday at 5 pm", "2025-11-28T17:00:00+01:00"),
        ("es", "Lo traigo el martes por la tarde.", "el martes por la tarde", "2025-11-25"),
        ("es", "Te llamo mañana por la mañana.", "mañana por la mañana", "2025-11-22"),
        ("es", "Hay que entregarlo antes del quince de marzo.", "antes del quince de marzo", "2026-03-15"),
        ("es", "Lo dejo hecho esta misma tarde.", "esta misma tarde", "2025-11-21"),
        ("es", "Lo acabo en dos semanas.", "en dos semanas", "2025-12-05"),
        ("es", "Hazlo cuanto antes.", "cuanto antes", None),
        ("es", "Lo pinto a finales de mes.", "a finales de mes", "2025-11-30"),
    ],
)
def test_finds_and_resolves(language: str, text: str, due_text: str, due: str | None) -> None:
    assert find_due(text, language) == due_text
    assert resolve_due(due_text, language, FRIDAY, "Europe/Madrid") == due


@pytest.mark.parametrize(
    ("language", "text"), [("en", "The boat is blue."), ("es", "Por la mañana hace frío."), ("de", "Bis Freitag.")]
)
def test_no_due(language: str, text: str) -> None:
    assert find_due(text, language) is None


def test_without_a_clock_nothing_is_resolved() -> None:
    assert resolve_due("tomorrow", "en", None, None) is None


def test_unknown_timezone_is_utc() -> None:
    late = datetime(2025, 11, 21, 23, 30, tzinfo=timezone.utc).timestamp()
    assert resolve_due("today", "en", late, "No/Such") == "2025-11-21"
    assert resolve_due("today", "en", late, "Europe/Madrid") == "2025-11-22"


def test_impossible_days_stay_open() -> None:
    assert resolve_due("by the 31st", "en", FRIDAY, None) == "2025-12-31"
    assert resolve_due("el día 45", "es", FRIDAY, None) is None
