"""Warning signs: what is read, what only looks like it, and what stands elsewhere than on signs."""

import pytest

from app.domain.vision.models import Severity
from app.domain.vision.risks.signs import slips
from tests.unit.vision.scenes import Placed, evidence, sign, told

pytestmark = pytest.mark.unit


def kinds(texts: list[Placed], *things: Placed) -> dict[str, str]:
    return {risk.kind: risk.severity.value for risk in told(evidence(*things, texts=texts)).risks}


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["DANGER", "HIGH VOLTAGE"], "sign_electricity"),
        (["PELIGRO", "ALTA TENSIÓN"], "sign_electricity"),
        (["¡Alta tensión!"], "sign_electricity"),
        (["HIGHVOLTAGE"], "sign_electricity"),
        (["ALTA TENSI0N"], "sign_electricity"),
        (["NO PASAR"], "sign_no_entry"),
        (["NOPASAR"], "sign_no_entry"),
        (["PROHIBIDO EL PASO"], "sign_no_entry"),
        (["DO NOT", "ENTER"], "sign_no_entry"),
        (["CAUTION", "WET FLOOR"], "sign_wet_floor"),
        (["Cuidado", "Piso mojado"], "sign_wet_floor"),
        (["WET FLO0R"], "sign_wet_floor"),
        (["OBRAS"], "sign_works"),
        (["ROAD WORK AHEAD"], "sign_works"),
        (["FLAMMABLE"], "sign_gas"),
        (["Gas inflamable"], "sign_gas"),
        (["TOXIC"], "sign_toxic"),
        (["PELIGR0"], "sign_danger"),
        (["PELICRO"], "sign_danger"),
        (["Danger"], "sign_danger"),
        (["CUIDADO"], "sign_danger"),
        (["Cuidado con la cabeza"], "sign_head"),
        (["LOW CEILING"], "sign_head"),
        (["Mind the step"], "sign_step"),
        (["Cuidado con el escalón"], "sign_step"),
        (["Beware of dog"], "sign_dog"),
        (["MIND THE GAP"], "sign_gap"),
        (["CAUTION: HOT"], "sign_hot"),
        (["Caution: Hot"], "sign_hot"),
        (["Precaución", "superficie caliente"], "sign_hot"),
        (["CAIDA DE ROCAS"], "sign_falling"),
        (["PELIGRO", "DESPRENDIMIENTOS"], "sign_falling"),
        (["Falling rocks"], "sign_falling"),
        (["¡Peligro!"], "sign_danger"),
        (["DANGER ZONE"], "sign_danger"),
    ],
)
def test_warning_signs(lines: list[str], kind: str) -> None:
    assert kinds(sign(*lines)) == {kind: "warning"}


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["STOP"], "sign_stop"),
        (["ALTO"], "sign_stop"),
        (["EMERGENCY EXIT"], "sign_emergency"),
        (["Salida de emergencia"], "sign_emergency"),
        (["ESCALERAS"], "sign_stairs"),
    ],
)
def test_signs_that_are_only_worth_knowing(lines: list[str], kind: str) -> None:
    assert kinds(sign(*lines)) == {kind: "info"}


@pytest.mark.parametrize(
    "lines",
    [
        ["DANCER"],
        ["Ranger"],
        ["Dangerous Minds"],
        ["Endangered"],
        ["TONIC"],
        ["GAS"],
        ["NO PAGAR"],
        ["INSTRUCTION"],
        ["Global warming"],
        ["Smith Construction Ltd"],
        ["Centro de cuidado dental"],
        ["Rialto"],
        ["Las sobras"],
        ["EXIT"],
        ["Nutrition Facts"],
        ["NO HAY PELIGRO"],
        ["No hay ningún peligro"],
        ["Fuera de peligro"],
        ["SIN PELIGRO"],
        ["There is no danger"],
        ["Out of danger"],
        ["Danger Zone", "Greatest Hits"],
        ["DANGER ZONE", "GREATEST HITS"],
        ["PELIGRO", "BANDA SONORA"],
    ],
)
def test_words_that_only_resemble_warnings(lines: list[str]) -> None:
    assert kinds(sign(*lines)) == {}


def test_a_negation_before_something_else_changes_nothing() -> None:
    assert kinds(sign("NO PASAR", "PELIGRO")) == {"sign_no_entry": "warning"}
    assert kinds(sign("NO ENTRAR")) == {"sign_no_entry": "warning"}


def test_a_warning_word_in_what_may_be_a_name_is_told_as_doubtful() -> None:
    risk = told(evidence(texts=sign("Danger Zone")), "es").risks[0]
    assert (risk.severity, risk.text) == (Severity.INFO, "Puede ser un cartel de aviso: «Danger».")


def test_a_phrase_on_a_cover_is_told_as_doubtful() -> None:
    assert kinds(sign("HIGH VOLTAGE", "GREATEST HITS")) == {"sign_electricity": "info"}


def test_what_is_hot_is_not_told_as_a_closed_way() -> None:
    assert told(evidence(texts=sign("Caution: Hot")), "es").suggestions == (
        "Puede quemar: conviene no tocarlo ni beberlo sin comprobarlo antes.",
    )


def page(*lines: str) -> list[Placed]:
    return [(line, 0.95, 0.1, 0.05 + 0.06 * row, 0.9, 0.1 + 0.06 * row) for row, line in enumerate(lines)]


def test_a_book_page_that_tells_of_danger_is_only_worth_knowing() -> None:
    story = page(
        "They had been warned of the danger, but the", "captain would not hear of turning back, and", "the crew had no choice",
        "but to follow him into the narrow strait", "where so many ships had been lost before", "in heavy weather and in fog.",
    )  # fmt: skip
    assert kinds(story) == {"warning_words": "info"}


def test_warning_words_on_a_page_are_quoted_as_they_were_read() -> None:
    label = page(
        *(f"Line {row} of a long label that nobody reads" for row in range(4)), "Peligro: Alta tensión, no abrir"
    )
    assert "«Alta tensión»" in told(evidence(texts=label), "es").risks[0].text


def test_a_menu_with_a_hot_dish_named_danger_is_only_worth_knowing() -> None:
    menu = page("Burger 9.50", "Danger wings 8.00", "Salad 7.20", "Soup 5.00", "Fish 12.00", "Rice 3.00", "Tea 2.00",
                "Water 1.00", "Coffee 2.10", "Cake 4.00")  # fmt: skip
    assert set(kinds(menu).values()) <= {"info"}


def test_a_word_that_stands_alone_among_many_others_is_on_a_page() -> None:
    spaced = [(f"Dish number {row} with rice", 0.95, 0.1, 0.01 + 0.1 * row, 0.5, 0.04 + 0.1 * row) for row in range(9)]
    assert kinds([*spaced, ("DANGER", 0.95, 0.7, 0.5, 0.9, 0.53)]) == {"warning_words": "info"}


def test_clothes_screens_and_books_carry_no_signs() -> None:
    text = sign("STOP")
    assert kinds(text, ("person", 0.9, 0.1, 0.05, 0.9, 1.0)) == {}
    danger = sign("DANGER")
    assert kinds(danger, ("person", 0.9, 0.1, 0.05, 0.9, 1.0)) == {}
    assert kinds(danger, ("tvmonitor", 0.9, 0.1, 0.05, 0.9, 0.9)) == {"warning_words": "info"}
    assert kinds(danger, ("book", 0.9, 0.1, 0.05, 0.9, 0.9)) == {"warning_words": "info"}


def test_a_sign_that_is_hard_to_read_is_told_as_doubtful() -> None:
    risk = told(evidence(texts=sign("DANGER", confidence=0.7)), "es").risks[0]
    assert risk.severity is Severity.INFO
    assert risk.text == "Puede ser un cartel de aviso: «DANGER»."


def test_the_words_are_quoted_as_they_were_read_in_both_languages() -> None:
    seen = evidence(texts=sign("Peligro", "Alta tensión"))
    assert told(seen, "en").risks[0].text == "Warning of electricity: “Alta tensión”."
    assert told(seen, "es").risks[0].text == "Aviso de peligro eléctrico: «Alta tensión»."


def test_a_stop_sign_and_its_word_are_one_crossing() -> None:
    assert kinds(sign("STOP"), ("stop sign", 0.9, 0.25, 0.15, 0.75, 0.4)) == {"crossing": "info"}


@pytest.mark.parametrize(
    ("read", "expected", "count"),
    [("peligro", "peligro", 0), ("peligra", "peligro", 1), ("pelijro", "peligro", 2), ("a", "bcdef", 3)],
)
def test_letters_of_like_shape_are_smaller_slips(read: str, expected: str, count: int) -> None:
    assert slips(read, expected, 2) == count
