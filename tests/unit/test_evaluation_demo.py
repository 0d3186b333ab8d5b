"""The demo recordings fit their scripts."""

import json
import struct
from pathlib import Path

import pytest

from app.commands.bench.dialogues import read_dialogue

pytestmark = pytest.mark.unit
DEMO = Path(__file__).parents[2] / "app" / "demo"
OPUS_CLOCK_HZ = 48_000  # RFC 7845, section 4: granule positions count 48 kHz samples


def ogg_duration_s(path: Path) -> float:
    data = path.read_bytes()
    assert data[:4] == b"OggS"
    assert b"OpusHead" in data[:64]
    last_page = data.rindex(b"OggS")
    (granule,) = struct.unpack_from("<q", data, last_page + 6)
    return float(granule) / OPUS_CLOCK_HZ


@pytest.mark.parametrize("language", ["en", "es"])
def test_recording_and_script_agree(language: str) -> None:
    path = DEMO / f"{language}.json"
    dialogue = read_dialogue(path)
    duration_s = ogg_duration_s(path.with_suffix(".ogg"))
    assert dialogue.language == language
    assert 60 <= duration_s <= 120
    assert duration_s - 3 < dialogue.duration_s < duration_s
    assert path.with_suffix(".ogg").stat().st_size < 400_000


@pytest.mark.parametrize("language", ["en", "es"])
def test_script_plants_every_kind(language: str) -> None:
    path = DEMO / f"{language}.json"
    dialogue = read_dialogue(path)
    ids = {line.segment_id for line in dialogue.lines}
    kinds = [item.kind for item in dialogue.planted]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "decisions": 1,
        "open_questions": 1,
        "action_items": 3,
        "risks": 1,
    }
    assert all(item.line_ids and item.line_ids <= ids for item in dialogue.planted)
    times = [time for line in dialogue.lines for time in (line.start, line.end)]
    assert times == sorted(times)
    script = json.loads(path.read_text(encoding="utf-8"))
    assert len({voice["name"] for voice in script["voices"].values()}) == len(dialogue.names) == 2
