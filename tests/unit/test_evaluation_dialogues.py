"""The evaluation dialogues are well formed, and split as their README says."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.unit
FOLDER = Path(__file__).parents[2] / "evaluation"
PATHS = sorted(FOLDER.glob("*/*.json"))
KINDS = ["decisions", "open_questions", "action_items", "risks"]


def load(path: Path) -> dict[str, Any]:
    dialogue: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dialogue


def test_both_halves_hold_both_languages_with_and_without_items() -> None:
    held = [
        (path.parent.name, dialogue["language"], any(dialogue["planted"].values()))
        for path in PATHS
        for dialogue in [load(path)]
    ]
    for half in ("seen", "unseen"):
        for language in ("en", "es"):
            assert held.count((half, language, True)) >= 3
            assert held.count((half, language, False)) == 1


def test_the_split_follows_from_the_ids() -> None:
    groups = defaultdict(list)
    for path in PATHS:
        if path.parent.name == "practice":
            continue
        dialogue = load(path)
        digest = hashlib.sha256(dialogue["id"].encode()).hexdigest()
        groups[dialogue["language"], any(dialogue["planted"].values())].append((digest, path.parent.name))
    for members in groups.values():
        halves = [half for _, half in sorted(members)]
        assert halves == [("seen", "unseen")[index % 2] for index in range(len(members))]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_transcript_is_in_order(path: Path) -> None:
    dialogue = load(path)
    lines = dialogue["transcript"]
    assert dialogue["id"] == path.stem
    assert [line["id"] for line in lines] == [f"s{number}" for number in range(1, len(lines) + 1)]
    assert 25 <= len(lines) <= 70
    times = [time for line in lines for time in (line["start"], line["end"])]
    assert times == sorted(times)
    assert list(dict.fromkeys(line["speaker"] for line in lines)) == list(dialogue["speakers"])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_planted_items_point_to_lines(path: Path) -> None:
    dialogue = load(path)
    texts = {line["id"]: line["text"] for line in dialogue["transcript"]}
    assert list(dialogue["planted"]) == KINDS
    for item in (item for items in dialogue["planted"].values() for item in items):
        said = " ".join(texts[line_id] for line_id in item["evidence"]).lower()
        assert item["text"]
        assert said
        assert (item.get("due_text") or "").lower() in said
    for task in dialogue["planted"]["action_items"]:
        owner = task["owner"]
        assert owner is None or owner in dialogue["speakers"] or owner in " ".join(texts.values())
