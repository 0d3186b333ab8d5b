"""What the wearer asks about a photo, as far as small models can answer it.

A question is data: it chooses an answer, and is never repeated.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from app.domain.analysis.words import plain
from app.domain.vision.wording.lexicon import LANGUAGES, Lexicon, lexicon_for

MAX_QUESTION_CHARS = 300
_NO_LETTERS = re.compile(r"[\W_]+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,100}>")


class Asked(StrEnum):
    """What a question is about."""

    DESCRIPTION = "description"
    TEXT = "text"
    NUMBER = "number"
    PLACE = "place"
    PRESENCE = "presence"
    DANGER = "danger"
    NOT_SHOWN = "not shown"
    UNKNOWN_THING = "unknown thing"
    OTHER = "other"


@dataclass(frozen=True)
class Question:
    """A question that was understood.

    Attributes:
        asked: what it is about.
        labels: the COCO classes that it names, any of which answers it.
        details: whether it asks for more than their presence, number or place ("a free chair").
        who: whether it asks for people of some kind, which no model tells.
    """

    asked: Asked
    labels: tuple[str, ...] = ()
    details: bool = False
    who: bool = False


def understand(prompt: str, language: str) -> Question:
    """Understand a question, in whichever known language it is asked; ``language`` is tried first."""
    text = _NO_LETTERS.sub(" ", plain(_MARKUP.sub(" ", prompt[:MAX_QUESTION_CHARS]))).strip()
    if not text:
        return Question(Asked.DESCRIPTION)
    first = lexicon_for(language)
    others = [lexicon_for(code) for code in LANGUAGES if code != first.language]
    tried = [_understand(text, lexicon) for lexicon in (first, *others)]
    return min(tried, key=lambda question: list(_USEFUL).index(question.asked))


_USEFUL = (
    Asked.DANGER, Asked.NOT_SHOWN, Asked.TEXT,
    Asked.NUMBER, Asked.PLACE, Asked.PRESENCE, Asked.DESCRIPTION, Asked.UNKNOWN_THING, Asked.OTHER,
)  # fmt: skip
"""The more a reading of the question tells, the more likely it is in the question's own language."""


def _understand(text: str, lexicon: Lexicon) -> Question:
    patterns: dict[str, str] = lexicon.parts["questions"]

    def says(key: str) -> bool:
        return re.search(patterns[key], text) is not None

    if says("describe"):
        return Question(Asked.DESCRIPTION)
    if says("danger"):
        return Question(Asked.DANGER)
    if says("not_shown") and not says("read"):
        return Question(Asked.NOT_SHOWN)
    labels, rest = _things(text, lexicon)
    about = (labels, _has_details(rest, lexicon), says("who"))
    if says("count"):
        return Question(Asked.NUMBER, *about) if labels else Question(Asked.OTHER)
    if says("where"):
        return Question(Asked.PLACE, *about) if labels else Question(Asked.UNKNOWN_THING)
    if says("read"):
        return Question(Asked.TEXT)
    if says("presence"):
        if says("open"):
            return Question(Asked.DESCRIPTION)
        return Question(Asked.PRESENCE, *about) if labels else Question(Asked.UNKNOWN_THING)
    return Question(Asked.OTHER)


def _things(text: str, lexicon: Lexicon) -> tuple[tuple[str, ...], str]:
    """The classes that a text names, and the text without their names."""
    names, pattern = _names(lexicon.language)
    found = [label for match in pattern.finditer(text) for label in names[match.group()]]
    return tuple(dict.fromkeys(found)), pattern.sub(" ", text)


def _has_details(rest: str, lexicon: Lexicon) -> bool:
    patterns: dict[str, str] = lexicon.parts["questions"]
    for key in ("count", "where", "presence"):
        rest = re.sub(patterns[key], " ", rest)
    words = {word for word in rest.split() if len(word) > 1}
    return bool(words - set(patterns["filler"].split()))


@cache
def _names(language: str) -> tuple[dict[str, Sequence[str]], re.Pattern[str]]:
    """Labels by what they are called, and a pattern of all that, longer names first ("hot dog" before "dog")."""
    lexicon = lexicon_for(language)
    names: dict[str, Sequence[str]] = {plain(name): labels for name, labels in lexicon.kinds.items()}
    for label, noun in lexicon.nouns.items():
        names |= {plain(name): (label,) for name in (noun.singular, noun.plural, *noun.asked_as)}
    longest = sorted(names, key=lambda name: (-len(name), name))
    return names, re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b")
