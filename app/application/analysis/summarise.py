"""Writes the summary of a conversation from what was found in it."""

import json
from collections.abc import Sequence

from app.application.analysis.prompts import prompts_for
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.wording import faithful_part, limited_words, shortened
from app.domain.analysis.words import stems
from app.domain.errors import GatewayTimeout, InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import GenerateOptions, Message

_MAX_WORDS = 120
_MAX_NOTES = 14
_MAX_NOTE = 160
_SAID = 4
"""Sentences that are shown to the model besides the items, for the subject of the talk."""
_CHATTING = 12
"""A conversation without items is summed up from this many sentences on; before, there is nothing to tell."""
_SCHEMA = {
    "type": "object",
    "properties": {"summary": {"type": "string", "minLength": 10, "maxLength": 700}},
    "required": ["summary"],
    "additionalProperties": False,
}


class Summarise:
    """Asks for the summary, and drops its sentences that bring in names or numbers of their own."""

    def __init__(self, model: LanguageModel) -> None:
        """Prepare; ``model`` writes the text."""
        self._model = model

    async def summary(
        self, labelled: Sequence[LabelledSentence], items: Sequence[tuple[Label, str]], lexicon: Lexicon, language: str
    ) -> str:
        """At most 120 words in ``language``; empty if nothing was said.

        Args:
            labelled: every sentence of the transcript.
            items: kind and wording of what was found, in order.
            lexicon: of the transcript's language.
            language: of the summary.
        """
        prompts = prompts_for(language)
        if not labelled:
            return ""
        if not items and len(labelled) < _CHATTING:
            return prompts.nothing
        said = [shortened(text, _MAX_NOTE) for text in _telling(labelled, lexicon)]
        notes = [("said" if language != "es" else "dicho", text) for text in said]
        notes += [(prompts.kinds[kind], shortened(text, _MAX_NOTE)) for kind, text in _spread(items)]
        written = await self._ask(prompts.summary, prompts.summary_example, "\n".join(f"{k}: {t}" for k, t in notes))
        source = " ".join([*(entry.sentence.text for entry in labelled), *(text for _, text in items)])
        speakers = {entry.sentence.speaker for entry in labelled if entry.sentence.speaker}
        kept = faithful_part(written, source, speakers)
        return limited_words(kept or self._fallback(items, prompts.nothing), _MAX_WORDS)

    @staticmethod
    def _fallback(items: Sequence[tuple[Label, str]], nothing: str) -> str:
        order = (Label.DECISION, Label.TASK, Label.QUESTION, Label.RISK)
        texts = [text for kind in order for item_kind, text in items if item_kind is kind]
        return " ".join(text if text[-1:] in ".?!…" else text + "." for text in texts[:5]) or nothing

    async def _ask(self, instructions: str, example: tuple[str, str], notes: str) -> str:
        messages = [
            Message("system", instructions),
            Message("user", example[0]),
            Message("assistant", example[1]),
            Message("user", notes),
        ]
        try:
            completion = await self._model.generate(messages, GenerateOptions(max_tokens=260, json_schema=_SCHEMA))
            written = str(json.loads(completion.text)["summary"])
        except (InvalidInput, GatewayTimeout, ValueError, KeyError, TypeError):
            return ""
        echo = json.loads(example[1])["summary"]
        return "" if written.strip() == echo else written


def _telling(labelled: Sequence[LabelledSentence], lexicon: Lexicon) -> list[str]:
    """The sentences that say most about the matter, in order."""
    worth = [
        (entry.probabilities.get(Label.FACT, 0.0) * len(stems(entry.sentence.text, lexicon)), index)
        for index, entry in enumerate(labelled)
        if not entry.sentence.text.endswith("?")
    ]
    best = sorted(index for value, index in sorted(worth, reverse=True)[:_SAID] if value > 0)
    return [labelled[index].sentence.text for index in best]


def _spread(items: Sequence[tuple[Label, str]]) -> list[tuple[Label, str]]:
    """Not too many items, evenly from the whole conversation."""
    if len(items) <= _MAX_NOTES:
        return list(items)
    return [items[round(place * (len(items) - 1) / (_MAX_NOTES - 1))] for place in range(_MAX_NOTES)]
