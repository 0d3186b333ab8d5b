"""A language model without weights, for tests and the ``dummy`` profile."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import Completion, GenerateOptions, LanguageModelCapabilities, Message, Weighing

_WORD = re.compile(r"\w+|[?¿]")
_TOKEN = re.compile(r"\w+|\S")
_OUTPUT_WORDS = 12


class DummyLanguageModel(LanguageModel):
    """Counts words: ``weigh`` compares the text with the prefix's own examples, ``generate`` repeats what it was given.

    It knows no task: an alternative is likely if the blocks of the prefix (separated by blank lines) that end with it share
    words with the text. Answers depend on the input alone.
    """

    def __init__(self, context_tokens: int = 4096) -> None:
        """Prepare a model.

        Args:
            context_tokens: prompt and output together, in words.
        """
        self._capabilities = LanguageModelCapabilities(context_tokens=context_tokens)

    @property
    def model_id(self) -> str:
        """Always ``dummy``."""
        return "dummy"

    @property
    def capabilities(self) -> LanguageModelCapabilities:
        """The context given."""
        return self._capabilities

    async def generate(self, messages: Sequence[Message], options: GenerateOptions) -> Completion:
        """Repeat the last message's last words, as free text or as every string of the schema."""
        prompt_tokens = sum(_count(message.content) for message in messages)
        self._check_fits(prompt_tokens + 1)
        asked = [message.content for message in messages if message.role == "user"] or [""]
        words = asked[-1].split()[-_OUTPUT_WORDS:]
        if options.json_schema is not None:
            text = json.dumps(_instance(options.json_schema, " ".join(words)), ensure_ascii=False)
            return Completion(text, "stop", prompt_tokens, _count(text))
        text = " ".join(words)
        for stop in options.stop:
            text = text.split(stop)[0] if stop else text
        ends = [match.end() for match in _TOKEN.finditer(text)]
        kept = text if len(ends) <= options.max_tokens else text[: ends[options.max_tokens - 1]]
        return Completion(kept, "stop" if kept == text else "length", prompt_tokens, _count(kept))

    async def weigh(self, prefix: str, text: str, alternatives: Sequence[str]) -> Weighing:
        """Share of each alternative in the likeness of the text to the prefix's examples."""
        if len(alternatives) < 2 or len({alternative.strip() for alternative in alternatives}) < len(alternatives):
            raise InvalidInput("weighing needs at least two different alternatives")
        self._check_fits(_count(prefix) + _count(text))
        said = set(_WORD.findall(text.lower()))
        likeness = [1e-3] * len(alternatives)
        for block in re.split(r"\n\s*\n", prefix):
            for index, alternative in enumerate(alternatives):
                if block.rstrip().endswith(alternative.strip()):
                    likeness[index] = max(likeness[index], _overlap(said, set(_WORD.findall(block.lower()))))
        sharpened = [value**4 for value in likeness]
        return Weighing(tuple(value / sum(sharpened) for value in sharpened))

    async def read(self, prefix: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """It leans to nothing."""
        if not passages or not all(passages):
            raise InvalidInput("a passage to read must not be empty")
        self._check_fits(_count(prefix) + sum(map(_count, passages)))
        return np.zeros((len(passages), 0), np.float32)

    async def count_tokens(self, text: str) -> int:
        """Number of words and marks."""
        return _count(text)

    def _check_fits(self, tokens: int) -> None:
        if tokens > self._capabilities.context_tokens:
            raise InvalidInput(f"the prompt has {tokens} tokens, the context {self._capabilities.context_tokens}")


def _count(text: str) -> int:
    return len(_TOKEN.findall(text))


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _instance(schema: Mapping[str, Any], text: str) -> Any:
    """The smallest value that is valid against the schema, with ``text`` as its strings."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _instance(schema[union][0], text)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _instance(part, text) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_instance(schema.get("items", {"type": "string"}), text) for _ in range(schema.get("minItems", 0))]
    if kind == "string":
        return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", len(text))]
    return {"integer": schema.get("minimum", 0), "number": schema.get("minimum", 0.0), "boolean": False}.get(kind)
