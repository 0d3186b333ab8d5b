"""Language models in GGUF files, run by llama.cpp."""

import codecs
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import ConfigurationError, InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import Completion, GenerateOptions, LanguageModelCapabilities, Message, Weighing
from app.infrastructure.language.chat_templates import ChatTemplate, recognise
from app.infrastructure.runtime.cores import threads_for
from app.infrastructure.runtime.llama_cpp.engine import LlamaCppEngine, Logits
from app.infrastructure.runtime.llama_cpp.sampling import TokenChooser
from app.infrastructure.runtime.worker import CancelToken, ModelWorker

_PROSE_PARAMETERS = 6_000_000_000
"""What is sold as "7B" and up; models of 1.5 billion mix up owners (docs/analysis.md)."""


_LEANING_TOKENS, _LEANING_SIZE = (256, 60_000), 1024
"""Logits are linear in the last hidden state, so those of any thousand tokens tell nearly all of it, for nothing."""


class LlamaCppLanguageModel(LanguageModel):
    """A GGUF instruct model behind one worker: one prompt at a time, cancelled between tokens."""

    def __init__(
        self,
        model: str,
        locate: Callable[[str], Path],
        *,
        context_tokens: int = 4096,
        threads: int = 0,
        deadline_s: float = 600.0,
    ) -> None:
        """Prepare; the file is loaded by the first use.

        Args:
            model: catalog name, or path of a GGUF file or of a folder with one.
            locate: finds it.
            context_tokens: prompt and output together; less if the model was trained on less.
            threads: 0 = one for each core.
            deadline_s: bound on waiting plus running of one call.
        """
        self._name = model
        self._locate = locate
        self._context_tokens = context_tokens
        self._threads = threads_for("language_model", threads)
        self._family: ChatTemplate | None = None
        self._parameters = 0
        self.worker = ModelWorker(f"language model {Path(model).name}", self._load, deadline_s=deadline_s)

    @property
    def model_id(self) -> str:
        """The catalog name, or the file's name without its ending."""
        return Path(self._name).stem if self._name.lower().endswith(".gguf") else Path(self._name).name

    @property
    def capabilities(self) -> LanguageModelCapabilities:
        """The context that was asked for; prose by the number of parameters."""
        return LanguageModelCapabilities(
            context_tokens=self._context_tokens, writes_prose=self._parameters >= _PROSE_PARAMETERS
        )

    def close(self) -> None:
        """Stop the worker and free the model. Blocking."""
        self.worker.close()

    async def generate(self, messages: Sequence[Message], options: GenerateOptions) -> Completion:
        """Answer; everything before the last message is taken as constant and its evaluation kept."""
        return await self.worker.run(lambda engine, token: self._answer(engine, token, messages, options))

    async def weigh(self, prefix: str, text: str, alternatives: Sequence[str]) -> Weighing:
        """Softmax over the alternatives' first tokens."""
        return await self.worker.run(lambda engine, token: _weigh(engine, token, prefix, text, alternatives))

    async def read(self, prefix: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """The same view of the last hidden state as ``weigh`` gives."""
        return await self.worker.run(lambda engine, token: _read(engine, token, prefix, passages))

    async def count_tokens(self, text: str) -> int:
        """Tokens of the text as plain text."""
        return await self.worker.run(lambda engine, token: len(engine.tokenize(text)))

    def _load(self) -> LlamaCppEngine:
        path = _gguf_file(self._locate(self._name))
        engine = LlamaCppEngine(path, context_tokens=self._context_tokens, threads=self._threads)
        self._parameters = engine.parameters
        self.worker.weights_bytes = path.stat().st_size
        return engine

    def _answer(
        self, engine: LlamaCppEngine, token: CancelToken, messages: Sequence[Message], options: GenerateOptions
    ) -> Completion:
        if options.max_tokens < 1:
            raise InvalidInput("max_tokens must be at least 1", param="max_tokens")
        tokens, constant = self._prompt(engine, messages)
        prompt_tokens = len(tokens)
        room = min(options.max_tokens, engine.context_tokens - prompt_tokens)
        if room < 1:
            raise InvalidInput(f"the prompt has {prompt_tokens} tokens, the context {engine.context_tokens}")
        written = _Output(options.stop)
        with TokenChooser(engine, temperature=options.temperature, schema=options.json_schema) as chooser:
            for _ in range(room):
                chosen = chooser.choose(engine.evaluate(tokens, token.check, constant=constant))
                tokens.append(chosen)
                if engine.ends(chosen) or written.add(engine.piece(chosen)):
                    return Completion(written.text, "stop", prompt_tokens, len(tokens) - prompt_tokens)
        return Completion(written.finish(), "length", prompt_tokens, len(tokens) - prompt_tokens)

    def _prompt(self, engine: LlamaCppEngine, messages: Sequence[Message]) -> tuple[list[int], int]:
        """The prompt's tokens, and how many of them come before the last message's content."""
        if self._family is None:
            self._family = recognise(engine.metadata("tokenizer.chat_template"), engine.is_control_token)
        tokens = engine.opening()
        constant = 0
        for piece in self._family.render(messages):
            if not piece.markup:
                constant = len(tokens)
            tokens.extend(engine.tokenize(piece.text, markup=piece.markup))
        return tokens, constant


class _Output:
    """Text from the bytes of tokens, up to the first stop string."""

    def __init__(self, stop: Sequence[str]) -> None:
        self.text = ""
        self._stop = [mark for mark in stop if mark]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, piece: bytes) -> bool:
        """Append; True once a stop string occurred."""
        self.text += self._decoder.decode(piece)
        places = [place for place in (self.text.find(mark) for mark in self._stop) if place >= 0]
        if places:
            self.text = self.text[: min(places)]
        return bool(places)

    def finish(self) -> str:
        """The text, with what was left of a cut character."""
        self.text += self._decoder.decode(b"", final=True)
        return self.text


def _weigh(engine: LlamaCppEngine, token: CancelToken, prefix: str, text: str, alternatives: Sequence[str]) -> Weighing:
    firsts = [engine.tokenize(alternative)[:1] for alternative in alternatives]
    if len(firsts) < 2 or [] in firsts or len({first[0] for first in firsts}) < len(firsts):
        raise InvalidInput("weighing needs at least two alternatives that differ in their first token")
    constant = engine.opening() + engine.tokenize(prefix)
    logits = engine.evaluate(constant + engine.tokenize(text), token.check, constant=len(constant))
    chosen = logits[[first[0] for first in firsts]].astype(np.float64)
    weights = np.exp(chosen - chosen.max())
    return Weighing(tuple(float(weight) for weight in weights / weights.sum()), _leaning(logits))


def _read(engine: LlamaCppEngine, token: CancelToken, prefix: str, passages: Sequence[str]) -> NDArray[np.float32]:
    tokens = engine.opening() + engine.tokenize(prefix)
    constant = len(tokens)
    places: list[int] = []
    for passage in passages:
        added = engine.tokenize(passage)
        if not added:
            raise InvalidInput("a passage to read must not be empty")
        tokens += added
        places.append(len(tokens) - 1)
    if not places:
        raise InvalidInput("there is nothing to read")
    found = engine.evaluate_each(tokens, places, token.check, constant=constant)
    return np.stack([_leaning(logits) for logits in found])


def _leaning(logits: Logits) -> NDArray[np.float32]:
    leaning: NDArray[np.float32] = logits[np.linspace(*_LEANING_TOKENS, _LEANING_SIZE).astype(int) % logits.size]
    leaning -= leaning.mean()
    return leaning


def _gguf_file(path: Path) -> Path:
    if path.is_file():
        return path
    files = sorted(path.glob("*.gguf"))
    if not files:
        raise ConfigurationError(f"{path.name} holds no GGUF file; pull the model again or name a file")
    return files[0]
