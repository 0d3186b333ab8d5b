"""Puts found items into words with a language model, and keeps only words that the transcript bears out."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.application.analysis.prompts import Prompts, prompts_for
from app.domain.analysis.due import find_due
from app.domain.analysis.extract import FoundItem
from app.domain.analysis.labels import Label
from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.wording import capitalised, foreign_words, shortened, tidy, title_of
from app.domain.analysis.words import stems
from app.domain.errors import GatewayTimeout, InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import GenerateOptions, Message

_PER_CALL = 5
"""Small models mix up longer lists."""
_MAX_TITLE, _MAX_TEXT = 80, 200
_MAX_NOTE = 320
_MAX_TOKENS = 420
_SHARED = 0.5
"""Least share of a wording's content words that must come from the note …"""
_TITLE, _DESCRIPTION, _CLAIM = 0.2, 0.4, 0.6
"""… and of the main sentence's content words that must come back in the wording: titles are short, claims are not."""
_STEM_CHARS = 4
"""Shorter than elsewhere: a wording may change the form of a verb (llamo, llamar)."""
_LABELS = re.compile(r"\bS\d+\b")


@dataclass(frozen=True)
class Wording:
    """How an item reads: ``text`` of a claim or title of a task, and a task's description."""

    text: str
    description: str = ""


class WordItems:
    """Asks for the wording of a few items at a time; what was said stands in wherever the answer cannot be trusted."""

    def __init__(self, model: LanguageModel) -> None:
        """Prepare; ``model`` writes the texts."""
        self._model = model

    async def word(
        self,
        items: Sequence[FoundItem],
        lexicon: Lexicon,
        language: str,
        *,
        asked: int,
        on_progress: Callable[[float], None],
    ) -> list[Wording]:
        """Word every item.

        Args:
            items: what was found.
            lexicon: of the transcript's language.
            language: of the result.
            asked: how many items the model may be asked about; the others keep the words of the transcript.
            on_progress: hears the fraction done.
        """
        wordings = [said(item, lexicon) for item in items]
        translated = language != lexicon.language
        wanted = [n for n, item in enumerate(items) if translated or item.kind in (Label.TASK, Label.DECISION)][:asked]
        for begin in range(0, len(wanted), _PER_CALL):
            numbers = wanted[begin : begin + _PER_CALL]
            answers = await self._ask([items[number] for number in numbers], prompts_for(language))
            for number, answer in zip(numbers, answers, strict=True):
                worded = _checked(answer, items[number], lexicon, translated=translated)
                wordings[number] = worded or wordings[number]
            on_progress((begin + len(numbers)) / len(wanted))
        return wordings

    async def _ask(self, items: Sequence[FoundItem], prompts: Prompts) -> list[Any]:
        notes = "\n".join(f"{n} ({_heading(item, prompts)}): {_note(item)}" for n, item in enumerate(items, 1))
        messages = [
            Message("system", prompts.wording),
            Message("user", prompts.wording_example[0]),
            Message("assistant", prompts.wording_example[1]),
            Message("user", notes),
        ]
        options = GenerateOptions(max_tokens=_MAX_TOKENS, json_schema=_schema(items))
        try:
            completion = await self._model.generate(messages, options)
            answers = json.loads(completion.text)
        except (InvalidInput, GatewayTimeout, ValueError):
            answers = None
        if not isinstance(answers, dict):
            return [None] * len(items)
        return [answers.get(str(number)) for number in range(1, len(items) + 1)]


def said(item: FoundItem, lexicon: Lexicon) -> Wording:
    """An item in the words of the transcript."""
    if item.kind is Label.QUESTION:
        asked = [s for s in item.sentences if s.text.endswith("?") and s.speaker == item.main.speaker][:2]
        return Wording(shortened(" ".join(tidy(s.text, lexicon) for s in asked or [item.main]), _MAX_TEXT))
    if item.kind is Label.TASK:
        sentences = " ".join(capitalised(sentence.text) for sentence in item.sentences[:2])
        return Wording(title_of(item.main.text, lexicon), shortened(sentences, _MAX_NOTE))
    return Wording(shortened(tidy(item.main.text, lexicon), _MAX_TEXT))


def _heading(item: FoundItem, prompts: Prompts) -> str:
    kind = prompts.kinds[item.kind]
    return f"{kind}, {item.owner}" if item.kind is Label.TASK and item.owner else kind


def _note(item: FoundItem) -> str:
    """What was said, with what was said just before where that is needed."""
    return shortened(" / ".join(sentence.text for sentence in (*item.context, *item.sentences)), _MAX_NOTE)


def _schema(items: Sequence[FoundItem]) -> Mapping[str, Any]:
    task = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 3, "maxLength": _MAX_TITLE},
            "description": {"type": "string", "minLength": 3, "maxLength": _MAX_TEXT},
        },
        "required": ["title", "description"],
        "additionalProperties": False,
    }
    claim = {"type": "string", "minLength": 3, "maxLength": _MAX_TEXT}
    properties = {str(n): task if item.kind is Label.TASK else claim for n, item in enumerate(items, 1)}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _checked(answer: Any, item: FoundItem, lexicon: Lexicon, *, translated: bool) -> Wording | None:
    if isinstance(answer, dict):
        title, description = str(answer.get("title", "")).strip(), str(answer.get("description", "")).strip()
        plain = said(item, lexicon)
        return Wording(
            title_of(title, lexicon) if _trusted(title, item, lexicon, _TITLE, translated) else plain.text,
            description if _trusted(description, item, lexicon, _DESCRIPTION, translated) else plain.description,
        )
    if isinstance(answer, str) and _trusted(answer.strip(), item, lexicon, _CLAIM, translated):
        return Wording(capitalised(answer.strip()))
    return None


def _trusted(text: str, item: FoundItem, lexicon: Lexicon, covered: float, translated: bool) -> bool:
    """Whether a wording stays with what was said: no new names or numbers, mostly the same words, and no lost "not"."""
    source = _note(item) + " " + (item.owner or "")
    if len(text.split()) < 2 or foreign_words(text, source) or not set(_LABELS.findall(text)) <= {item.owner}:
        return False
    due = find_due(text, lexicon.language)
    if due is not None and due.lower() not in source.lower():
        return False
    if translated:
        return True
    if _share(text, source, lexicon) < _SHARED or _share(item.main.text, text, lexicon) < covered:
        return False
    return lexicon.says("negations", item.main.text) == lexicon.says("negations", text)


def _share(text: str, source: str, lexicon: Lexicon) -> float:
    """Share of the content words of ``text`` that ``source`` has."""
    content = stems(text, lexicon, _STEM_CHARS)
    return len(content & stems(source, lexicon, _STEM_CHARS)) / len(content) if content else 1.0
