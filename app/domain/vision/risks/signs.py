"""Warning signs that can be read, in Spanish and English, and in spite of slips of the recogniser."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from app.domain.analysis.wording import shortened
from app.domain.analysis.words import plain
from app.domain.vision.models import Severity
from app.domain.vision.reading import SURE_TEXT, Reading
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import View

_FILE = Path(__file__).with_name("signs.toml")
_WORD = re.compile(r"[^\W_]+")
_DIGITS_FOR_LETTERS = str.maketrans("01358", "oiesb")
"""What recognisers read for letters of the same shape."""
_FEW_WORDS = 5
_MAX_QUOTE = 40
_MAX_RUN_CHARS = 40
"""Longer than every phrase."""
_SHAPES = ("ocgqdeau", "iltjfr", "mnwhrvu", "bprhk", "bdpo", "sbz", "gqy", "efbc", "kxh", "vyu")
"""Letters of much the same shape, small or capital."""
_LOOK_ALIKE = frozenset(one + other for shapes in _SHAPES for one in shapes for other in shapes)
_REAL_WORDS = frozenset(
    {
        "dancer",
        "dances",
        "warming",
        "warring",
        "hazards",
        "peligran",
        "peligra",
    }
)
"""Words within such a slip of a sign's word: read exactly, they are themselves."""


@dataclass(frozen=True)
class Sign:
    """What a kind of sign says; the lists are explained in signs.toml."""

    kind: str
    severity: Severity
    phrases: tuple[str, ...]
    exact: tuple[str, ...]
    words: tuple[str, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True)
class _Phrases:
    """All that signs.toml has."""

    signs: tuple[Sign, ...]
    negations: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True)
class _Match:
    """A sign's words as they were read.

    Attributes:
        words: the same.
        weak: whether they are a single word, which titles have too.
        name_like: whether they may as well be a part of a name ("Danger Zone").
    """

    words: str
    weak: bool = False
    name_like: bool = False


def signs(view: View) -> Iterator[Finding]:
    """What signs warn of.

    The same words on pages and screens are no sign, and told as words; on clothes they are not told.
    """
    known = _known_phrases()
    everything = _tokens(" ".join(reading.text for reading in view.readings))
    cover = bool(_exactly(everything, known.titles))
    for reading in view.readings:
        for sign in () if reading.worn else known.signs:
            match = _found(sign, reading)
            if match is None or (cover and match.weak):
                continue
            words = match.words
            sure = reading.confidence >= SURE_TEXT and not match.name_like and not cover
            if reading.on_sign:
                yield Finding(sign.kind, sign.severity, words=shortened(words, _MAX_QUOTE), sure=sure)
            elif sign.severity.rank > Severity.INFO.rank:
                yield Finding("warning_words", Severity.INFO, words=shortened(words, _MAX_QUOTE), sure=sure)
            break


def slips(read: str, expected: str, limit: int) -> int:
    """Levenshtein's distance in which letters of unlike shape count twice; ``limit + 1`` if it is larger than ``limit``."""
    if abs(len(read) - len(expected)) > limit:
        return limit + 1
    row = list(range(len(expected) + 1))
    for index, letter in enumerate(read, 1):
        above, row[0] = row[0], index
        for column, match in enumerate(expected, 1):
            replaced = above + _replacing(letter, match)
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, replaced)
    return min(row[-1], limit + 1)


def _replacing(letter: str, other: str) -> int:
    if letter == other:
        return 0
    return 1 if letter + other in _LOOK_ALIKE else 2


@cache
def _known_phrases() -> _Phrases:
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    entries = tuple(
        Sign(
            entry["kind"],
            Severity(entry["severity"]),
            *(tuple(entry.get(name, ())) for name in ("phrases", "exact", "words", "alone")),
        )
        for entry in content["sign"]
    )
    return _Phrases(entries, tuple(content["negations"]), tuple(content["titles"]))


def _found(sign: Sign, reading: Reading) -> _Match | None:
    """The words of a sign; None if they are not there, or turned around. On pages, slips are not looked for."""
    whole = _tokens(reading.text)
    if not reading.on_sign:
        return _meant(_exactly(whole, (*sign.phrases, *sign.exact, *sign.words)), reading)
    runs = _runs(whole)
    lines = [line for line in map(_tokens, reading.lines) if len(line) <= _FEW_WORDS]
    phrase = _meant(_first(runs, sign.phrases) or _exactly(whole, sign.exact), reading)
    if phrase is not None:
        return phrase
    word = _meant(_first(runs, sign.words) if len(whole) <= _FEW_WORDS else "", reading)
    if word is not None:
        return _Match(word.words, weak=True, name_like=_in_a_name(word.words, reading))
    alone = next((found for found in (_alone(line, sign.alone) for line in lines) if found), "")
    return _Match(alone, weak=True) if alone else None


def _meant(words: str, reading: Reading) -> _Match | None:
    """The words, unless what stands before them turns them around ("no hay peligro")."""
    if not words:
        return None
    tokens = [word for _, word in _tokens(reading.text)]
    found = words.split()
    start = next((n for n in range(len(tokens)) if tokens[n : n + len(found)] == found), 0)
    before = f" {' '.join(map(_folded, tokens[:start]))}"
    negated = any(before.endswith(f" {negation}") for negation in _known_phrases().negations)
    return None if negated else _Match(words)


def _in_a_name(word: str, reading: Reading) -> bool:
    """Whether a word stands beside others that all have a capital letter and small ones, as in titles and names of shops."""
    line = next((line for line in reading.lines if word in line), "")
    written = _WORD.findall(line)
    return len(written) > 1 and all(each.istitle() for each in written) and ":" not in line and "!" not in line


def _exactly(tokens: Sequence[tuple[str, str]], phrases: Iterable[str]) -> str:
    written = f" {' '.join(folded for folded, _ in tokens)} "
    for phrase in phrases:
        place = written.find(f" {phrase} ")
        if place >= 0:
            first = written[:place].count(" ")
            return " ".join(word for _, word in tokens[first : first + len(phrase.split())])
    return ""


def _alone(line: Sequence[tuple[str, str]], words: Iterable[str]) -> str:
    """A line as it was read, if it is one of some words."""
    written = "".join(folded for folded, _ in line)
    return " ".join(word for _, word in line) if any(_same(written, each) for each in words) else ""


def _tokens(text: str) -> list[tuple[str, str]]:
    """Words as they are compared, and as they were read."""
    return [(_folded(word), word) for word in _WORD.findall(text)]


def _folded(word: str) -> str:
    """Without accents, and with the letters that digits inside of a word stand for."""
    lower = plain(word)
    return lower if lower.isdigit() else lower.translate(_DIGITS_FOR_LETTERS)


def _runs(tokens: Sequence[tuple[str, str]]) -> Mapping[int, list[tuple[str, str]]]:
    """What stands between borders of words, without spaces, since recognisers lose and add them; by length.

    Each is given as it is compared, and as it was read.
    """
    runs: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for start in range(len(tokens)):
        written = ""
        for end in range(start, len(tokens)):
            written += tokens[end][0]
            if len(written) > _MAX_RUN_CHARS:
                break
            runs[len(written)].append((written, " ".join(word for _, word in tokens[start : end + 1])))
    return runs


def _first(runs: Mapping[int, list[tuple[str, str]]], phrases: Iterable[str]) -> str:
    """The first phrase that is among the runs, as it was read."""
    for phrase in phrases:
        compact = phrase.replace(" ", "")
        allowed = _slips_allowed(compact)
        for length in range(len(compact) - allowed, len(compact) + allowed + 1):
            for written, read in runs.get(length, ()):
                if _same(written, compact):
                    return read
    return ""


def _slips_allowed(expected: str) -> int:
    """None in short words, which have too many neighbours, one from six letters, two from ten."""
    return 0 if len(expected) < 6 else 1 if len(expected) < 10 else 2


def _same(read: str, expected: str) -> bool:
    """Equal but for slips."""
    if read == expected:
        return True
    allowed = _slips_allowed(expected)
    # A slip changes two of the different letters at most; this tells nearly all words apart at once.
    if allowed == 0 or len(_letters(read) ^ _letters(expected)) > 2 * allowed:
        return False
    return read not in _REAL_WORDS and slips(read, expected, allowed) <= allowed


@lru_cache(maxsize=1024)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)
