import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from app.application.analysis.summarise import Summarise
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.sentences import Sentence
from app.domain.analysis.summary_check import Note
from app.domain.language.models import Completion, GenerateOptions, LanguageModelCapabilities, Message
from app.infrastructure.language.dummy_language_model import DummyLanguageModel
from tests.unit.analysis.conversation import sentences

pytestmark = pytest.mark.unit

ITEMS = [
    Note(Label.DECISION, "The choir sings in Latin."),
    Note(Label.TASK, "Tune the organ before Sunday", "S1"),
    Note(Label.QUESTION, "Who pays the soloists?"),
]
DIGEST = "Decided: The choir sings in Latin. To do: Tune the organ before Sunday (S1). Open: Who pays the soloists?"


class Writer(DummyLanguageModel):
    """Writes the same summary whatever it is asked."""

    def __init__(self, text: str, *, strong: bool) -> None:
        super().__init__()
        self._text = text
        self._strong = strong

    @property
    def capabilities(self) -> LanguageModelCapabilities:
        return LanguageModelCapabilities(4096, writes_prose=self._strong)

    async def generate(self, messages: Sequence[Message], options: GenerateOptions) -> Completion:
        return Completion(f'{{"summary": "{self._text}"}}', "stop", 1, 1)


def told(label: Label, *turns: str) -> list[LabelledSentence]:
    return [
        LabelledSentence(sentence, {kind: 0.9 if kind is label else 0.02 for kind in Label})
        for sentence in sentences(*turns)
    ]


async def summarise(
    model: DummyLanguageModel, items: Sequence[Note], labelled: Sequence[LabelledSentence], language: str = "en"
) -> str:
    return await Summarise(model).summary(labelled, items, lexicon_for("en"), language)


async def test_small_models_get_a_digest() -> None:
    assert await summarise(Writer("Anything.", strong=False), ITEMS, told(Label.CHAT, "S1: Hello there.")) == DIGEST


async def test_strong_models_write_and_are_checked() -> None:
    written = "The choir sings in Latin. S1 tunes the organ before Sunday. Bob pays 900."
    summary = await summarise(Writer(written, strong=True), ITEMS, told(Label.CHAT, "S1: Hello there."))
    assert summary == "The choir sings in Latin. S1 tunes the organ before Sunday."


async def test_a_summary_that_tells_too_little_gives_way_to_the_digest() -> None:
    summary = await summarise(Writer("It was a talk.", strong=True), ITEMS, told(Label.CHAT, "S1: Hello there."))
    assert summary == DIGEST


async def test_reports_without_items_are_summed_up() -> None:
    report = told(Label.FACT, *(f"S1: The museum bought {number} old paintings in Rome." for number in range(2, 16)))
    summary = await summarise(Writer("The museum bought old paintings in Rome.", strong=False), [], report)
    assert summary == "The museum bought old paintings in Rome."


async def test_chats_have_nothing_to_tell() -> None:
    chat = told(Label.CHAT, *(f"S1: What a lovely day number {number}." for number in range(14)))
    summary = await summarise(Writer("A lovely day.", strong=False), [], chat)
    assert summary == "Nothing was decided, planned or left open in this conversation."
    assert await summarise(Writer("A lovely day.", strong=False), [], []) == ""


async def test_digests_speak_the_language_asked_for() -> None:
    summary = await summarise(Writer("x", strong=True), ITEMS[:1], told(Label.CHAT, "S1: Hello there."), "es")
    assert summary == "Decidido: The choir sings in Latin."


async def test_long_lists_stay_within_120_words() -> None:
    many = [
        Note(Label.TASK, f"Carry the box with the number {number} up to the attic of the museum", "S1")
        for number in range(60)
    ]
    assert len((await summarise(Writer("x", strong=False), many, told(Label.CHAT, "S1: Hello."))).split()) <= 120


class WatchedSentence(Sentence):
    """Remembers which threads read what was said."""

    readers: ClassVar[set[int]] = set()

    def __getattribute__(self, name: str) -> Any:
        if name == "text":
            WatchedSentence.readers.add(threading.get_ident())
        return super().__getattribute__(name)


async def test_what_was_said_is_compared_beside_the_event_loop() -> None:
    talk = told(Label.CHAT, "S1: The choir sings in Latin.", "S1: I'll tune the organ before Sunday.")
    watched = [replace(entry, sentence=WatchedSentence(**vars(entry.sentence))) for entry in talk]
    WatchedSentence.readers.clear()
    assert await summarise(Writer("The choir sings in Latin.", strong=True), ITEMS[:1], watched)
    assert WatchedSentence.readers
    assert threading.get_ident() not in WatchedSentence.readers
