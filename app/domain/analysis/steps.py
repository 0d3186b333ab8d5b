"""The steps of a task, if somebody told them one after the other."""

from collections.abc import Sequence

from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.wording import capitalised

_MIN_STEPS = 2
_MIN_WORDS = 2


def find_steps(texts: Sequence[str], lexicon: Lexicon) -> tuple[str, ...]:
    """What comes after "first", "then", "finally" and their kin, in order; empty if fewer than two are told.

    Args:
        texts: the sentences of the task.
        lexicon: of their language.
    """
    best: tuple[str, ...] = ()
    for text in texts:
        pieces: list[str] = []
        rest = text
        while (mark := lexicon.find("step_marks", rest)) is not None:
            if pieces:
                pieces[-1] = rest[: mark.start()]
            pieces.append("")
            rest = rest[mark.end() :]
        if pieces:
            pieces[-1] = rest
        steps = tuple(capitalised(piece.strip(" ,.;:!¡?¿")) for piece in pieces if len(piece.split()) >= _MIN_WORDS)
        if len(steps) >= _MIN_STEPS and len(steps) > len(best):
            best = steps
    return best
