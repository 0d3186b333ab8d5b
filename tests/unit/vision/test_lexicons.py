"""The lexicons are complete, in both languages alike."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.vision.coco import COCO_LABELS
from app.domain.vision.things import SIZES
from app.domain.vision.wording.lexicon import LANGUAGES, lexicon_for

pytestmark = pytest.mark.unit
SPANISH, ENGLISH = lexicon_for("es"), lexicon_for("en")
MAX_SPOKEN_CHARS = 90


def fields(template: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", template))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_has_a_name_and_a_size(language: str) -> None:
    lexicon = lexicon_for(language)
    assert set(SIZES) == set(COCO_LABELS)
    assert set(lexicon.nouns) == set(SIZES)
    for label in SIZES:
        for count in (1, 2, 13):
            assert lexicon.amount(label, count).strip()
            assert lexicon.amount(label, count, again=True).strip()
        assert lexicon.the(label).strip()
        assert lexicon.none_of(label).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_name_classes(language: str) -> None:
    for labels in lexicon_for(language).kinds.values():
        assert set(labels) <= set(SIZES)


def test_both_languages_say_the_same_things() -> None:
    def keys(section: Mapping[str, Any]) -> dict[str, set[str]]:
        return {name: set(entries) for name, entries in section.items() if isinstance(entries, dict)}

    sections = ("riding", "places", "sides", "settings", "sentences", "answers", "questions")
    assert {name: keys(SPANISH.parts)[name] for name in sections} == {
        name: keys(ENGLISH.parts)[name] for name in sections
    }
    assert keys(SPANISH.risks) == keys(ENGLISH.risks)
    assert set(SPANISH.suggestions) == set(ENGLISH.suggestions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_risks_are_sentences_that_can_be_spoken(language: str) -> None:
    lexicon = lexicon_for(language)
    longest = {
        "a": max((lexicon.amount(label, 1) for label in SIZES), key=len),
        "where": max(lexicon.parts["sides"].values(), key=len),
        "words": "«" + "x" * 40 + "»",
        "count": "thirteen",
    }
    for cases in lexicon.risks.values():
        for entry in cases.values():
            assert fields(entry["text"]) | fields(entry["unsure"]) <= set(longest)
            assert fields(entry["reason"]) <= {"the", "The", "number", "Number"}
            assert entry.get("do") is None or entry["do"] in lexicon.suggestions
            for key in ("text", "unsure", "reason"):
                assert entry[key].endswith(".")
            assert len(entry["text"].format(**longest)) <= MAX_SPOKEN_CHARS
            assert len(entry["unsure"].format(**longest)) <= MAX_SPOKEN_CHARS


def test_every_suggestion_is_used() -> None:
    used = {entry.get("do") for cases in SPANISH.risks.values() for entry in cases.values()}
    assert set(SPANISH.suggestions) - used == {"photo"}


@pytest.mark.parametrize(
    ("label", "count", "spanish", "english"),
    [
        ("person", 1, "una persona", "a person"),
        ("person", 12, "doce personas", "twelve people"),
        ("car", 1, "un coche", "a car"),
        ("car", 21, "21 coches", "21 cars"),
        ("umbrella", 1, "un paraguas", "an umbrella"),
        ("umbrella", 2, "dos paraguas", "two umbrellas"),
        ("scissors", 1, "unas tijeras", "a pair of scissors"),
        ("scissors", 2, "dos tijeras", "two pairs of scissors"),
        ("broccoli", 1, "un brócoli", "some broccoli"),
        ("skis", 1, "unos esquís", "a pair of skis"),
        ("sheep", 3, "tres ovejas", "three sheep"),
        ("knife", 2, "dos cuchillos", "two knives"),
    ],
)
def test_amounts(label: str, count: int, spanish: str, english: str) -> None:
    assert SPANISH.amount(label, count) == spanish
    assert ENGLISH.amount(label, count) == english


def test_others() -> None:
    assert SPANISH.amount("person", 1, again=True) == "otra persona"
    assert SPANISH.amount("car", 3, again=True) == "otros tres coches"
    assert ENGLISH.amount("car", 1, again=True) == "another car"
    assert ENGLISH.amount("car", 3, again=True) == "three more cars"
    assert SPANISH.at_least("car", 1) == "al menos un coche"
    assert ENGLISH.at_least("car", 1) == "at least one car"
