import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.vision.alerts import (
    COOL_DOWN_S,
    MAX_ALERT_CHARS,
    Alert,
    AlertCoolDown,
    SpokenRisk,
    photo_alert,
    spoken_alert,
    spoken_risks,
)
from app.domain.vision.models import Risk, Severity
from tests.unit.vision import sentences_en, sentences_es
from tests.unit.vision.scenes import evidence, told

pytestmark = pytest.mark.unit

HITS = [
    *(("es", *hit) for hit in sentences_es.HITS.items()),
    *(("en", *hit) for hit in sentences_en.HITS.items()),
]
MISSES = [
    *(("es", sentence) for sentence in sentences_es.MISSES),
    *(("en", sentence) for sentence in sentences_en.MISSES),
]


@pytest.mark.parametrize(("language", "sentence", "kind"), HITS)
def test_dangers_are_heard(language: str, sentence: str, kind: str) -> None:
    assert [risk.kind for risk in spoken_risks(sentence, language)][:1] == [kind]


@pytest.mark.parametrize(("language", "sentence"), MISSES)
def test_conversation_gives_no_alarm(language: str, sentence: str) -> None:
    assert spoken_risks(sentence, language) == ()


def test_the_alert_quotes_the_sentence_in_the_language_of_the_session() -> None:
    (risk,) = spoken_risks("Bueno, vamos por aquí. ¡Cuidado con el escalón!", "es")
    assert risk == SpokenRisk("stairs", Severity.WARNING, "Alguien avisa: «¡Cuidado con el escalón!»")
    assert spoken_alert(risk, "es", "s4") == Alert(Severity.WARNING, risk.text, "es", "speech", "s4", None)
    assert spoken_risks("I smell gas.", "en")[0].text == "Someone warns: “I smell gas”"


def test_the_worst_comes_first_and_a_bare_warning_gives_way_to_what_it_warns_of() -> None:
    found = spoken_risks("¡Cuidado! El suelo está mojado y viene un coche.", "es")
    assert [(risk.kind, risk.severity) for risk in found] == [
        ("vehicle_near", Severity.DANGER),
        ("slippery", Severity.WARNING),
    ]


def test_a_negation_in_another_clause_changes_nothing() -> None:
    assert spoken_risks("No, cuidado con el coche.", "es")
    assert spoken_risks("No hay nadie, pero huele a gas.", "es")
    assert spoken_risks("There's nobody here, but I smell gas.", "en")


@pytest.mark.parametrize("language", ["fr", "und", "", "../es"])
def test_other_languages_find_nothing(language: str) -> None:
    assert spoken_risks("¡Fuego! Fire!", language) == ()


@given(
    st.lists(
        st.sampled_from([*sentences_es.HITS, *sentences_en.HITS, *sentences_es.MISSES, "x" * 300, "¡¿!?", "no " * 80]),
        max_size=30,
    ),
    st.sampled_from(["es", "en"]),
)
def test_whatever_is_said_alerts_stay_few_and_short(sentences: list[str], language: str) -> None:
    found = spoken_risks(" ".join(sentences), language)
    assert len(found) <= 3
    assert len({risk.kind for risk in found}) == len(found)
    assert all(0 < len(risk.text) <= MAX_ALERT_CHARS for risk in found)


@pytest.mark.parametrize("text", ["¡" * 3_000, "a " * 2_000, "huele a " * 500, "watch out for the " * 200, "no " * 900])
def test_text_made_to_be_slow_is_not(text: str) -> None:
    begin = time.perf_counter()
    spoken_risks(text, "es")
    spoken_risks(text, "en")
    assert time.perf_counter() - begin < 1.0


def test_what_was_seen_is_told_as_it_is_and_cut_if_too_long() -> None:
    alert = photo_alert(Risk("stairs", Severity.WARNING, "Escaleras\nhacia abajo, " + "muy " * 40), "es", "f2")
    assert (alert.severity, alert.source, alert.frame_id, alert.segment_id) == (Severity.WARNING, "photo", "f2", None)
    assert alert.text.startswith("Escaleras hacia abajo, muy")
    assert alert.text.endswith("…")
    assert len(alert.text) <= MAX_ALERT_CHARS


def test_what_was_seen_is_told_in_the_language_of_the_session_where_it_can_be() -> None:
    (risk,) = told(evidence(("scissors", 0.9, 0.1, 0.2, 0.8, 0.8)), "en").risks
    spanish = photo_alert(risk, "en", "f2", "es")
    assert (spanish.text, spanish.language) == ("Hay unas tijeras al alcance de la mano, delante.", "es")
    assert photo_alert(risk, "en", "f2") == photo_alert(risk, "en", "f2", "fr") == photo_alert(risk, "en", "f2", "en")
    assert photo_alert(risk, "en", "f2").text == risk.text
    foreign = photo_alert(Risk("other", Severity.WARNING, "A hole."), "en", "f2", "es")
    assert (foreign.text, foreign.language) == ("A hole.", "en")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_danger_that_stays_is_told_once_a_minute() -> None:
    clock = Clock()
    cool_down = AlertCoolDown(clock)
    told = []
    for second in range(0, 200, 5):
        clock.now = float(second)
        if cool_down.admits("vehicle_near", Severity.DANGER):
            told.append(second)
    assert told == [0, COOL_DOWN_S, 2 * COOL_DOWN_S, 3 * COOL_DOWN_S]


def test_what_grows_worse_or_is_another_danger_is_told_at_once() -> None:
    cool_down = AlertCoolDown(Clock())
    assert cool_down.admits("fire", Severity.WARNING)
    assert not cool_down.admits("fire", Severity.WARNING)
    assert cool_down.admits("fire", Severity.DANGER)
    assert not cool_down.admits("fire", Severity.WARNING)
    assert cool_down.admits("stairs", Severity.WARNING)


def test_what_is_only_good_to_know_is_never_told_at_once() -> None:
    assert not AlertCoolDown(Clock()).admits("crowd", Severity.INFO)


def test_the_oldest_kinds_are_forgotten() -> None:
    cool_down = AlertCoolDown(Clock())
    assert all(cool_down.admits(f"kind{number}", Severity.WARNING) for number in range(65))
    assert not cool_down.admits("kind64", Severity.WARNING)
    assert cool_down.admits("kind0", Severity.WARNING)
