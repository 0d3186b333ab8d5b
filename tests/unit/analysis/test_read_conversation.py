"""Sentences are read where they stand, in windows that hardly move when a sentence does."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.application.analysis.read_conversation import ReadConversation
from app.domain.analysis.labels import KINDS
from app.domain.analysis.readout import PLACES, SOURCES, Readout
from app.domain.analysis.windows import windows
from app.domain.errors import InvalidInput
from app.infrastructure.language.dummy_language_model import DummyLanguageModel

pytestmark = pytest.mark.unit

TEXTS = [f"Sentence number {number}." for number in range(60)]
READOUT = Readout(
    np.ones((len(SOURCES), len(PLACES), len(KINDS), 1), np.float32), np.zeros((len(SOURCES), 1), np.float32), {}
)


class CountingReader(DummyLanguageModel):
    """Leans by the length of each passage, and remembers how much it read."""

    def __init__(self, longest: int = 10_000) -> None:
        super().__init__()
        self.passages = 0
        self._longest = longest

    async def read(self, prefix: str, passages: Sequence[str]) -> NDArray[np.float32]:
        if max(map(len, passages)) > self._longest:
            raise InvalidInput("too long")
        self.passages += len(passages)
        return np.array([[len(passage)] for passage in passages], np.float32)


@given(st.lists(st.text(max_size=400), max_size=120))
def test_every_sentence_is_in_one_window_and_read_after_the_window_before(texts: list[str]) -> None:
    found = windows(texts)
    assert [index for window in found for index in range(window.begin, window.end)] == list(range(len(texts)))
    assert all(window.context == before.begin for before, window in itertools.pairwise(found))
    assert all(sum(map(len, texts[window.begin : window.end - 1])) < 1_500 for window in found)
    assert all(1 <= window.end - window.begin <= 16 for window in found)


def test_a_sentence_more_changes_only_windows_around_it() -> None:
    def read_together(texts: Sequence[str]) -> set[tuple[str, ...]]:
        return {tuple(texts[window.context : window.end]) for window in windows(texts)}

    before, after = read_together(TEXTS), read_together([*TEXTS[:20], "One more.", *TEXTS[20:]])
    assert len(after - before) <= 4
    assert len(before & after) >= 2


async def test_readings_are_of_each_sentence_and_remembered() -> None:
    model = CountingReader()
    reader = ReadConversation(model, lambda model_id: READOUT)
    heard: list[float] = []
    readings = await reader.read(TEXTS, "en", heard.append)
    assert [reading[0, 0] for reading in readings] == [len(f"- {text}\n") for text in TEXTS]
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert model.passages < 2 * len(TEXTS)
    read = model.passages
    again = await reader.read(TEXTS, "en")
    assert model.passages == read
    assert all((one == other).all() for one, other in zip(readings, again, strict=True))


async def test_what_was_read_while_it_went_on_is_not_read_again() -> None:
    model = CountingReader()
    reader = ReadConversation(model, lambda model_id: READOUT)
    for end in range(10, 61, 10):
        assert len(await reader.read(TEXTS[:end], "en", goes_on=True)) < end
    read = model.passages
    await reader.read(TEXTS, "en")
    assert model.passages - read <= 32  # the last window and the one before it


async def test_without_a_readout_or_in_other_languages_nothing_is_read() -> None:
    model = CountingReader()
    assert all(not r.size for r in await ReadConversation(model).read(TEXTS, "en"))
    assert all(not r.size for r in await ReadConversation(model, lambda model_id: READOUT).read(TEXTS, "fi"))
    assert model.passages == 0


async def test_what_no_context_holds_says_nothing_and_spoils_nothing() -> None:
    readings = await ReadConversation(CountingReader(longest=100), lambda model_id: READOUT).read(
        [*TEXTS, "x" * 200], "en"
    )
    assert readings[0].any()
    assert readings[-1].shape == readings[0].shape
    assert not readings[-1].any()


async def test_only_so_many_windows_are_remembered() -> None:
    model = CountingReader()
    reader = ReadConversation(model, lambda model_id: READOUT, remembered=1)
    await reader.read(TEXTS, "en")
    read = model.passages
    await reader.read(TEXTS, "en")
    assert model.passages > read
