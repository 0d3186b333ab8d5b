"""From what a vision-language model wrote to a scene. Never fails: what cannot be read as asked becomes plain text."""

import re
from collections.abc import Iterable, Iterator, Mapping

from app.domain.vision.loose_json import Loose, read_object
from app.domain.vision.models import Risk, Scene, Severity
from app.domain.vision.scene_prompt import (
    MAX_DESCRIPTION_CHARS,
    MAX_RISKS,
    MAX_SENTENCE_CHARS,
    MAX_SUGGESTIONS,
    MAX_TEXT_CHARS,
    MAX_TEXT_LINES,
    RISK_KINDS,
    written_language,
)

_MAX_ANSWER_CHARS = 20_000
"""Longer than any answer within the schema; the rest is not looked at."""
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_CONTROL = re.compile(
    r"<[|｜][^<>]{0,40}[|｜]>|<\|?(?:end_of_utterance|start_of_turn|end_of_turn|image|s|bos|eos|pad)\|?>"
    r"|</(?:s|think|thinking)>|\[/?INST\]|<fake_token_around_image>|<row_\d+_col_\d+>|<global-img>",
    re.IGNORECASE,
)
_TOKEN_EDGE = re.compile(r"<[|｜]|[|｜]>")
_MARKUP = re.compile(r"```\w*|[{}\[\]`]")
_KEY = re.compile(r"[\"'](?:description|risks|suggestions|text|kind|severity|reason)[\"']\s*:")
_SENTENCE_END = re.compile(r"[.!?…][\"»”')]?(?=\s)")
_FIELDS = ("description", "risks", "suggestions", "text")
_SEVERITIES: Mapping[str, Severity] = {
    **{severity.value: severity for severity in Severity},
    **dict.fromkeys(("high", "critical", "severe", "alto", "alta", "grave", "crítico", "peligro"), Severity.DANGER),
    **dict.fromkeys(("medium", "moderate", "caution", "medio", "media", "moderado", "precaución"), Severity.WARNING),
    **dict.fromkeys(("low", "minor", "none", "bajo", "baja", "leve", "ninguno", "información"), Severity.INFO),
}
_NO_ENTRY = frozenset({"none", "no", "n/a", "nothing", "null", "ninguno", "ninguna", "nada", "-"})
"""What models write into lists that should be empty."""
_NOTHING = {"es": "No he podido describir la foto.", "en": "The photo could not be described."}


def scene_of_answer(answer: str, language: str) -> Scene:
    """Understand a model's answer.

    Args:
        answer: whatever the model wrote.
        language: ISO 639-1, as it was asked for.

    Returns:
        A scene with a description that is not empty, everything bounded as in ``scene_prompt``, the gravest risk first.
    """
    written = written_language(language)
    text = _without_control(_THOUGHTS.sub(" ", answer[:_MAX_ANSWER_CHARS]))
    fields = _answer_object(text)
    risks = _risks(fields.get("risks"))
    suggestions = _distinct(_entry(text) for text in _strings(fields.get("suggestions")))
    parts = [_cleaned(part, MAX_DESCRIPTION_CHARS) for part in _strings(fields.get("description"))]
    description = " ".join(filter(None, parts))
    if not description:
        told = [risk.text for risk in risks] if fields else [text]
        description = _cleaned(" ".join(told), MAX_DESCRIPTION_CHARS)
    lines = (line for entry in _strings(fields.get("text")) for line in entry.splitlines())
    return Scene(
        description=_shortened(description, MAX_DESCRIPTION_CHARS) or _NOTHING[written],
        risks=risks,
        suggestions=suggestions[:MAX_SUGGESTIONS],
        objects=(),
        text=_distinct(_plain(line)[:MAX_TEXT_CHARS].strip() for line in lines)[:MAX_TEXT_LINES],
        language=written,
    )


def _answer_object(text: str) -> Mapping[str, Loose]:
    """The first object in the text that has a field that was asked for."""
    start = text.find("{")
    while start >= 0:
        found, end = read_object(text, start)
        known = {key.strip().lower(): value for key, value in found.items()}
        if any(name in known for name in _FIELDS):
            return known
        start = text.find("{", max(start + 1, end))
    return {}


def _risks(value: Loose) -> tuple[Risk, ...]:
    entries = value if isinstance(value, list) else [value]
    found: dict[tuple[str, str], Risk] = {}
    for risk in filter(None, map(_risk, entries)):
        key = (risk.kind, risk.text.casefold())
        if key not in found or found[key].severity.rank < risk.severity.rank:
            found[key] = risk
    return tuple(sorted(found.values(), key=lambda risk: -risk.severity.rank)[:MAX_RISKS])


def _risk(entry: Loose) -> Risk | None:
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, dict):
        return None
    fields = {key.strip().lower(): value for key, value in entry.items()}
    text, reason = (_entry(" ".join(_strings(fields.get(name)))) for name in ("text", "reason"))
    if not text and not reason:
        return None
    kind, severity = (" ".join(_strings(fields.get(name))).strip().lower() for name in ("kind", "severity"))
    kind = re.sub(r"[\s-]+", "_", kind)
    return Risk(
        kind if kind in RISK_KINDS else "other",
        _SEVERITIES.get(severity, Severity.WARNING),
        text or reason,
        reason if text else "",
    )


def _strings(value: Loose) -> Iterator[str]:
    """The texts in a value that should be a text or a list of texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
    elif isinstance(value, dict):
        yield from _strings(value.get("text"))


def _cleaned(text: str, longest: int) -> str:
    """Text for people: without markup, on one line, ending where a sentence or a word does."""
    return _shortened(_plain(_MARKUP.sub(" ", _KEY.sub(" ", text))).strip(" ,:\"'"), longest)


def _entry(text: str) -> str:
    """A sentence of a list; empty if it only says that there is none."""
    cleaned = _cleaned(text, MAX_SENTENCE_CHARS)
    return "" if cleaned.rstrip(".").lower() in _NO_ENTRY else cleaned


def _plain(text: str) -> str:
    """On one line, without control tokens and characters that are not to be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in _without_control(text))
    return " ".join(shown.split())


def _without_control(text: str) -> str:
    return _TOKEN_EDGE.sub(" ", _CONTROL.sub(" ", text))  # edges, since one token may be written inside another


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, longest + 1)]
    if ends and ends[-1] > longest // 2:
        return text[: ends[-1]]
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
