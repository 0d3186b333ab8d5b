"""Practice conversations are read as their READMEs say."""

from pathlib import Path

import pytest

from app.domain.analysis.labels import Label
from tools.practice import read_marked, read_practice

pytestmark = pytest.mark.unit

TALK = """# subject: a boat
# S1: Martha
# S2: -
S1: Hello. Shall we sell it or keep it? {D1}
S2: Sell it. {D1} I'll ask Ben tonight. {T1:S2}
S1: Would you? {t?} He owes me ten euros: he always does.
S1: Somebody has to clean it. {T2:-}
"""


def test_marks_belong_to_the_sentence_before_them(tmp_path: Path) -> None:
    path = tmp_path / "en-boat.txt"
    path.write_text(TALK, encoding="utf-8")
    talk = read_marked(path)
    assert (talk.name, talk.language, talk.names) == ("en-boat", "en", {"S1": "Martha", "S2": None})
    assert [talk.sentences[index].text for index in talk.items[Label.DECISION][0]] == [
        "Shall we sell it or keep it?",
        "Sell it.",
    ]
    assert [(item.kind, item.owner) for item in talk.planted] == [
        ("decisions", None),
        ("action_items", "S2"),
        ("action_items", None),
    ]
    assert {talk.sentences[index].text for index in talk.neutral[Label.TASK]} == {"Would you?"}


@pytest.mark.parametrize("mark", ["{X1}", "{T1}", "{D1 }", "{}"])
def test_wrong_marks_are_told(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "en-boat.txt"
    path.write_text(f"# subject: a boat\nS1: We sell it. {mark}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="en-boat"):
        read_marked(path)


def test_a_mark_within_a_sentence_is_told(tmp_path: Path) -> None:
    path = tmp_path / "en-boat.txt"
    path.write_text("# subject: a boat\nS1: Shall we sell {D1} it or not?\n", encoding="utf-8")
    with pytest.raises(ValueError, match="after a sentence"):
        read_marked(path)


def test_all_practice_can_be_read() -> None:
    talks = read_practice()
    assert len({talk.name for talk in talks}) == len(talks) > 100
    assert {talk.language for talk in talks} == {"en", "es"}
    for talk in talks:
        for item in talk.planted:
            assert item.line_ids
            assert (
                item.owner is None or item.owner in talk.names or item.owner in " ".join(s.text for s in talk.sentences)
            )
