"""How each family of models marks who says what.

A GGUF file carries its template as a Jinja program. It is looked at to recognise the family, and never run (CVE-2024-34359):
the layouts are written out here instead. Contents are kept apart from markup, so that the tokenizer can read the markup as
control tokens and everything else as plain text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.language.models import Message


@dataclass(frozen=True)
class Piece:
    """A part of a prompt; only markup may become control tokens."""

    text: str
    markup: bool


@dataclass(frozen=True)
class ChatTemplate:
    """One family's layout.

    Attributes:
        name: of the family.
        mark: text that only this family's templates contain.
        before: markup before a message, by role.
        after: markup after a message, by role.
        answer: markup that asks the assistant to begin.
        system_joins_user: the family has no system role; its text goes before the first user message.
    """

    name: str
    mark: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    answer: str
    system_joins_user: bool = field(default=False)

    def render(self, messages: Sequence[Message]) -> list[Piece]:
        """The prompt as pieces, up to where the assistant begins."""
        pieces: list[Piece] = []
        for message in self._joined(messages):
            pieces.append(Piece(self.before[message.role], markup=True))
            pieces.append(Piece(message.content, markup=False))
            pieces.append(Piece(self.after[message.role], markup=True))
        pieces.append(Piece(self.answer, markup=True))
        return [piece for piece in pieces if piece.text]

    def _joined(self, messages: Sequence[Message]) -> Iterator[Message]:
        system = ""
        for message in messages:
            if message.role == "system" and self.system_joins_user:
                system += message.content + "\n\n"
            elif message.role == "user" and system:
                yield Message("user", system + message.content)
                system = ""
            else:
                yield message
        if system:
            yield Message("user", system.strip())


def _by_role(text: str, assistant: str = "assistant") -> Mapping[str, str]:
    roles = {"system": "system", "user": "user", "assistant": assistant}
    return {role: text.replace("ROLE", name) for role, name in roles.items()}


CHATML = ChatTemplate(
    "chatml", "<|im_start|>", _by_role("<|im_start|>ROLE\n"), _by_role("<|im_end|>\n"), "<|im_start|>assistant\n"
)
"""Qwen, SmolLM and many fine-tunes."""

LLAMA3 = ChatTemplate(
    "llama-3",
    "<|start_header_id|>",
    _by_role("<|start_header_id|>ROLE<|end_header_id|>\n\n"),
    _by_role("<|eot_id|>"),
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
)
GEMMA = ChatTemplate(
    "gemma",
    "<start_of_turn>",
    _by_role("<start_of_turn>ROLE\n", assistant="model"),
    _by_role("<end_of_turn>\n"),
    "<start_of_turn>model\n",
    system_joins_user=True,
)
MISTRAL = ChatTemplate(
    "mistral",
    "[INST]",
    {"system": "[INST] ", "user": "[INST] ", "assistant": " "},
    {"system": " [/INST]", "user": " [/INST]", "assistant": "</s>"},
    "",
    system_joins_user=True,
)
PLAIN = ChatTemplate(
    "plain",
    "",
    {"system": "", "user": "User: ", "assistant": "Assistant: "},
    {"system": "\n\n", "user": "\n\n", "assistant": "\n\n"},
    "Assistant:",
)
"""For files that say nothing: readable by any model."""


def recognise(template: str | None, is_control_token: Callable[[str], bool]) -> ChatTemplate:
    """The family of a model.

    Args:
        template: the file's own template, looked at as text.
        is_control_token: whether the vocabulary has a text as one control token.
    """
    for family in (CHATML, LLAMA3, GEMMA, MISTRAL):
        if (template is not None and family.mark in template) or is_control_token(family.mark):
            return family
    return PLAIN
