"""What sentences have in common."""

import re
import unicodedata

from app.domain.analysis.lexicon import Lexicon

_WORD = re.compile(r"\w+(?:'\w+)?")
_STEM_CHARS = 5
"""Enough to join inflected forms (pintar, pintamos) in the languages of Europe without a stemmer for each."""


def stems(text: str, lexicon: Lexicon, length: int = _STEM_CHARS) -> frozenset[str]:
    """The first ``length`` letters of the words that carry content, without accents."""
    words = (word.lower() for word in _WORD.findall(text))
    kept = (word for word in words if word not in lexicon.stop_words and (len(word) > 3 or word.isdigit()))
    return frozenset(plain(word)[:length] for word in kept)


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of the smaller set that is in the other one too; 0 if either is empty."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
