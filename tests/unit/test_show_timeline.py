"""A timeline on a terminal."""

from typing import Any

import pytest
from rich.console import Console

from app.commands.show_timeline import minutes_and_seconds, show_timeline

pytestmark = pytest.mark.unit


def entry(kind: str, start: float, text: str = "", **more: Any) -> dict[str, Any]:
    ids = {"speaker": None, "segment_id": None, "frame_id": None, "severity": None}
    return {"kind": kind, "start": start, "end": start + 2.5, "text": text, **ids, **more}


def photo(frame_id: str, status: str = "described", duplicate_of: str | None = None) -> dict[str, Any]:
    return {"frame_id": frame_id, "status": status, "duplicate_of": duplicate_of}


def shown(language: str, *entries: dict[str, Any], photos: list[dict[str, Any]] | None = None) -> str:
    console = Console(record=True, width=60)
    show_timeline(console, {"entries": entries, "photos": photos or []}, language)
    return console.export_text()


def test_every_kind_has_its_line() -> None:
    told = shown(
        "es",
        entry("segment", 1.0, "[b]Hola " * 20, speaker="[/x] Eva"),
        entry("gap", 5.0),
        entry("photo", 65.0, "Una taza. " * 20, frame_id="f1"),
        entry("risk", 66.0, "Un coche", severity="danger", frame_id="f1"),
        entry("risk", 67.0, "Se cae el techo"),
        photos=[photo("f1")],
    )
    lines = told.splitlines()
    said = [line for line in lines if "[b]Hola" in line]
    assert len(said) == 1
    assert "[/x] Eva" in said[0]
    assert "…" in said[0]
    assert any("sin audio" in line and "2.5 s" in line for line in lines)
    assert any("1:05" in line and "foto f1" in line for line in lines)
    assert told.replace("\n", " ").count("taza") == 20
    assert any("peligro" in line and "Un coche" in line for line in lines)
    assert any("riesgo" in line and "Se cae" in line for line in lines)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (photo("f2", duplicate_of="f1"), "shows the same as f1"),
        (photo("f2", "waiting"), "not described yet"),
        (photo("f2", "failed"), "could not be described"),
    ],
)
def test_photos_without_a_description_say_why(known: dict[str, Any], told: str) -> None:
    assert told in shown("fr", entry("photo", 0.0, frame_id="f2"), photos=[known])


def test_times_before_the_start_are_negative() -> None:
    assert [minutes_and_seconds(offset_s) for offset_s in (-61.5, -0.5, 0, 59.9, 3600)] == [
        "-1:01", "0:00", "0:00", "0:59", "60:00",
    ]  # fmt: skip
