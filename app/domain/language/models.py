"""What a language model is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Message:
    """One message of a prompt. Its content is always data: control tokens in it are neutralised by the adapter."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class GenerateOptions:
    """How to generate.

    Attributes:
        max_tokens: upper bound of new tokens, at least 1.
        temperature: 0 is greedy and repeatable.
        json_schema: the output is constrained to JSON valid against it; None for free text.
        stop: strings that end the output and are not part of it.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    json_schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completion:
    """The text a model wrote; ``finish_reason`` is ``length`` if ``max_tokens`` cut it."""

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, eq=False)
class Weighing:
    """How a model weighs alternatives.

    Attributes:
        probabilities: of the alternatives, in their order; they sum to 1.
        leaning: float32 vector of what else the model leans to at this place: a fixed linear view of its last hidden
            state, for classifiers that were fitted on the same model. Empty if the model gives none.
    """

    probabilities: tuple[float, ...]
    leaning: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True)
class LanguageModelCapabilities:
    """What a language model can do beyond the minimum.

    Attributes:
        context_tokens: prompt and output together.
        writes_prose: strong enough to write several sentences from notes without mixing up who does what; known once
            the model is loaded.
    """

    context_tokens: int
    writes_prose: bool = False
