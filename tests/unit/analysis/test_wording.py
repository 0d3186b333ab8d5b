import pytest

from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.steps import find_steps
from app.domain.analysis.wording import faithful_part, foreign_words, limited_words, shortened, tidy, title_of

pytestmark = pytest.mark.unit
ENGLISH, SPANISH, OTHER = lexicon_for("en"), lexicon_for("es"), lexicon_for("fi")


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("I'll tune the organ tomorrow.", "Tune the organ tomorrow"),
        ("Okay, so can you draw the map?", "Draw the map"),
        ("Martha, please order the beeswax.", "Order the beeswax"),
        ("Someone has to paint the hull.", "Paint the hull"),
    ],
)
def test_english_titles_begin_with_the_verb(said: str, title: str) -> None:
    assert title_of(said, ENGLISH) == title


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Hay que pintar el casco.", "Pintar el casco"),
        ("Yo me encargo de llamar al museo.", "Llamar al museo"),
        ("Marta, ¿puedes encargar la cera?", "Encargar la cera"),
    ],
)
def test_spanish_titles_begin_with_the_verb(said: str, title: str) -> None:
    assert title_of(said, SPANISH) == title


def test_tidy_drops_lead_ins() -> None:
    assert tidy("Okay, well, we take the boat.", ENGLISH) == "We take the boat."
    assert tidy("¿Y quién lleva el timón?", SPANISH) == "¿Quién lleva el timón?"
    assert tidy("okay.", ENGLISH) == "Okay."
    assert tidy("selvä juttu", OTHER) == "Selvä juttu"


def test_new_names_and_numbers_are_found() -> None:
    source = "Tom pays 20 euros to the club"
    assert foreign_words("The club gets 20 euros. Tom pays.", source) == []
    assert foreign_words("Tom pays Bob 30 euros.", source) == ["30", "Bob"]
    assert foreign_words("It is paid by S2.", source, ["S2"]) == []


def test_only_the_faithful_part_of_a_summary_is_kept() -> None:
    assert (
        faithful_part("Tom pays. He met Alice in 1999. All is well.", "Tom pays the club") == "Tom pays. All is well."
    )


def test_lengths() -> None:
    assert shortened("one two three", 9) == "one two…"
    assert limited_words("One two. Three four five.", 4) == "One two."
    assert limited_words("one two three", 2) == "one two…"


def test_steps_are_what_comes_after_first_and_then() -> None:
    told = "First we wash the sails, then we dry them and finally we fold them."
    assert find_steps([told], ENGLISH) == ("We wash the sails", "We dry them", "We fold them")
    assert find_steps(["Primero lavas las velas y luego las secas."], SPANISH) == ("Lavas las velas", "Las secas")
    assert find_steps(["Then we go home."], ENGLISH) == ()
