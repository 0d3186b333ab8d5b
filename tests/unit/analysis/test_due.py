from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.analysis.due import find_due, resolve_due

pytestmark = pytest.mark.unit

FRIDAY = datetime(2025, 11, 21, 10, 0, tzinfo=UTC).timestamp()


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
    late = datetime(2025, 11, 21, 23, 30, tzinfo=UTC).timestamp()
    assert resolve_due("today", "en", late, "No/Such") == "2025-11-21"
    assert resolve_due("today", "en", late, "Europe/Madrid") == "2025-11-22"


def test_impossible_days_stay_open() -> None:
    assert resolve_due("by the 31st", "en", FRIDAY, None) == "2025-12-31"
    assert resolve_due("el día 45", "es", FRIDAY, None) is None


@pytest.mark.parametrize(
    ("language", "text", "due_text", "due"),
    [
        ("en", "Call her tomorrow at 10:75.", "tomorrow at 10:75", "2025-11-22"),
        ("en", "Send it by tomorrow at 3:60 pm.", "by tomorrow at 3:60 pm", "2025-11-22"),
        ("en", "It is done in 5000000 days.", "in 5000000 days", None),
        ("es", "Te llamo mañana a las 10:80.", "mañana a las 10:80", "2025-11-22"),
    ],
)
def test_times_that_no_clock_shows_cost_nothing_else(language: str, text: str, due_text: str, due: str | None) -> None:
    assert find_due(text, language) == due_text
    assert resolve_due(due_text, language, FRIDAY, None) == due


PHRASES = {
    "en": [
        "tomorrow at {}:{}",
        "on Friday at {}:{} pm",
        "in {}{} weeks",
        "{} days from now at {}",
        "by the {}th of May at {}",
    ],
    "es": ["mañana a las {}:{}", "el lunes a las {}:{} de la tarde", "dentro de {}{} días", "el {} de mayo a las {}"],
}
NUMBERS = st.one_of(st.integers(0, 10**12).map(str), st.text("0123456789٣９", min_size=1, max_size=5000))


@given(st.sampled_from([(language, phrase) for language, said in PHRASES.items() for phrase in said]), NUMBERS, NUMBERS)
def test_no_number_is_too_odd(said: tuple[str, str], one: str, other: str) -> None:
    language, phrase = said
    text = phrase.format(one, other)
    find_due(text, language)
    resolve_due(text, language, FRIDAY, "Europe/Madrid")


@pytest.mark.parametrize("started_at", [1e15, -1e15, float("nan"), float("inf")])
def test_clocks_beyond_the_calendar_leave_it_open(started_at: float) -> None:
    assert resolve_due("tomorrow", "en", started_at, None) is None
