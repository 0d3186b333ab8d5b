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
    assert notes in told
    assert incomplete not in told


@pytest.mark.parametrize(("language", "incomplete"), [("en", "Incomplete"), ("es", "Incompleto")])
def test_what_is_missing_is_called_incomplete(language: str, incomplete: str) -> None:
    assert incomplete in shown(language, complete=False, notes=["The transcript could not be analysed."])


def test_nothing_to_note_is_not_mentioned() -> None:
    assert "Notes" not in shown("en", complete=True, notes=[])
