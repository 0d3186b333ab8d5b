import pytest
from rich.console import Console

from app.commands.live_transcript import LiveTranscript

pytestmark = pytest.mark.unit


def test_what_is_told_again_is_shown_once() -> None:
    console = Console(record=True, width=80, force_terminal=False)
    segment = {"id": "s1", "start": 61.5, "end": 63.0, "text": "We [meet] at noon.", "speaker": None, "final": True}
    with LiveTranscript(console, total_s=90) as shown:
        for text in ("We [meet] at noon.", "We [meet] at noon.", "We [meet] at one."):
            message = {
                "type": "partial_result",
                "text": "",
                "segments": [{**segment, "text": text}],
                "audio_ms": 63_000,
            }
            shown.show(message)
    assert console.export_text().splitlines()[:2] == ["1:01  We [meet] at noon.", "1:01  We [meet] at one."]
