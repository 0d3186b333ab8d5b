import pytest

from app.domain.vision.reading import MAX_LINE_CHARS, MAX_LINES, flowing, read_texts
from tests.unit.vision.scenes import Placed, evidence, told

pytestmark = pytest.mark.unit


def blocks(*texts: Placed) -> list[str]:
    return [each.text for each in read_texts(evidence(texts=texts))]


def test_lines_below_one_another_belong_together_and_others_do_not() -> None:
    assert blocks(
        ("NO", 0.9, 0.1, 0.1, 0.2, 0.15), ("Bakery", 0.9, 0.6, 0.1, 0.8, 0.16), ("ENTRY", 0.9, 0.1, 0.16, 0.22, 0.21)
    ) == ["NO ENTRY", "Bakery"]


def test_letters_of_another_size_are_another_text() -> None:
    assert blocks(("SALE", 0.9, 0.1, 0.1, 0.5, 0.3), ("until friday", 0.9, 0.1, 0.31, 0.3, 0.34)) == [
        "SALE",
        "until friday",
    ]


def test_pieces_of_a_row_are_joined_where_they_stand_as_close_as_words() -> None:
    assert blocks(("Calle", 0.9, 0.1, 0.1, 0.2, 0.15), ("Mayor", 0.9, 0.21, 0.1, 0.3, 0.15)) == ["Calle Mayor"]
    assert len(blocks(("Calle", 0.9, 0.1, 0.1, 0.2, 0.15), ("Mayor", 0.9, 0.4, 0.1, 0.5, 0.15))) == 2


def test_rows_are_read_from_the_top_whatever_order_they_come_in() -> None:
    assert blocks(
        ("third", 0.9, 0.1, 0.3, 0.3, 0.36), ("first", 0.9, 0.1, 0.1, 0.3, 0.16), ("second", 0.9, 0.1, 0.2, 0.3, 0.26)
    ) == ["first second third"]


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("Bakery", 0.4), ("A", 0.7), ("|~·", 0.99), ("--- = a ---", 0.9), ("", 1.0), ("© J. Doe", 0.9)],
)
def test_garbage_is_dropped(text: str, confidence: float) -> None:
    assert blocks((text, confidence, 0.1, 0.1, 0.3, 0.2)) == []


def test_a_clear_single_digit_is_kept_as_buses_have_them() -> None:
    assert blocks(("5", 0.97, 0.1, 0.1, 0.15, 0.2)) == ["5"]


def test_quotation_marks_and_control_characters_are_made_harmless() -> None:
    assert blocks(("say «hello»\n\x07 “you\u202e”", 0.9, 0.1, 0.1, 0.3, 0.2)) == ["say 'hello' 'you"]


def test_lengths_are_bounded() -> None:
    many = [("word " * 100, 0.9, 0.1, i / 2000, 0.9, (i + 1) / 2000) for i in range(500)]
    text = told(evidence(texts=many)).text
    assert 0 < len(text) <= MAX_LINES
    assert max(map(len, text)) <= MAX_LINE_CHARS


def test_on_pages_lines_that_begin_anew_are_told_apart() -> None:
    lines = [f"Item number {i} of the long list" for i in range(6)]
    page = read_texts(evidence(texts=[(line, 0.9, 0.1, 0.1 * i, 0.9, 0.1 * i + 0.06) for i, line in enumerate(lines)]))
    assert flowing(page) == ". ".join(lines)
