"""Dataclasses to JSON and back. Reading forgives fields that older versions did not write."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from app.domain.analysis.models import ActionItem, AnalysedPhoto, Analysis, Claim, Evidence, Findings
from app.domain.audio.models import TimeSpan
from app.domain.session.models import SessionConfig, TranscriptLine
from app.domain.transcription.models import Word
from app.domain.vision.models import Box, DetectedObject, Risk, Scene, Severity


def to_json(value: Any) -> str:
    """Compact JSON of dataclasses, mappings, sequences and plain values."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def from_json(text: str) -> Any:
    """What ``to_json`` wrote, as plain dictionaries and lists."""
    return orjson.loads(text)


def words_to_json(words: Iterable[Word]) -> str:
    """Words as arrays: a quarter of the size of objects."""
    return to_json([(word.start, word.end, word.text, word.probability) for word in words])


def words_from_json(text: str) -> tuple[Word, ...]:
    """Inverse of ``words_to_json``."""
    return tuple(Word(start, end, word, probability) for start, end, word, probability in from_json(text))


def config_from_json(text: str) -> SessionConfig:
    """Inverse of ``to_json`` for a session's configuration."""
    fields = from_json(text)
    fields["vocabulary"] = tuple(fields.get("vocabulary", ()))
    return SessionConfig(**fields)


def analysis_from_json(text: str, version: int) -> Analysis:
    """Inverse of ``to_json`` for an analysis, with the version that the store gave it."""
    body = from_json(text)
    return Analysis(
        findings=_findings(body["findings"]),
        lines=tuple(TranscriptLine(**line) for line in body.get("lines", ())),
        gaps=tuple(TimeSpan(**gap) for gap in body.get("gaps", ())),
        models=body["models"],
        timings_ms=body["timings_ms"],
        complete=body.get("complete", True),
        notes=tuple(body.get("notes", ())),
        version=version,
        photos=tuple(_photo(photo) for photo in body.get("photos", ())),
    )


def _photo(body: Mapping[str, Any]) -> AnalysedPhoto:
    return AnalysedPhoto(**{**body, "risks": tuple(body.get("risks", ()))})


def _findings(body: Mapping[str, Any]) -> Findings:
    return Findings(
        language=body["language"],
        summary=body.get("summary", ""),
        decisions=_claims(body, "decisions"),
        open_questions=_claims(body, "open_questions"),
        action_items=tuple(_action_item(item) for item in body.get("action_items", ())),
        risks=_claims(body, "risks"),
    )


def _claims(body: Mapping[str, Any], name: str) -> tuple[Claim, ...]:
    return tuple(Claim(claim["text"], _evidence(claim)) for claim in body.get(name, ()))


def _action_item(item: Mapping[str, Any]) -> ActionItem:
    return ActionItem(
        title=item["title"],
        description=item["description"],
        steps=tuple(item["steps"]),
        owner=item["owner"],
        due=item["due"],
        due_text=item["due_text"],
        evidence=_evidence(item),
    )


def _evidence(body: Mapping[str, Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**evidence) for evidence in body["evidence"])


def scene_from_json(text: str) -> Scene:
    """Inverse of ``to_json`` for a scene."""
    body = from_json(text)
    return Scene(
        description=body["description"],
        risks=tuple(Risk(**{**risk, "severity": Severity(risk["severity"])}) for risk in body["risks"]),
        suggestions=tuple(body["suggestions"]),
        objects=tuple(DetectedObject(**{**found, "box": Box(**found["box"])}) for found in body["objects"]),
        text=tuple(body["text"]),
        language=body["language"],
        timings_ms=body["timings_ms"],
    )
