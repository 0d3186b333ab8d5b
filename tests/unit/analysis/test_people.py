from collections.abc import Mapping

import pytest

from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.people import People
from tests.unit.analysis.conversation import sentences

pytestmark = pytest.mark.unit


def people(language: str, *turns: str, given: Mapping[str, str] | None = None) -> People:
    return People(sentences(*turns), lexicon_for(language), given or {})


def test_who_answers_to_a_name_has_it() -> None:
    crowd = people("en", "S1: Martha, can you bring the ladder?", "S2: Sure.", "S3: I saw it outside.")
    assert crowd.speaker_called("Martha") == "S2"


def test_thanks_go_to_who_spoke_before() -> None:
    crowd = people("es", "S1: Yo lo pinto.", "S2: Gracias, Iván.", "S1: De nada.")
    assert crowd.speaker_called("ivan") == "S1"


def test_introductions_name_the_speaker() -> None:
    assert people("en", "S1: Hello, my name is Olga.", "S2: Hi.").speaker_called("Olga") == "S1"
    assert people("es", "S1: Hola, soy Tomás.", "S2: Hola.").speaker_called("Tomás") == "S1"


def test_given_names_win() -> None:
    crowd = people("en", "S1: Martha, can you come?", "S2: Yes.", given={"S1": "Martha", "S2": "Ann"})
    assert crowd.speaker_called("Martha") == "S1"


def test_somebody_who_is_talked_about_is_no_speaker() -> None:
    crowd = people("es", "S1: Rogelio, el del bar, trae las mesas.", "S2: Muy bien.")
    assert crowd.speaker_called("Rogelio") is None
    assert crowd.owner_called("Rogelio") == "Rogelio"


def test_first_words_are_no_names() -> None:
    crowd = people("en", "S1: Garden, definitely.", "S2: The garden is nice.", "S1: Painted, carpeted, done.")
    assert crowd.addressed("Garden, definitely.") is None
    assert crowd.mentioned("On Monday we meet in the garden with Bea.") == ["Bea"]
