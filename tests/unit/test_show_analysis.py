"""An analysis on a terminal."""

from typing import Any

import pytest
from rich.console import Console

from app.commands.show_analysis import show_analysis

pytestmark = pytest.mark.unit
NOTHING: dict[str, Any] = {
    "transcript": [],
    "summary": "",
    "decisions": [],
    "open_questions": [],
    "action_items": [],
    "risks": [],
    "evidence": {"decisions": [], "open_questions": [], "risks": []},
}


def shown(language: str, **quality: Any) -> str:
    console = Console(record=True, width=80)
    show_analysis(console, {**NOTHING, "language": language, "quality": quality})
    return console.export_text()


@pytest.mark.parametrize(
    ("language", "notes", "incomplete"), [("en", "Notes", "Incomplete"), ("es", "Notas", "Incompleto")]
)
def test_a_silent_session_is_complete(language: str, notes: str, incomplete: str) -> None:
    told = shown(language, complete=True, notes=["Nobody spoke."])
    assert "Nobody spoke." in told
    assert "Who said what" not in told
    assert "Quién dijo qué" not in told
    assert notes in told
    assert incomplete not in told


@pytest.mark.parametrize(("language", "incomplete"), [("en", "Incomplete"), ("es", "Incompleto")])
def test_what_is_missing_is_called_incomplete(language: str, incomplete: str) -> None:
    assert incomplete in shown(language, complete=False, notes=["The transcript could not be analysed."])


def test_nothing_to_note_is_not_mentioned() -> None:
    assert "Notes" not in shown("en", complete=True, notes=[])


def test_names_are_no_markup_and_headings_follow_the_summary() -> None:
    line = {"id": "s1", "start": 0.0, "end": 1.0, "speaker": "[/x] [red]Eva", "text": "[bold]hi"}
    item: dict[str, Any] = {
        "title": "Call", "description": "", "steps": [], "owner": "[/x]", "due": None, "due_text": "[/y]", "evidence": [],
    }  # fmt: skip
    quality = {"complete": True, "notes": []}
    analysis = {**NOTHING, "language": "en", "summary_language": "es", "transcript": [line], "action_items": [item]}
    console = Console(record=True, width=80)
    show_analysis(console, {**analysis, "quality": quality})
    told = console.export_text()
    assert "[/x] [red]Eva" in told
    assert "[/y]" in told
    assert "Tareas" in told


def test_photos_are_evidence_too() -> None:
    proof = {
        "decisions": [],
        "open_questions": [],
        "risks": [[{"frame_id": "f2"}, {"segment_id": "s1", "quote": "ojo"}]],
    }
    console = Console(record=True, width=80)
    quality = {"complete": True, "notes": []}
    show_analysis(console, {**NOTHING, "language": "es", "risks": ["[r] Coche"], "evidence": proof, "quality": quality})
    told = console.export_text()
    assert "foto f2" in told
    assert "s1: “ojo”" in told
    assert "[r] Coche" in told
