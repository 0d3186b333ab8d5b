"""What photos show, as a person wrote it down, and how much of it was told."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError

SAME_THING = {
    "tv": "tvmonitor",
    "couch": "sofa",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
}
"""COCO's later names of classes, by which references may call them, and those of Darknet's ``coco.names``, which we tell."""

FITTING: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(words.split()), frozenset(kinds.split()))
    for words, kinds in (
        (
            "vehicle vehicles traffic car cars bus truck oncoming",
            "vehicle_near vehicle_beside road crossing sign_vehicles",
        ),
        ("crossing junction", "crossing road sign_stop sign_vehicles vehicle_near vehicle_beside"),
        ("road street", "road crossing vehicle_near vehicle_beside sign_vehicles"),
        ("train tram platform", "train_near sign_gap"),
        ("bicycle bicycles cyclist cyclists", "bicycle_near vehicle_near"),
        ("sharp knife knives scissors blade", "sharp"),
        ("stairs staircase steps step", "stairs sign_stairs sign_step"),
        ("slippery wet ice icy", "slippery sign_wet_floor"),
        ("crowd crowded", "crowd"),
        ("chemical chemicals cleaning toxic", "bottles chemical sign_toxic"),
        ("kitchen", "hot_surface electricity_water bottles sharp fire chemical"),
        ("fire flames hot heat stove oven", "hot_surface fire sign_fire"),
        ("electric electricity", "electricity_water sign_electricity"),
        ("obstacle obstacles", "obstacle sign_head"),
        ("animal animals dog bear", "animal_danger animal_near animal_unusual animal sign_dog"),
        ("dark darkness", "dark"),
        ("works construction", "sign_works"),
        ("lying fallen", "person_lying"),
    )
)
"""Words of a reference's ``risk``, and the kinds of risk that fit any of them. Kinds are those of the composed describer and of
vision-language models. Whether it was the right danger in the right place is for a person to judge: every text is listed."""


@dataclass(frozen=True)
class PhotoReference:
    """What one photo shows.

    Attributes:
        must_detect: COCO's names of things that must be found.
        ocr_regex: matches the text that can be read, in any case; empty if there is none to read.
        risk: what is dangerous, in free English words; empty if nothing is.
    """

    must_detect: tuple[str, ...] = ()
    ocr_regex: str = ""
    risk: str = ""


def read_photo_references(path: Path) -> dict[str, PhotoReference]:
    """References by file name: a JSON list of objects with ``file`` and any of ``must_detect``, ``ocr_regex`` and ``risk``.

    Raises:
        ConfigurationError: it cannot be read, or is something else.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {str(entry["file"]): _reference(entry) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise ConfigurationError(f"{path} holds no references ({type(error).__name__})", param="reference") from error


def fitting_kinds(risk: str) -> frozenset[str]:
    """Kinds of risk that fit a reference's words; none if no word is known."""
    words = set(re.findall(r"[a-z]+", risk.lower()))
    return frozenset[str]().union(*(kinds for known, kinds in FITTING if known & words))


def compare(name: str, answer: Mapping[str, Any], reference: PhotoReference | None) -> dict[str, Any]:
    """One photo's row: what was told of it, and of that what the reference asks for.

    Args:
        name: of the photo.
        answer: of ``/vision/frame``.
        reference: None if nobody wrote down what it shows.
    """
    told = [str(found["label"]) for found in answer["objects"]]
    row: dict[str, Any] = {
        "file": name,
        "description": answer["description"],
        "objects": [f"{found['label']} {found['confidence']:.2f}" for found in answer["objects"]],
        "text": list(answer["text"]),
        "risks": [{key: risk[key] for key in ("kind", "severity", "text")} for risk in answer["risk_details"]],
    }
    if reference is None:
        return row
    kinds = fitting_kinds(reference.risk)
    told_kinds = [risk["kind"] for risk in answer["risk_details"]]
    return row | {
        "missed": [label for label in reference.must_detect if SAME_THING.get(label, label) not in told],
        "must_detect": len(reference.must_detect),
        "text_found": _is_read(reference.ocr_regex, answer["text"]) if reference.ocr_regex else None,
        "risk": reference.risk,
        "risk_found": any(kind in kinds for kind in told_kinds) if reference.risk else None,
    }


def totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Found and wanted over all photos that have references; None if none has."""
    compared = [row for row in rows if "missed" in row]
    if not compared:
        return None
    wanted = sum(row["must_detect"] for row in compared)
    texts = [row["text_found"] for row in compared if row["text_found"] is not None]
    risks = [row["risk_found"] for row in compared if row["risk_found"] is not None]
    return {
        "photos": len(compared),
        "must_detect": {"found": wanted - sum(len(row["missed"]) for row in compared), "of": wanted},
        "texts": {"found": sum(texts), "of": len(texts)},
        "risks": {"found": sum(risks), "of": len(risks)},
    }


def _reference(entry: Mapping[str, Any]) -> PhotoReference:
    pattern = str(entry.get("ocr_regex") or "")
    re.compile(pattern)
    labels = tuple(str(label) for label in entry.get("must_detect") or ())
    return PhotoReference(labels, pattern, str(entry.get("risk") or ""))


def _is_read(pattern: str, lines: Sequence[str]) -> bool:
    """Whether it stands in a line, or in lines that follow one another."""
    return re.search(pattern, " ".join(lines), re.IGNORECASE) is not None
