"""Port for language models."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.language.models import Completion, GenerateOptions, LanguageModelCapabilities, Message, Weighing


class LanguageModel(Protocol):
    """Writes text, and weighs alternatives."""

    @property
    def model_id(self) -> str:
        """The model's name as it appears in results."""
        ...

    @property
    def capabilities(self) -> LanguageModelCapabilities:
        """What it can do beyond the minimum."""
        ...

    async def generate(self, messages: Sequence[Message], options: GenerateOptions) -> Completion:
        """Answer a conversation. Cancelling the awaiting task stops the model within a token.

        Raises:
            InvalidInput: the prompt does not fit the context, or the schema cannot be compiled.
            GatewayBusy: the worker's queue is full.
            GatewayTimeout: not done by the deadline.
            GatewayUnavailable: the model cannot be loaded.
        """
        ...

    async def weigh(self, prefix: str, text: str, alternatives: Sequence[str]) -> Weighing:
        """Probability of each alternative as the continuation of ``prefix + text`` (plain completion, no chat template).

        Args:
            prefix: the constant part, trusted; its evaluation is kept between calls.
            text: the part that changes; tokenised without control tokens.
            alternatives: at least two continuations that differ in their first token.

        Returns:
            Probabilities in the order of ``alternatives``, and the model's leaning.

        Raises:
            InvalidInput: fewer than two alternatives, equal first tokens, or too long for the context.
            GatewayBusy, GatewayTimeout, GatewayUnavailable: as for ``generate``.
        """
        ...

    async def read(self, prefix: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Read passages one after another (plain text, no chat template), and tell what the model leans to after each.

        Args:
            prefix: the constant beginning; its evaluation is kept between calls.
            passages: at least one, none of them empty.

        Returns:
            float32, passages x dimensions of ``Weighing.leaning``; a row depends on nothing that comes after its passage.
            No columns if the model tells no leanings.

        Raises:
            InvalidInput: no passage, an empty one, or too long for the context.
            GatewayError: the model failed.
        """
        ...

    async def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text``."""
        ...
