"""Writes the summary of a conversation from what was found in it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from app.application.analysis.prompts import Prompts, prompts_for
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.summary_check import Note, check_summary
from app.domain.analysis.wording import faithful_part, limited_words, shortened
from app.domain.analysis.words import stems
from app.domain.errors import GatewayTimeout, InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import GenerateOptions, Message

_MAX_WORDS = 120
_MAX_NOTES = 14
_MAX_NOTE = 160
"""Words of the summary, notes shown to the model, characters of a note: set by hand on evaluation/practice. More take longer and let a
small model wander from the notes; fewer leave out items of a long talk, or the end of a long sentence."""
_SAID = 6
"""Sentences that are shown to the model besides the items, one less for each item."""
_MUST_TELL = 0.6
"""Share of the items that a written summary must tell; else the digest is better."""
_FEW = 3
"""With fewer items than that, the summary also tells what was reported, if that was the purpose of the talk."""
_MIN_SENTENCES, _MIN_FACTS = 12, 0.5
"""Number of sentences, and share of facts among them, of a talk that reports something."""
_SCHEMA = {
    "type": "object",
    "properties": {"summary": {"type": "string", "minLength": 10, "maxLength": 560}},
    "required": ["summary"],
    "additionalProperties": False,
}


class Summarise:
    """Writes a digest of the items; strong models write a summary instead, of which what the notes bear out is kept.

    Small models repeat themselves, mix up owners and turn questions into facts when they write more than a sentence.
    """

    def __init__(self, model: LanguageModel) -> None:
        """Prepare; ``model`` writes the text."""
        self._model = model

    async def summary(
        self, labelled: Sequence[LabelledSentence], items: Sequence[Note], lexicon: Lexicon, language: str
    ) -> str:
        """At most 120 words in ``language``; empty if nothing was said.

        Args:
            labelled: every sentence of the transcript.
            items: what was found, worded, in order.
            lexicon: of the transcript's language.
            language: of the summary.
        """
        prompts = prompts_for(language)
        if not labelled:
            return ""
        chosen = _spread(items)
        told = _digest(chosen, prompts)
        if language == lexicon.language:  # else what the model writes could not be compared with what was said
            if chosen and self._model.capabilities.writes_prose:
                told = await self._written(labelled, chosen, lexicon, prompts) or told
            elif len(chosen) < _FEW and _is_informative(labelled):
                told = " ".join([await self._written(labelled, (), lexicon, prompts), told]).strip()
        return limited_words(told or prompts.nothing, _MAX_WORDS)

    async def _written(
        self, labelled: Sequence[LabelledSentence], items: Sequence[Note], lexicon: Lexicon, prompts: Prompts
    ) -> str:
        """What the model writes, as far as it holds; empty if it tells too little."""
        telling = await asyncio.to_thread(_telling, labelled, lexicon)
        said = [Note(None, shortened(text, _MAX_NOTE)) for text in telling[len(items) :]]
        notes = [*said, *(replace(note, text=shortened(note.text, _MAX_NOTE)) for note in items)]
        written = await self._ask(prompts, notes)
        # Each written sentence is compared with all that was said, which takes long enough to be felt by other sessions.
        return await asyncio.to_thread(_borne_out, written, labelled, items, notes, lexicon)

    async def _ask(self, prompts: Prompts, notes: Sequence[Note]) -> str:
        example, echo = prompts.summary_example
        lines = [f"{_heading(note, prompts)}: {note.text}" for note in notes]
        messages = [
            Message("system", prompts.summary),
            Message("user", example),
            Message("assistant", echo),
            Message("user", "\n".join(lines)),
        ]
        try:
            completion = await self._model.generate(messages, GenerateOptions(max_tokens=260, json_schema=_SCHEMA))
            written = str(json.loads(completion.text)["summary"])
        except (InvalidInput, GatewayTimeout, ValueError, KeyError, TypeError):
            return ""
        return "" if written.strip() in echo else written


def _borne_out(
    written: str,
    labelled: Sequence[LabelledSentence],
    items: Sequence[Note],
    notes: Sequence[Note],
    lexicon: Lexicon,
) -> str:
    """The part of what was written that holds; empty if that tells too few of the items."""
    source = " ".join([*(entry.sentence.text for entry in labelled), *(note.text for note in items)])
    speakers = {entry.sentence.speaker for entry in labelled if entry.sentence.speaker}
    checked = check_summary(faithful_part(written, source, speakers), notes, lexicon)
    return checked.text if checked.told >= _MUST_TELL * len(items) else ""


def _is_informative(labelled: Sequence[LabelledSentence]) -> bool:
    facts = sum(entry.label is Label.FACT for entry in labelled)
    return len(labelled) >= _MIN_SENTENCES and facts >= _MIN_FACTS * len(labelled)


def _heading(note: Note, prompts: Prompts) -> str:
    kind = prompts.kinds[note.kind] if note.kind is not None else prompts.said
    return f"{kind}, {note.owner}" if note.owner else kind


def _telling(labelled: Sequence[LabelledSentence], lexicon: Lexicon) -> list[str]:
    """The sentences that say most about the matter, in order."""
    worth = [
        (entry.probabilities.get(Label.FACT, 0.0) * len(stems(entry.sentence.text, lexicon)), index)
        for index, entry in enumerate(labelled)
        if not entry.sentence.text.endswith("?")
    ]
    best = sorted(index for value, index in sorted(worth, reverse=True)[:_SAID] if value > 0)
    return [labelled[index].sentence.text for index in best]


def _spread(items: Sequence[Note]) -> list[Note]:
    """Not too many items, evenly from the whole conversation."""
    if len(items) <= _MAX_NOTES:
        return list(items)
    return [items[round(place * (len(items) - 1) / (_MAX_NOTES - 1))] for place in range(_MAX_NOTES)]


def _digest(items: Sequence[Note], prompts: Prompts) -> str:
    """The items one after the other, by kind."""
    parts: list[str] = []
    for kind, heading in prompts.headings.items():
        texts = [
            note.text.rstrip(".") + (f" ({note.owner})" if note.owner else "") for note in items if note.kind is kind
        ]
        if texts:
            told = "; ".join(texts)
            parts.append(f"{heading}: {told}" + ("" if told[-1] in "?!…" else "."))
    return " ".join(parts)
