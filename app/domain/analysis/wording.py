"""Short texts made of what was said, and the check of texts that a model made."""

import re
from collections.abc import Iterable

from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.words import plain

_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"(?<!\w)\d+")
_CAPITALISED = re.compile(r"(?<![\w'’])[A-ZÁÉÍÓÚÑÜ][\w-]+")
_SENTENCE = re.compile(r"[^.!?]+[.!?]*\s*")
_MAX_TITLE = 90


def tidy(text: str, lexicon: Lexicon) -> str:
    """A sentence without the words that only lead in to it ("Okay, so …"), with a capital letter."""
    lead = lexicon.find("lead_ins", text)
    rest = text[lead.end() :].lstrip(" ,.:;-") if lead is not None else text
    if len(rest.split()) < 2:
        rest = text
    if text.startswith("¿") and not rest.startswith("¿") and rest.endswith("?"):
        rest = "¿" + capitalised(rest)
    return capitalised(rest)


def capitalised(text: str) -> str:
    """The text with a capital first letter."""
    for place, character in enumerate(text):
        if character.isalpha():
            return text[:place] + character.upper() + text[place + 1 :]
    return text


def title_of(text: str, lexicon: Lexicon) -> str:
    """A task's title out of the sentence that says it: the verb first where the words allow it, never too long."""
    rest = tidy(text, lexicon)
    opening = lexicon.find("task_openings", rest)
    if opening is not None and len(rest[opening.end() :].split()) >= 2:
        rest = rest[opening.end() :]
    return shortened(capitalised(rest.strip(" ,;").rstrip(".?!…")), _MAX_TITLE)


def shortened(text: str, limit: int) -> str:
    """The text cut between words, with an ellipsis if anything is missing."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def foreign_words(text: str, source: str, allowed: Iterable[str] = ()) -> list[str]:
    """Numbers, and names in the middle of a sentence, that ``text`` has and ``source`` has not.

    Args:
        text: what a model wrote.
        source: what it was made from.
        allowed: names that may occur all the same.
    """
    known = set(re.findall(r"\w+", plain(source))) | {plain(word) for name in allowed for word in name.split()}
    found = [number for number in _NUMBER.findall(text) if number not in known]
    for match in _CAPITALISED.finditer(text):
        begins = not text[: match.start()].strip(" ¿¡\"'«“(") or text[: match.start()].rstrip(" ¿¡\"'«“(")[-1] in ".!?:"
        if not begins and plain(match.group()) not in known:
            found.append(match.group())
    return found


def faithful_part(text: str, source: str, allowed: Iterable[str] = ()) -> str:
    """The sentences of ``text`` that bring in no name and no number of their own."""
    names = tuple(allowed)
    kept = [part for part in _SENTENCE.findall(text) if not foreign_words(part.strip(), source, names)]
    return _SPACES.sub(" ", "".join(kept)).strip()


def limited_words(text: str, limit: int) -> str:
    """At most so many words, ending with a whole sentence if there is one."""
    words = text.split()
    if len(words) <= limit:
        return " ".join(words)
    cut = " ".join(words[:limit])
    end = max(cut.rfind(mark) for mark in ".!?")
    return cut[: end + 1] if end > 0 else cut + "…"
