"""How each family of vision-language models marks who says what, and where the photo goes.

Written out here, since a template in a GGUF file is a program that is never run (CVE-2024-34359).
"""

from dataclasses import dataclass

from app.infrastructure.runtime.llama_cpp.engine import LlamaCppEngine


@dataclass(frozen=True)
class Layout:
    """One family's layout; only these marks become control tokens, never the texts between them.

    Attributes:
        start: before the instruction.
        middle: between the instruction and the photo.
        photo_end: between the photo and the request.
        end: after the request, where the answer begins.
        lead: what goes before the instruction as part of its text, since words are learnt with the space before them.
    """

    start: str
    middle: str
    photo_end: str
    end: str
    lead: str = ""

    def before_photo(self, text: LlamaCppEngine, instruction: str) -> list[int]:
        """Tokens up to the photo."""
        start, opening = self._marks(text, self.start), text.opening()
        if opening == start[:1]:  # SmolVLM's first mark is its opening, too
            opening = []
        return [*opening, *start, *text.tokenize(self.lead + instruction), *self._marks(text, self.middle)]

    def after_photo(self, text: LlamaCppEngine, request: str) -> list[int]:
        """Tokens from the photo to the answer."""
        return [*self._marks(text, self.photo_end), *text.tokenize(request), *self._marks(text, self.end)]

    @staticmethod
    def _marks(text: LlamaCppEngine, marks: str) -> list[int]:
        return text.tokenize(marks, markup=True) if marks else []


SMOLVLM = Layout("<|im_start|>System:", "<end_of_utterance>\nUser:", "", "<end_of_utterance>\nAssistant:", lead=" ")
CHATML = Layout("<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n", "", "<|im_end|>\n<|im_start|>assistant\n")
"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL; their marks around the photo come with it."""
PLAIN = Layout("", "\n\nUSER: ", "\n", "\nASSISTANT:")
"""LLaVA 1.5, and readable by any model."""


def layout_of(text: LlamaCppEngine) -> Layout:
    """The layout that a model was trained on, by its vocabulary's control tokens."""
    if text.is_control_token("<end_of_utterance>"):
        return SMOLVLM
    return CHATML if text.is_control_token("<|im_start|>") else PLAIN
