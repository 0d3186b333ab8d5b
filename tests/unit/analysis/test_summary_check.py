import pytest

from app.domain.analysis.labels import Label
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.summary_check import Note, check_summary

pytestmark = pytest.mark.unit

NOTES = [
    Note(None, "The organ has not been tuned for years."),
    Note(Label.DECISION, "The choir sings in Latin."),
    Note(Label.QUESTION, "Who pays the soloists?"),
    Note(Label.TASK, "Tune the organ before Sunday", "S4"),
]


@pytest.mark.parametrize(
    ("written", "kept", "told"),
    [
        (
            "The choir sings in Latin. S4 tunes the organ before Sunday.",
            "The choir sings in Latin. S4 tunes the organ before Sunday.",
            2,
        ),
        ("The choir sings in Latin. The choir sings in Latin.", "The choir sings in Latin.", 1),
        ("The choir does not sing in Latin.", "", 0),
        ("The choir travels to Vienna next summer.", "", 0),
        ("The soloists are paid.", "", 0),
        ("S1 tunes the organ before Sunday.", "", 0),
        ("Who pays the soloists?", "Who pays the soloists?", 1),
        ("It is not known who pays the soloists.", "", 0),
        ("the choir sings in Latin; the choir sings in La", "The choir sings in Latin.", 1),
        ("", "", 0),
    ],
)
def test_only_what_the_notes_bear_out_is_kept(written: str, kept: str, told: int) -> None:
    checked = check_summary(written, NOTES, lexicon_for("en"))
    assert (checked.text, checked.told) == (kept, told)


def test_without_notes_nothing_is_kept() -> None:
    assert check_summary("The choir sings.", [], lexicon_for("en")).text == ""
