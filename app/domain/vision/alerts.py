"""What the wearer is told at once: dangers that somebody names in a sentence, and those seen in a photo.

The turns of phrase are data: ``lexicons/<language>.txt``. Sections titled ``kind.severity`` hold what names a danger of that kind; the
kinds are those of risks in photos where both know the danger (``vehicle_near``). The other sections keep false alarms out::

    idioms: sound like warnings and are none; what they match is not looked at.
    elsewhere: a sentence with one of them tells of another time, of somebody else's words, or of something made up.
    hypotheses: what follows them in the sentence is only imagined.
    negations: at the end of what comes before a match in its clause, they turn it around.

They are meant to be precise rather than complete: a false alarm in the ear costs trust, and the analysis afterwards finds the rest.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from app.domain.analysis.lexicon import read_sections
from app.domain.analysis.sentences import split_text
from app.domain.analysis.wording import shortened
from app.domain.vision.models import Risk, Severity

MAX_ALERT_CHARS = 90
"""About six seconds of speech (15 characters a second): longer, and the danger is past before it is told."""
COOL_DOWN_S = 60.0
"""A danger that stays is told once a minute: often enough not to be forgotten, seldom enough not to be switched off."""
GENERAL = "caution"
"""The kind of a warning that does not say of what."""

_FOLDER = Path(__file__).with_name("lexicons")
_CONTEXT = ("idioms", "elsewhere", "hypotheses", "negations")
_MAX_CHARS = 2_000
"""Of a text that is looked at: more than anybody says in the 30 s that a segment can last."""
_MAX_FOUND = 3
"""Kinds in one text: more than that nobody warns of in a breath."""
_MAX_KINDS = 64
"""Kinds that a cool-down remembers: more than all describers together have; the oldest are forgotten."""
_TAG = re.compile(r",\s*¿?\w+(?: \w+){0,2}\?$")
_FRAMES = {"es": "Alguien avisa: «{quote}»", "en": "Someone warns: “{quote}”"}


@dataclass(frozen=True)
class Alert:
    """What is told at once, as the ``alert`` message has it.

    Attributes:
        severity: how much it matters.
        text: short enough to be spoken.
        language: ISO 639-1 of the text.
        source: what it was found in.
        segment_id: of the words, if they have one yet.
        frame_id: of the photo.
    """

    severity: Severity
    text: str
    language: str
    source: Literal["speech", "photo"]
    segment_id: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True)
class SpokenRisk:
    """A danger that somebody names.

    Attributes:
        kind: stable name, ``caution`` if the words do not say what it is.
        severity: how much it matters.
        text: what to tell, at most ``MAX_ALERT_CHARS`` long.
    """

    kind: str
    severity: Severity
    text: str


@dataclass(frozen=True)
class _Warnings:
    context: Mapping[str, re.Pattern[str]]
    dangers: tuple[tuple[str, Severity, re.Pattern[str]], ...]


def spoken_risks(text: str, language: str) -> tuple[SpokenRisk, ...]:
    """Dangers named in words that were just recognised.

    Args:
        text: a segment.
        language: ISO 639-1 of the text and of the answer; none but ``es`` and ``en`` find anything.

    Returns:
        One a kind, the most severe first; a warning that does not say of what only if there is no other.
    """
    warnings = _warnings(language)
    if warnings is None:
        return ()
    found: dict[str, SpokenRisk] = {}
    text = " ".join(text[:_MAX_CHARS].split())
    for start, end in split_text(text):
        sentence = text[start:end]
        for kind, severity in _named(sentence, warnings):
            if kind not in found or found[kind].severity.rank < severity.rank:
                found[kind] = SpokenRisk(kind, severity, _told(sentence, language))
    if len(found) > 1:
        found.pop(GENERAL, None)
    return tuple(sorted(found.values(), key=lambda risk: -risk.severity.rank)[:_MAX_FOUND])


def spoken_alert(risk: SpokenRisk, language: str, segment_id: str | None) -> Alert:
    """The alert of a danger that was named; ``language`` as it was given to ``spoken_risks``."""
    return Alert(risk.severity, risk.text, language, "speech", segment_id=segment_id)


def photo_alert(risk: Risk, language: str, frame_id: str, wanted: str | None = None) -> Alert:
    """The alert of a danger that was seen.

    Args:
        risk: of the photo's scene.
        language: ISO 639-1 of the scene.
        frame_id: of the photo.
        wanted: what the session speaks; None if that is not known.

    Returns:
        In the wanted language if the risk can be said in it, else in the scene's.
    """
    spoken = risk.spoken.get(wanted) if wanted is not None else None
    text = shortened(" ".join((spoken or risk.text).split()), MAX_ALERT_CHARS)
    told_in = wanted if spoken and wanted is not None else language
    return Alert(risk.severity, text, told_in, "photo", frame_id=frame_id)


class AlertCoolDown:
    """Holds repetitions back; one a session.

    What is only good to know is never told at once: to be interrupted costs the wearer attention, and it can be read later.
    """

    def __init__(self, clock: Callable[[], float], hold_s: float = COOL_DOWN_S) -> None:
        """Prepare.

        Args:
            clock: seconds, never going back.
            hold_s: how long a danger of the same kind is held back, unless it grew worse.
        """
        self._clock = clock
        self._hold_s = hold_s
        self._told: dict[str, tuple[float, Severity]] = {}

    def admits(self, kind: str, severity: Severity) -> bool:
        """Whether a danger is to be told now; if so, it counts as told."""
        if severity is Severity.INFO:
            return False
        now = self._clock()
        at, before = self._told.get(kind, (-self._hold_s, Severity.INFO))
        if now - at < self._hold_s and severity.rank <= before.rank:
            return False
        self._told.pop(kind, None)
        self._told[kind] = (now, severity)
        while len(self._told) > _MAX_KINDS:
            del self._told[next(iter(self._told))]
        return True


def read_warnings() -> None:
    """Read from disk what ``spoken_risks`` looks for; without it the first call of each language does. Blocking."""
    for language in _FRAMES:
        _warnings(language)


@cache
def _warnings(language: str) -> _Warnings | None:
    if language not in _FRAMES:
        return None
    path = _FOLDER / f"{language}.txt"
    patterns = {name: re.compile("|".join(lines), re.IGNORECASE) for name, lines in read_sections(path).items()}
    context = {name: patterns.pop(name) for name in _CONTEXT}
    titles = ((title.split("."), pattern) for title, pattern in patterns.items())
    return _Warnings(context, tuple((kind, Severity(severity), pattern) for (kind, severity), pattern in titles))


def _named(sentence: str, warnings: _Warnings) -> Iterator[tuple[str, Severity]]:
    spoken = _TAG.sub("", sentence)
    if spoken.endswith("?") or warnings.context["elsewhere"].search(spoken):
        return
    plain = warnings.context["idioms"].sub(lambda match: "·" * len(match[0]), spoken)
    for kind, severity, pattern in warnings.dangers:
        if any(_is_meant(plain, match.start(), warnings) for match in pattern.finditer(plain)):
            yield kind, severity


def _is_meant(sentence: str, start: int, warnings: _Warnings) -> bool:
    before = sentence[:start]
    if warnings.context["hypotheses"].search(before):
        return False
    begins_clause = not sentence[start].isalnum()  # the match begins with the mark that ends the clause before
    return begins_clause or warnings.context["negations"].search(before) is None


def _told(sentence: str, language: str) -> str:
    frame = _FRAMES[language]
    room = MAX_ALERT_CHARS - len(frame.format(quote=""))
    return frame.format(quote=shortened(sentence.rstrip(" ."), room))
