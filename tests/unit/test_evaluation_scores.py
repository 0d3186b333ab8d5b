"""Scores of the analysis over dialogues, and the command that measures them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands.bench import app
from app.commands.bench.analysis import run
from app.commands.bench.dialogues import Dialogue, dialogue_paths, read_dialogue
from app.commands.bench.machine import describe, machine
from app.commands.bench.matching import Planted
from app.commands.bench.scores import Cost, DialogueScore, Tally, report, score
from app.domain.analysis.models import ActionItem, Claim, Evidence, Findings
from app.domain.errors import ConfigurationError
from app.domain.session.models import TranscriptLine
from app.infrastructure.language.dummy_language_model import DummyLanguageModel

pytestmark = pytest.mark.unit

SEEN = Path(__file__).parents[2] / "evaluation" / "seen"
LINES = (
    TranscriptLine("s1", "S1", 0.0, 2.0, "We go by train."),
    TranscriptLine("s2", "S2", 2.0, 4.0, "Tom will book it."),
)
DIALOGUE = Dialogue(
    "trip",
    "en",
    {"S1": "Tom", "S2": None},
    LINES,
    (
        Planted("decisions", "By train", frozenset({"s1"})),
        Planted("action_items", "Book the train", frozenset({"s2"}), "S1"),
    ),
)
COST = Cost(wall_s=2.0, cpu_s=3.0, sentences=2, longest_silence_s=0.5)


def scored() -> DialogueScore:
    task = ActionItem("Book", "Book it", (), "Tom", None, None, (Evidence("s2", "will book it"),))
    findings = Findings(
        "en",
        summary="They go by train.",
        risks=(Claim("A risk", (Evidence("s1", "by bus"),)),),
        action_items=(task,),
    )
    return score(DIALOGUE, findings, COST)


def test_score_of_a_dialogue() -> None:
    entry = scored()
    assert entry.total == Tally(planted=2, found=2, matched=1)
    assert entry.tally("decisions") == Tally(planted=1)
    assert (entry.owners, entry.owners_right) == (1, 1)
    assert entry.ungrounded == 1
    assert entry.summary_words == 4


def test_ratios_of_nothing_are_unknown() -> None:
    assert Tally().recall is None
    assert Tally().precision is None


def test_report_adds_dialogues_up() -> None:
    figures = report([scored(), scored()])
    assert figures["total"] == {"planted": 4, "found": 4, "matched": 2, "recall": 0.5, "precision": 0.5}
    assert figures["kinds"]["risks"]["precision"] == 0
    assert figures["owners"] == {"matched_tasks": 2, "right": 2, "share": 1.0}
    assert figures["seconds"]["wall_per_session_second"] == 0.5
    assert figures["dialogues"][0]["matched"] == 1
    assert figures["dialogues"][0]["pairs"][0]["planted"] == "Book the train"
    assert figures["dialogues"][0]["missed"][0]["text"] == "By train"
    assert json.dumps(figures)


def test_report_of_no_dialogues() -> None:
    assert report([])["total"]["recall"] is None


async def test_run_measures_the_application_itself() -> None:
    dialogues = [read_dialogue(path) for path in dialogue_paths([SEEN])]
    scores = await run(dialogues[:2], DummyLanguageModel(4096))
    assert [entry.dialogue.dialogue_id for entry in scores] == [entry.dialogue_id for entry in dialogues[:2]]
    assert all(entry.ungrounded == 0 and entry.cost.sentences > 30 for entry in scores)


def test_the_command_prints_and_writes_figures(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    path = SEEN / "es-laboratorio.json"
    result = CliRunner().invoke(app, ["analysis", str(path), "--profile", "dummy", "--json", str(output), "--misses"])
    assert result.exit_code == 0, result.output
    assert "es-laboratorio" in result.output
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert figures["total"]["planted"] == 8
    assert figures["machine"]["cores"] >= 1


def test_what_is_not_a_dialogue_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"id": 1}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.json"):
        read_dialogue(broken)
    with pytest.raises(ConfigurationError, match="no evaluation dialogues"):
        dialogue_paths([])


def test_machine_in_words() -> None:
    assert "cores" in describe(machine())
