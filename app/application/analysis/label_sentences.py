"""Labels sentences one by one with a language model, and remembers the labels."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.application.analysis.examples import ExampleSet, examples_for
from app.domain.analysis.labels import NOTHING_READ, Label, LabelledSentence
from app.domain.analysis.readout import ALONE, Readout, readout_for
from app.domain.analysis.sentences import Sentence
from app.domain.language.gateway import LanguageModel

_LABELS = tuple(Label)
_SENTENCE_TOKENS = 192
"""Room for the longest sentence (``sentences``) in the tokens of any model."""
_ALTERNATIVES = tuple(f" {label.value}" for label in _LABELS)

_Opinion: TypeAlias = tuple[tuple[float, ...], NDArray[np.float32]]
"""Probabilities of the labels, and what the readout reads."""


class LabelSentences:
    """Asks for each sentence what it is; equal sentences are asked once.

    Sentences are labelled alone, after constant examples: small models label them far better so than inside a transcript.
    """

    def __init__(
        self,
        model: LanguageModel,
        readout_of: Callable[[str], Readout | None] = readout_for,
        *,
        remembered: int = 20_000,
    ) -> None:
        """Prepare.

        Args:
            model: weighs the labels.
            readout_of: gives what was fitted on a model, by its id; may read files.
            remembered: labels kept, about 400 bytes each; no text is kept.
        """
        self._model = model
        self._readout_of = readout_of
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Opinion] = OrderedDict()
        self._asking = asyncio.Lock()
        self._examples: dict[str, ExampleSet] = {}

    async def label(
        self, sentences: Sequence[Sentence], language: str, on_progress: Callable[[float], None] = lambda fraction: None
    ) -> tuple[LabelledSentence, ...]:
        """Label sentences; ``on_progress`` hears the fraction done after each."""
        labelled: list[LabelledSentence] = []
        for sentence in sentences:
            probabilities, readings = await self._weigh(sentence.text, language)
            labelled.append(LabelledSentence(sentence, dict(zip(_LABELS, probabilities, strict=True)), readings))
            on_progress(len(labelled) / len(sentences))
        return tuple(labelled)

    async def prepare(self, language: str) -> None:
        """Have the model evaluate the language's examples, which takes longer than many sentences."""
        async with self._asking:
            examples = await self._fitting(language)
            await self._model.weigh(examples.prefix(), examples.question("…"), _ALTERNATIVES)

    async def _weigh(self, text: str, language: str) -> _Opinion:
        key = hashlib.blake2b(f"{language}\0{text}".encode(), digest_size=16).digest()
        async with self._asking:
            if key not in self._known:
                examples = await self._fitting(language)
                weighing = await self._model.weigh(examples.prefix(), examples.question(text), _ALTERNATIVES)
                readout = await asyncio.to_thread(self._readout_of, self._model.model_id)
                readings = NOTHING_READ if readout is None else readout.read(weighing.leaning, ALONE)
                self._known[key] = weighing.probabilities, readings
                if len(self._known) > self._remembered:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]

    async def _fitting(self, language: str) -> ExampleSet:
        """The language's examples, as many as leave room for a sentence."""
        if language not in self._examples:
            examples = examples_for(language)
            room = self._model.capabilities.context_tokens - _SENTENCE_TOKENS
            while len(examples.examples) > 1 and await self._model.count_tokens(examples.prefix()) > room:
                examples = examples.halved()
            self._examples[language] = examples
        return self._examples[language]
