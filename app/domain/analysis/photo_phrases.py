"""What is told of a photo, as a phrase of a summary: whole quotations, whole sentences."""

import re

from app.domain.analysis.lexicon import Lexicon, lexicon_for
from app.domain.analysis.sentences import split_text
from app.domain.analysis.wording import shortened

MAX_TOLD_CHARS = 120
"""Of what is told of one photo: its first sentence, as a rule."""
_MAX_QUOTED_CHARS = 50
"""Of a text that a photo shows: enough to know which one it is."""
_QUOTED = re.compile(r"«[^«»]*»|“[^“”]*”")
_QUOTED_OR_STRAY = re.compile(rf"({_QUOTED.pattern})|[«»“”]")
_MARKS = re.compile(r"[«»“”]")


def view_phrase(description: str, language: str, *, quote: bool) -> str:
    """The beginning of a description as the end of a sentence ("hay un perro delante"); empty if it tells nothing of the photo.

    Args:
        description: of the photo.
        language: ISO 639-1 of it.
        quote: whether text that the photo shows may be quoted; without, sentences that quote are left out.

    Returns:
        A first sentence that only names the place ("It looks like a kitchen.") takes the next one along.
    """
    lexicon = lexicon_for(language)
    parts = _telling(description, lexicon)
    parts = [_begun_small(part) for part in parts if quote or not has_quotation(part)]
    if not parts:
        return ""
    both = ": ".join(parts[:2])
    alone = not lexicon.says("photo_impressions", parts[0]) or len(both) > MAX_TOLD_CHARS
    return _shortened_whole(parts[0] if alone else both, MAX_TOLD_CHARS)


def risk_phrase(text: str, language: str) -> str:
    """A risk as a part of a list: without what only says that it is there ("un autobús muy cerca")."""
    lexicon = lexicon_for(language)
    parts = [_without_opening(part, lexicon) for part in _telling(text, lexicon)]
    return _shortened_whole(parts[0], MAX_TOLD_CHARS) if parts else ""


def has_quotation(text: str) -> bool:
    """Whether a text quotes another one."""
    return _QUOTED.search(text) is not None


def limited_sentences(text: str, limit: int) -> str:
    """At most so many words, ending with a whole sentence if there is one, and never inside of a quotation."""
    words = text.split()
    if len(words) <= limit:
        return " ".join(words)
    cut = " ".join(words[:limit])
    masked = _masked(" ".join(words))[: len(cut)]
    end = max(masked.rfind(mark) for mark in ".!?")
    return cut[: end + 1] if end > 0 else _closed(cut + "…")


def _telling(text: str, lexicon: Lexicon) -> list[str]:
    """Sentences that tell of the photo, without full stop; quotations in them are short and whole."""
    text = _QUOTED_OR_STRAY.sub(lambda match: _short_quotation(match[1] or ""), " ".join(text.split()))
    sentences = [_without_lead(text[start:end].rstrip(" ."), lexicon) for start, end in split_text(_masked(text))]
    return [sentence for sentence in sentences if not lexicon.says("photo_caveats", sentence)]


def _without_lead(sentence: str, lexicon: Lexicon) -> str:
    lead = lexicon.find("photo_leads", sentence)
    return sentence[lead.end() :] if lead is not None and len(sentence[lead.end() :].split()) >= 2 else sentence


def _short_quotation(quotation: str) -> str:
    inside = _MARKS.sub("", quotation).strip()
    return f"{quotation[0]}{shortened(inside, _MAX_QUOTED_CHARS)}{quotation[-1]}" if inside else ""


def _masked(text: str) -> str:
    """The text with letters for all that stands in quotations: of the same length, and nothing in them ends a sentence."""
    return _QUOTED.sub(lambda match: f"{match[0][0]}{'x' * (len(match[0]) - 2)}{match[0][-1]}", text)


def _without_opening(sentence: str, lexicon: Lexicon) -> str:
    opening = lexicon.find("photo_openings", sentence)
    if opening is not None and len(sentence[opening.end() :].split()) >= 2:
        sentence = sentence[opening.end() :]
    return _begun_small(sentence)


def _begun_small(sentence: str) -> str:
    word = sentence.split(" ", 1)[0]
    lower = word[1:].islower() or word in ("A", "Y", "O")
    return sentence[:1].lower() + sentence[1:] if lower else sentence


def _shortened_whole(text: str, limit: int) -> str:
    """Cut between words and before a quotation, if possible."""
    if len(text) <= limit:
        return text
    kept = len(shortened(_masked(text), limit)) - 1
    return _closed(text[:kept] + "…")


def _closed(text: str) -> str:
    """With the mark that ends a quotation which was cut."""
    rest = _QUOTED.sub("", text)
    return text + ("»" if "«" in rest else "”" if "“" in rest else "")
