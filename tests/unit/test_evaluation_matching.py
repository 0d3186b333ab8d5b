"""Matching of found and planted items."""

import pytest

from app.commands.bench.matching import (
    Found,
    Planted,
    found_items,
    match,
    owner_is_right,
    turn_neighbours,
    ungrounded,
    word_overlap,
)
from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from app.domain.session.models import TranscriptLine

pytestmark = pytest.mark.unit

LINES = [
    TranscriptLine("s1", "S1", 0, 1, "We go by train."),
    TranscriptLine("s2", "S1", 1, 2, "I'll book it, and Ana pays for the hotel."),
    TranscriptLine("s3", "S2", 2, 3, "Fine."),
    TranscriptLine("s4", "S1", 3, 4, "Who drives?"),
]


def planted(kind: str, *line_ids: str, text: str = "something", owner: str | None = None) -> Planted:
    return Planted(kind, text, frozenset(line_ids), owner)


def found(kind: str, *line_ids: str, text: str = "another thing", owner: str | None = None) -> Found:
    return Found(kind, text, tuple(Evidence(line_id, "x") for line_id in line_ids), owner)


def test_same_kind_and_line_match() -> None:
    result = match([planted("decisions", "s1", "s3")], [found("decisions", "s3")], LINES)
    assert len(result.pairs) == 1
    assert not result.missed
    assert not result.false


def test_another_kind_is_false_and_the_planted_one_missed() -> None:
    result = match([planted("decisions", "s1")], [found("risks", "s1")], LINES)
    assert not result.pairs
    assert len(result.missed) == len(result.false) == 1


def test_line_beside_it_counts_only_in_the_same_turn() -> None:
    assert len(match([planted("decisions", "s1")], [found("decisions", "s2")], LINES).pairs) == 1
    assert not match([planted("decisions", "s2")], [found("decisions", "s3")], LINES).pairs
    assert turn_neighbours(LINES)["s4"] == {"s4"}


def test_a_second_item_for_the_same_planted_one_is_false() -> None:
    result = match([planted("risks", "s3")], [found("risks", "s3"), found("risks", "s3")], LINES)
    assert len(result.pairs) == 1
    assert len(result.false) == 1


def test_as_many_pairs_as_possible() -> None:
    both, first = found("decisions", "s3", "s4"), found("decisions", "s3")
    result = match([planted("decisions", "s3"), planted("decisions", "s4")], [both, first], LINES)
    assert len(result.pairs) == 2


def test_items_on_one_line_are_told_apart_by_their_words() -> None:
    book = planted("action_items", "s2", text="Book the train tickets", owner="S1")
    pay = planted("action_items", "s2", text="Pay for the hotel", owner="Ana")
    hotel = found("action_items", "s2", text="Pays the hotel")
    assert match([book, pay], [hotel], LINES).pairs == ((pay, hotel),)
    assert match([book, pay], [found("action_items", "s2", text="Water plants")], LINES).pairs == ()


def test_unknown_lines_match_nothing() -> None:
    assert not match([planted("risks", "s1")], [found("risks", "s9"), found("risks")], LINES).pairs


def test_word_overlap() -> None:
    assert word_overlap("Book the hotels", "booking a hotel room") == pytest.approx(0.5)
    assert word_overlap("Buy it", "Buy it") == 0


@pytest.mark.parametrize(
    ("is_planted", "is_found", "right"),
    [
        ("S2", "S2", True),
        ("S2", "tomás", True),
        ("S2", "S1", False),
        ("S1", "S1", True),
        ("Ana", "ana ", True),
        (None, None, True),
        (None, "S1", False),
        ("S1", None, False),
    ],
)
def test_owners(is_planted: str | None, is_found: str | None, right: bool) -> None:
    assert owner_is_right(is_planted, is_found, {"S1": None, "S2": "Tomás"}) is right


def test_ungrounded_quotes() -> None:
    items = [
        Found("risks", "x", (Evidence("s1", "by train"), Evidence("s1", "by bus"))),
        Found("risks", "x", (Evidence("s7", "by train"), Evidence("s1", ""))),
        Found("risks", "x", ()),
    ]
    assert len(ungrounded(items, LINES)) == 4


def test_items_of_an_analysis() -> None:
    evidence = (Evidence("s1", "We go by train."),)
    findings = Findings(
        "en",
        decisions=(Claim("By train", evidence),),
        action_items=(ActionItem("Book", "Book it", (), "S1", None, None, evidence),),
    )
    items = found_items(findings)
    assert [item.kind for item in items] == ["decisions", "action_items"]
    assert items[1].owner == "S1"
    assert items[0].line_ids == {"s1"}
