"""Has a language model read a conversation line by line, and remembers what its readout found in each line."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.analysis.labels import NOTHING_READ
from app.domain.analysis.readout import IN_CONTEXT, Readout, readout_for
from app.domain.analysis.windows import Window, windows
from app.domain.errors import InvalidInput
from app.domain.language.gateway import LanguageModel

log = logging.getLogger(__name__)

_HEADS: Mapping[str, str] = {
    "en": (
        "Conversation. After every line it is noted whether it is a task that somebody takes on, a decision, "
        "an open question, a risk, a plain fact, or just talk.\n\n"
    ),
    "es": (
        "Conversación. Después de cada línea se anota si es una tarea que alguien asume, una decisión, "
        "una pregunta abierta, un riesgo, un dato o simple charla.\n\n"
    ),
}
"""The readouts were fitted with these beginnings."""


class ReadConversation:
    """What sentences mean where they stand: "the blue one, then" settles something only after a choice.

    Labels are of sentences alone (``LabelSentences``); only a readout, fitted on the model, makes something of the rest.
    """

    def __init__(
        self,
        model: LanguageModel,
        readout_of: Callable[[str], Readout | None] = readout_for,
        *,
        remembered: int = 2_000,
    ) -> None:
        """Prepare.

        Args:
            model: reads.
            readout_of: gives what was fitted on a model, by its id; may read files.
            remembered: windows of some ten sentences kept, about a kilobyte each; no text is kept.
        """
        self._model = model
        self._readout_of = readout_of
        self._remembered = remembered
        self._known: OrderedDict[bytes, Sequence[NDArray[np.float32]]] = OrderedDict()

    async def read(
        self,
        texts: Sequence[str],
        language: str,
        on_progress: Callable[[float], None] = lambda fraction: None,
        *,
        goes_on: bool = False,
    ) -> Sequence[NDArray[np.float32]]:
        """What the readout finds in each sentence, places x kinds, empty if the model has no readout.

        Args:
            texts: the sentences of a conversation, in order.
            language: ISO 639-1 of the speech.
            on_progress: hears the fraction done.
            goes_on: more sentences follow; those at the end that will be read together with them are left out.

        Raises:
            GatewayError: the language model failed.
        """
        readout = await asyncio.to_thread(self._readout_of, self._model.model_id)
        if readout is None or language not in _HEADS:
            return [NOTHING_READ] * len(texts)
        readings: list[NDArray[np.float32]] = []
        cut = windows(texts)
        for window in cut[:-1] if goes_on else cut:
            readings += await self._window(texts, window, language, readout)
            on_progress(window.end / len(texts))
        return readings

    async def _window(
        self, texts: Sequence[str], window: Window, language: str, readout: Readout
    ) -> Sequence[NDArray[np.float32]]:
        lines = [f"- {text}\n" for text in texts[window.context : window.end]]
        new = window.end - window.begin
        key = hashlib.blake2b(f"{language}\0{new}\0{''.join(lines)}".encode(), digest_size=16).digest()
        if key not in self._known:
            try:
                leanings = await self._model.read(_HEADS[language], lines)
            except InvalidInput:  # more tokens than any language has for so few characters: it is no language
                log.info("lines too long to be read in context")
                return [np.zeros(readout.vectors.shape[1:3], np.float32)] * new
            self._known[key] = [readout.read(leaning, IN_CONTEXT) for leaning in leanings[-new:]]
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
