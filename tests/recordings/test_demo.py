"""The demo, as a user runs it: real server process, real models, both bundled meetings."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from app.api.schemas.analysis import AnalysisJson
from app.cli import app

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def quotes(analysis: dict[str, Any]) -> list[dict[str, str]]:
    proofs = [item["evidence"] for item in analysis["action_items"]]
    for kind in ("decisions", "open_questions", "risks"):
        assert len(analysis["evidence"][kind]) == len(analysis[kind])
        proofs += analysis["evidence"][kind]
    assert all(proofs), "a claim without evidence"
    return [proof for evidence in proofs for proof in evidence if "quote" in proof]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_meeting_is_understood(language: str, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["demo", "--language", language, "--speed", "0", "--out", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    analysis = json.loads((tmp_path / f"analysis-{language}.json").read_text(encoding="utf-8"))
    jsonschema.validate(analysis, AnalysisJson.model_json_schema())
    assert analysis["language"] == language
    assert analysis["quality"] == {"complete": True, "notes": []}
    assert {line["speaker"] for line in analysis["transcript"]} == {"S1", "S2"}
    assert 0 < len(analysis["summary"].split()) <= 120
    said = {line["id"]: line["text"] for line in analysis["transcript"]}
    assert all(proof["quote"] in said[proof["segment_id"]] for proof in quotes(analysis))
    assert analysis["decisions"]
    assert analysis["risks"]
    assert {item["owner"] for item in analysis["action_items"]} >= {"S1", "S2"}
    if "goes on without photos" not in shown.output:  # as it does without a network
        assert [photo["frame_id"] for photo in analysis["photos"]] == ["f1", "f2", "f3"]
        assert {"en": "there is a cat", "es": "hay un gato"}[language] in analysis["photos"][1]["description"]
        assert {"en": "Timeline", "es": "Cronología"}[language] in shown.output
